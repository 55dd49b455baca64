import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { DockerEvent } from '../../../src/host/docker.ts';
import { namespaceName } from '../../../src/host/ids.ts';
import type { Gap } from '../../../src/host/observed.ts';
import { openDocker } from '../../../src/sources/docker/connection.ts';
import { listContainers, listedAs, readContainer } from '../../../src/sources/docker/containers.ts';
import { readDiskUsage } from '../../../src/sources/docker/disk-usage.ts';
import { isEvent, watchEvents } from '../../../src/sources/docker/events.ts';
import { DockerFailure } from '../../../src/sources/docker/failure.ts';
import { listImages } from '../../../src/sources/docker/images.ts';
import { integer, parseJson } from '../../../src/sources/docker/json.ts';
import { listedContainer, type Route, startFake } from './fake-docker.ts';

const MOBY = namespaceName('moby');
const WAIT = { deadlineMs: 5000 };

const ask = async <T>(
  routes: Readonly<Record<string, Route>>,
  question: (connection: ReturnType<typeof openDocker>) => Promise<T>,
): Promise<T> => {
  await using fake = await startFake(routes);
  const connection = openDocker(fake.socket, '1.51');
  try {
    return await question(connection);
  } finally {
    connection.close();
  }
};

const listOf = (records: unknown): ReturnType<typeof listContainers> =>
  ask({ '/containers/json': JSON.stringify(records) }, (connection) =>
    listContainers(connection, MOBY, WAIT),
  );

describe('the list of containers', () => {
  test('is read with names, state, exit code and time', async () => {
    const { items, gaps } = await listOf([
      listedContainer({
        Names: ['/db', '/web/alias-of-db'],
        State: 'exited',
        Status: 'Exited (137) 2 hours ago',
      }),
      listedContainer({
        Id: 'c',
        Names: ['/other/alias', '/own'],
        State: 'restarting',
        Status: 'Restarting (1) 3 seconds ago',
      }),
      listedContainer({
        Id: 'd',
        Names: null,
        Labels: null,
        Created: -62_135_596_800,
        Status: 'Dead',
        State: 'dead',
      }),
    ]);
    expect(gaps).toEqual([]);
    expect(items).toMatchObject([
      {
        namespace: 'moby',
        names: ['db', 'web/alias-of-db'],
        exitCode: 137,
        createdAt: '2026-01-01T00:00:00Z',
      },
      { names: ['own', 'other/alias'], exitCode: 1 },
      { names: [], labels: {}, exitCode: null, createdAt: null },
    ]);
  });

  test('loses only the records that are not what the API says (moby#46077)', async () => {
    const { items, gaps } = await listOf([
      listedContainer({ Id: 'good' }),
      listedContainer({ Id: 'bad1', Names: '/web' }),
      listedContainer({ Id: 'bad2', Labels: { a: 7 } }),
      listedContainer({ Id: '' }),
      listedContainer({ Id: 7 }),
      listedContainer({ Id: 'bad3', State: { Status: 'running' } }),
      listedContainer({ Id: 'bad4', Created: 'yesterday' }),
      null,
      'text',
      [],
    ]);
    expect(items.map(({ id }) => id)).toEqual(['good']);
    expect(gaps.map(({ object }) => object?.id)).toEqual([
      'bad1',
      'bad2',
      undefined,
      undefined,
      'bad3',
      'bad4',
      undefined,
      undefined,
      undefined,
    ]);
    expect(gaps[0]).toMatchObject({
      state: 'failed',
      why: "Docker's record of container bad1 is not what its API says: Names is a string, not a list",
      object: { kind: 'container', id: 'bad1' },
    });
  });

  test('may be anything at all: what comes is records, gaps or one failure', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.jsonValue(), fc.array(fc.oneof(fc.jsonValue(), fc.constant(listedContainer())))),
        async (document) => {
          try {
            const { items, gaps } = await listOf(document);
            expect(items.length + gaps.length).toBe((document as unknown[]).length);
          } catch (error) {
            expect(error).toBeInstanceOf(DockerFailure);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('keeps hostile names and labels as they are: whoever shows them escapes them', async () => {
    const hostile = '\u001b[2J\u202e<script>\n';
    const { items } = await listOf([
      listedContainer({ Names: [`/${hostile}`], Labels: { [hostile]: hostile, ['__proto__']: 'x' } }),
    ]);
    expect(items[0]?.names).toEqual([hostile]);
    expect(items[0]?.labels[hostile]).toBe(hostile);
    expect(Object.getPrototypeOf(items[0]?.labels)).toBe(Object.prototype);
  });
});

describe('one container', () => {
  const RECORD = {
    Id: 'e'.repeat(64),
    Name: '/web',
    Created: '2026-01-01T00:00:00.123456789Z',
    Image: 'sha256:1',
    RestartCount: 4,
    Driver: 'overlay2',
    LogPath: '/l',
    State: {
      Status: 'running',
      Running: true,
      Pid: 4123,
      ExitCode: 0,
      OOMKilled: false,
      StartedAt: '2026-01-01T00:00:01Z',
      FinishedAt: '0001-01-01T00:00:00Z',
      Health: { Status: 'healthy', Log: [] },
    },
    Config: { Image: 'nginx:1.27', Env: ['A=b'], Labels: { l: '1' } },
    HostConfig: {
      Memory: 9_007_199_254_740_993n,
      NanoCpus: 1_500_000_000,
      PidsLimit: null,
      MemorySwappiness: 0,
      OomKillDisable: null,
      CpusetCpus: '0-1',
      Privileged: true,
      RestartPolicy: { Name: 'always' },
      LogConfig: { Type: 'json-file' },
      NetworkMode: 'none',
    },
  };
  const text = (record: unknown): string =>
    JSON.stringify(record, (_key, value: unknown) =>
      typeof value === 'bigint' ? `int:${value}` : value,
    ).replaceAll(/"int:(\d+)"/g, '$1');

  test('is read with the state of its process and what was asked for, in full digits', async () => {
    const path = `/containers/${RECORD.Id}/json`;
    const body = await ask({ [path]: text(RECORD) }, (connection) =>
      readContainer(connection, RECORD.Id, MOBY, WAIT),
    );
    expect(body).toMatchObject({
      id: RECORD.Id,
      name: 'web',
      image: 'nginx:1.27',
      imageId: 'sha256:1',
      restartCount: 4,
      restartPolicy: 'always',
      logDriver: 'json-file',
      state: {
        pid: 4123,
        exitCode: null,
        finishedAt: null,
        startedAt: '2026-01-01T00:00:01Z',
        health: 'healthy',
      },
    });
    expect(body?.limits).toEqual({
      Memory: 9_007_199_254_740_993n,
      NanoCpus: 1_500_000_000n,
      MemorySwappiness: 0n,
      CpusetCpus: '0-1',
      Privileged: true,
    });
    if (body === undefined) throw new Error('no body');
    expect(listedAs(body)).toMatchObject({
      names: ['web'],
      state: 'running',
      labels: { l: '1' },
      status: '',
    });
  });

  test('that is gone is undefined; an id is never a path of its own', async () => {
    await using fake = await startFake({});
    const connection = openDocker(fake.socket, '1.51');
    expect(await readContainer(connection, '../../info?x=', MOBY, WAIT)).toBeUndefined();
    connection.close();
    expect(fake.requests).toEqual(['GET /v1.51/containers/..%2F..%2Finfo%3Fx%3D/json']);
  });
});

describe('images', () => {
  test('are read with and without names, with and without a target', async () => {
    const { items, gaps } = await ask(
      {
        '/images/json': [
          {
            Id: 'sha256:1',
            RepoTags: ['a:1', 'b:2'],
            RepoDigests: null,
            Size: 10,
            Containers: -1,
            Created: 0,
            Labels: null,
          },
          {
            Id: 'sha256:2',
            RepoTags: ['<none>:<none>'],
            RepoDigests: ['<none>@<none>'],
            Size: 11,
            Created: 5,
          },
          {
            Id: 'sha256:3',
            RepoTags: [],
            RepoDigests: ['a@sha256:3'],
            Size: 12,
            Containers: 2,
            Created: 1,
            Descriptor: { mediaType: 'm', digest: 'sha256:3', size: 405 },
          },
          { Id: 'sha256:4' },
        ],
      },
      (connection) => listImages(connection, WAIT),
    );
    expect(items).toEqual([
      {
        id: 'sha256:1',
        tags: ['a:1', 'b:2'],
        digests: [],
        size: 10n,
        containers: null,
        labels: {},
        createdAt: '1970-01-01T00:00:00Z',
        target: null,
      },
      {
        id: 'sha256:2',
        tags: [],
        digests: [],
        size: 11n,
        containers: null,
        labels: {},
        createdAt: '1970-01-01T00:00:05Z',
        target: null,
      },
      {
        id: 'sha256:3',
        tags: [],
        digests: ['a@sha256:3'],
        size: 12n,
        containers: 2,
        labels: {},
        createdAt: '1970-01-01T00:00:01Z',
        target: { mediaType: 'm', digest: 'sha256:3', size: 405n, annotations: {} },
      },
    ]);
    expect(gaps.map(({ object }) => object)).toEqual([{ kind: 'image', id: 'sha256:4' }]);
  });
});

test('disk usage tells what was not measured from what is nothing', async () => {
  const usage = await ask(
    {
      '/system/df': {
        LayersSize: 5,
        Images: [{ Id: 'i', Size: 3, SharedSize: -1 }],
        Containers: [{ Id: 'c', SizeRootFs: 7 }],
        Volumes: [
          { Name: 'v', UsageData: { Size: -1, RefCount: -1 } },
          { Name: 'w', UsageData: null },
          { Name: 3 },
        ],
        BuildCache: null,
      },
    },
    (connection) => readDiskUsage(connection, WAIT),
  );
  expect(usage).toMatchObject({
    layersSize: 5n,
    images: [{ id: 'i', size: 3n, sharedSize: null }],
    containers: [{ id: 'c', sizeRw: 0n, sizeRootFs: 7n }],
    volumes: [
      { name: 'v', size: null },
      { name: 'w', size: null },
    ],
    buildCache: [],
    gaps: [{ object: { kind: 'volume' } }],
  });
});

describe('events', () => {
  const eventText = (over: object): string =>
    JSON.stringify({
      Type: 'container',
      Action: 'die',
      Actor: { ID: 'abc', Attributes: { name: 'web', exitCode: '137' } },
      scope: 'local',
      time: 1_767_225_600,
      ...over,
    }).replace('"@nano"', '1767225600123456789');

  test('keep their nanoseconds, and a line that is none is a gap in their midst', async () => {
    await using fake = await startFake({
      '/events': [
        eventText({ timeNano: '@nano' }),
        'not JSON',
        eventText({ timeNano: null }),
        eventText({ timeNano: '@nano', Action: 'x'.repeat(2 << 20) }),
        eventText({ timeNano: '@nano', Action: 'start' }),
        '',
      ].join('\n'),
    });
    const connection = openDocker(fake.socket, '1.51');
    const all: (DockerEvent | Gap)[] = [];
    const question = { since: '1767225600', until: '1767225601', deadlineMs: 2000 };
    const { signal } = new AbortController();
    for await (const item of watchEvents(connection, { ...question, signal })) all.push(item);
    connection.close();
    expect(fake.requests).toEqual(['GET /v1.51/events?since=1767225600&until=1767225601']);
    expect(all.filter(isEvent)).toEqual([
      {
        at: '2026-01-01T00:00:00.123456789Z',
        type: 'container',
        action: 'die',
        id: 'abc',
        attributes: { name: 'web', exitCode: '137' },
      },
      expect.objectContaining({ action: 'start' }),
    ]);
    expect(all.filter((item) => !isEvent(item))).toMatchObject([
      { state: 'failed', object: { kind: 'event' } },
      { state: 'failed', why: expect.stringContaining('timeNano') },
      { state: 'truncated' },
    ]);
  });
});

describe('integers', () => {
  test('of more digits than a number holds are kept, texts with such digits are texts', () => {
    const document = parseJson(
      '{"a":9223372036854775807,"b":-9223372036854775808,"c":"9223372036854775807","d":[1234567890123456789],"e":"x\\"9007199254740993,","f":1.2345678901234567890,"g":12}',
    ) as Record<string, unknown>;
    expect(integer(document, 'a')).toBe(9_223_372_036_854_775_807n);
    expect(integer(document, 'b')).toBe(-9_223_372_036_854_775_808n);
    expect(document['c']).toBe('9223372036854775807');
    expect(document['d']).toEqual(['1234567890123456789']);
    expect(document['e']).toBe('x"9007199254740993,');
    expect(document['f']).toBeCloseTo(1.234_567_89);
    expect(integer(document, 'g')).toBe(12n);
  });

  // Of quadratic time, this would be hours.
  test('are looked for once in a text that does not end, however many quotes it has', () => {
    for (const start of ['', '"']) {
      expect(() => parseJson(`1234567890123456 ${start}${'\\"'.repeat(1 << 20)}`)).toThrow(SyntaxError);
    }
  });

  test('leave every other document as JSON.parse would', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);
        const long = /(?<!["\d.])-?\d{16,}(?![\d.e])/.test(text);
        fc.pre(!long);
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });
});
