import { chmod } from 'node:fs/promises';

import { execa } from 'execa';
import { afterEach, beforeAll, expect, test } from 'vitest';

import { asNobody } from '../faults/nobody.ts';
import { ctrscope as runAs } from '../faults/program.ts';
import { importDockerImages, SINGLE_IMAGE } from '../lab/images.ts';
import { startLab } from '../lab/lab.ts';
import { until } from '../lab/until.ts';
import {
  type Fake,
  listedContainer,
  pingOf,
  pingVersion,
  type Route,
  startFake,
  startRaw,
} from '../sources/docker/fake-docker.ts';
import { describeDockers, dockerInspect } from './docker-labs.ts';
import { ctrscope, type Document, documentOf, type Item, type ProgramOptions } from './program.ts';
import { rotatingSuites } from './rotation.ts';

const IMAGE = SINGLE_IMAGE.replace('docker.io/library/', '');

type Asked = Document & {
  readonly items: readonly Item[];
  readonly ms: number;
  readonly unknown: readonly { readonly state: string; readonly reason: string; readonly fields: unknown }[];
};

const illDocker: Parameters<typeof describeDockers>[2] = (lab) => {
  const undo: (() => unknown)[] = [];
  let web = '';

  beforeAll(async () => {
    await importDockerImages(lab());
    const { stdout } = await lab().docker([
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      'none',
      IMAGE,
      'sleep',
      '9999',
    ]);
    web = stdout.trim();
    await lab().docker(['create', '--name', 'spare', '--network', 'none', IMAGE, 'sleep', '1']);
  });
  afterEach(async () => {
    for (const back of undo.splice(0)) await back();
  });

  const ask = async (args: readonly string[], options: ProgramOptions = {}): Promise<Asked> => {
    const started = performance.now();
    const document = await documentOf(lab(), args, options);
    return { ...document, ms: performance.now() - started } as Asked;
  };
  const exitCode = async (
    args: readonly string[],
    options: ProgramOptions = {},
  ): Promise<number | undefined> => (await ctrscope(lab(), args, options)).exitCode;
  const fakeEnv = ({ socket }: Fake): ProgramOptions => ({ env: { DOCKER_HOST: `unix://${socket}` } });

  /** The rest of the picture stands: containerd's container and task, and what Docker would have added is unknown. */
  const isPartial = async (options: ProgramOptions, state: string, why: RegExp): Promise<Asked> => {
    for (const kind of ['containers', 'tasks']) {
      const asked = await ask(['get', kind, '-n', 'moby'], options);
      expect(asked.items).toMatchObject([{ id: web, status: 'RUNNING' }]);
      expect(asked.items[0]).not.toHaveProperty('name');
      expect(asked.unknown).toMatchObject([{ state, reason: expect.stringMatching(why) }]);
      expect(asked.ms).toBeLessThan(6000);
    }
    expect(await exitCode(['get', 'tasks', '-n', 'moby'], options)).toBe(5);
    const chain = await ask(['inspect', web], options);
    expect(linkOf(chain.items[0], 'docker')).toMatchObject({ state: 'unknown' });
    expect(linkOf(chain.items[0], 'task')).toMatchObject({ state: 'present' });
    return chain;
  };

  test('by SIGSTOP: its names are unknown, the process is named, and it is whole again afterwards', async () => {
    const pid = lab().dockerdPid ?? 0;
    process.kill(pid, 'SIGSTOP');
    undo.push(() => process.kill(pid, 'SIGCONT'));
    await isPartial(
      {},
      'timeout',
      new RegExp(
        `GET /_ping at ${lab().dockerSocket}: connected, but nothing came.*process ${pid} is stopped, state T`,
      ),
    );
    // By name it cannot be found now, and the reason is said.
    const missing = await ctrscope(lab(), ['inspect', 'web']);
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toMatch(/unknown: GET \/_ping.*\n.*container web: not found/s);
    process.kill(pid, 'SIGCONT');
    expect((await ask(['get', 'tasks', '-n', 'moby'])).items).toMatchObject([{ name: 'web' }]);
  });

  test('by SIGSTOP does not hold what is not about it, nor who gives it less time', async () => {
    const pid = lab().dockerdPid ?? 0;
    process.kill(pid, 'SIGSTOP');
    undo.push(() => process.kill(pid, 'SIGCONT'));
    const namespaces = await ask(['get', 'namespaces']);
    expect(namespaces.unknown).toEqual([]);
    expect(namespaces.ms).toBeLessThan(2000);
    const short = await ask(['get', 'containers', '-n', 'moby', '--timeout', '700ms']);
    expect(short.ms).toBeLessThan(3500);
    expect(short.items).toHaveLength(1);
  });

  test('by SIGKILL: named or not, its containers are there and its names are not', async () => {
    process.kill(lab().dockerdPid ?? 0, 'SIGKILL');
    undo.push(() => lab().startDockerd());
    await until('dockerd is gone', () => (lab().dockerdPid === undefined ? true : undefined));
    await isPartial(
      {},
      'unreachable',
      /connection refused; the socket file is there, but no process listens/,
    );
    // Nobody names it and nothing is left of it but its containers: still a Docker's, and not nobody's.
    await isPartial(
      { env: { DOCKER_HOST: undefined } },
      'offline',
      /1 container in namespace moby is a Docker's/,
    );
    // Containers of others are known to have no name of Docker's.
    await lab().ctr(['namespaces', 'create', `${lab().namespace}-x`]);
    const other = await ask(['get', 'containers', '-n', `${lab().namespace}-x`], {
      env: { DOCKER_HOST: undefined },
    });
    expect(other.unknown).toEqual([]);
  });

  test('whose socket may not be opened is denied, with what it needs', async () => {
    const nobody = await asNobody(lab());
    await chmod(lab().address, 0o666);
    undo.push(() => chmod(lab().address, 0o660));
    await chmod(lab().dockerSocket ?? '', 0o600);
    const run = await runAs(lab(), ['get', 'tasks', '-n', 'moby', '-o', 'json'], nobody);
    const document = JSON.parse(run.stdout) as Asked;
    expect(run.exitCode).toBe(5);
    expect(document.items).toMatchObject([{ id: web, status: 'RUNNING' }]);
    expect(document.items[0]).not.toHaveProperty('name');
    expect(document.unknown).toMatchObject([
      {
        state: 'denied',
        reason: expect.stringContaining('permission denied; opening the socket needs root'),
      },
    ]);
  });

  test.each<[string, Readonly<Record<string, Route>>, string, RegExp]>([
    ['too old', { '/_ping': pingVersion('1.18') }, 'unsupported', /too old: its API ends at 1\.18/],
    [
      'too new',
      { '/_ping': pingVersion('2.7'), '/version': { MinAPIVersion: '2.0' } },
      'unsupported',
      /too new: its API begins at 2\.0/,
    ],
    ['no Docker at all', { '/_ping': pingOf({ Server: 'nginx' }) }, 'unreachable', /names no API version/],
    [
      'Podman',
      { '/_ping': pingOf({ 'Api-Version': '1.41', 'Libpod-Api-Version': '5.0.0' }) },
      'unsupported',
      /Podman answers there/,
    ],
    [
      'garbage',
      { '/_ping': pingVersion('1.41'), '/info': '{', '/containers/json': '<!doctype html>' },
      'failed',
      /GET \/containers\/json.*the answer is no JSON/,
    ],
    [
      'slow',
      { '/_ping': pingVersion('1.41'), '/info': {}, '/containers/json': () => {} },
      'timeout',
      /GET \/containers\/json.*nothing came within/,
    ],
    [
      'endless',
      {
        '/_ping': pingVersion('1.41'),
        '/info': {},
        '/containers/json': (_request, response) => {
          const more = (): void => {
            while (response.write('x'.repeat(1 << 20)));
            response.once('drain', more);
          };
          more();
        },
      },
      'truncated',
      /over the limit of 64 MiB/,
    ],
  ])('that is %s costs only its own part', async (_, routes, state, why) => {
    // Its own dockerd is stopped, so that the fake is the only one to be read.
    await lab().stopDockerd();
    undo.push(
      () => lab().startDockerd(),
      () => lab().docker(['start', 'web']),
    );
    await lab().ctr(['tasks', 'list'], { namespace: 'moby' });
    await using fake = await startFake(routes);
    const asked = await isPartial(fakeEnv(fake), state, why);
    expect(asked.ms).toBeLessThan(6000);
    expect(fake.requests.every((line) => line.startsWith('GET '))).toBe(true);
  });

  test('with one bad record among its containers loses that one', async () => {
    await lab().stopDockerd();
    undo.push(() => lab().startDockerd());
    await using fake = await startFake({
      '/_ping': pingVersion('1.41'),
      '/info': { Driver: 'overlay2' },
      '/containers/json': [
        listedContainer({ Id: 'f'.repeat(64), Names: ['/good'], State: 'exited', Status: 'Exited (0) now' }),
        listedContainer({ Id: 'e'.repeat(64), Names: 'bad' }),
      ],
      [`/containers/${'f'.repeat(64)}/json`]: {
        Id: 'f'.repeat(64),
        State: { Status: 'exited', FinishedAt: '2026-01-01T00:00:00Z' },
      },
    });
    const { items, unknown } = await ask(['inspect', 'good'], fakeEnv(fake));
    expect(items).toMatchObject([{ name: 'good', namespace: 'moby' }]);
    expect(unknown).toMatchObject([{ reason: expect.stringContaining('Names is a string, not a list') }]);
  });

  test('that refuses its whole list for one record is asked for each that runs (moby#46077)', async () => {
    await using fake = await startFake({
      '/_ping': pingVersion('1.41'),
      '/info': { Driver: 'overlayfs', Containerd: { Address: lab().address } },
      '/containers/json': (_request, response) => {
        response.statusCode = 500;
        response.end('{"message":"failed to read config content: content digest sha256:35d5: not found"}');
      },
      [`/containers/${web}/json`]: { Id: web, Name: '/web', State: { Status: 'running', Running: true } },
    });
    const { items, unknown } = await ask(['get', 'tasks', '-n', 'moby'], fakeEnv(fake));
    expect(items).toMatchObject([{ id: web, name: 'web' }]);
    expect(unknown).toMatchObject([
      { state: 'failed', reason: expect.stringMatching(/content digest sha256:35d5: not found; so only/) },
    ]);
  });

  test('that closes, says nothing or speaks another protocol is told apart', async () => {
    await lab().stopDockerd();
    undo.push(() => lab().startDockerd());
    for (const [accept, why] of [
      [(socket) => socket.destroy(), /accepted and closed without an answer/],
      [() => {}, /connected, but nothing came within/],
      [(socket) => socket.end('SSH-2.0-x\r\n'), /does not speak HTTP\/1\.1 \(it said "SSH-2\.0-x"\)/],
    ] as [Parameters<typeof startRaw>[0], RegExp][]) {
      await using fake = await startRaw(accept);
      const { unknown } = await ask(['get', 'tasks'], fakeEnv(fake));
      expect(unknown).toMatchObject([{ reason: expect.stringMatching(why) }]);
    }
    // containerd's own socket is no Docker either.
    const { unknown } = await ask(['get', 'tasks'], { env: { DOCKER_HOST: `unix://${lab().address}` } });
    expect(unknown).toMatchObject([{ state: 'unreachable' }]);
  });

  test('over tcp or ssh is unsupported, and said, unless a process here is the one', async () => {
    for (const host of ['tcp://127.0.0.1:1', 'ssh://nobody@nowhere']) {
      const own = await ask(['get', 'tasks', '-n', 'moby'], { env: { DOCKER_HOST: host } });
      expect(own.unknown).toEqual([]);
      expect(own.items).toMatchObject([{ name: 'web' }]);
    }
    // A flag is a choice: no other Docker takes its place.
    const { unknown } = await ask(['get', 'tasks', '-n', 'moby', '--docker-host', 'tcp://127.0.0.1:1']);
    expect(unknown).toMatchObject([
      { state: 'unsupported', reason: expect.stringContaining('Docker over tcp') },
    ]);
  });

  test('that uses another containerd is no part of this one', async () => {
    await using other = await startLab({ suite: lab().suite });
    await other.ctr(['namespaces', 'create', 'moby']);
    const env = { CONTAINERD_ADDRESS: other.address };
    const { items, unknown } = await ask(['get', 'containers'], { env });
    expect({ items, unknown }).toEqual({ items: [], unknown: [] });
    // By name it is not found there, whatever Docker says.
    expect(await exitCode(['inspect', 'web'], { env })).toBe(1);
  });

  test('believing in a process that is gone is contradicted, with what both say', async () => {
    const { stdout } = await lab().docker([
      'run',
      '-d',
      '--name',
      'ghost',
      '--network',
      'none',
      IMAGE,
      'sleep',
      '9999',
    ]);
    const id = stdout.trim();
    undo.push(() => lab().docker(['rm', '-f', 'ghost'], { reject: false }));
    // The shim dies while containerd is down: nobody is left to tell Docker.
    await lab().stopContainerd();
    const shims = (
      await execa('pgrep', ['-f', `containerd-shim-runc-v2 -namespace moby -id ${id}`])
    ).stdout.split('\n');
    for (const pid of shims) process.kill(Number(pid), 'SIGKILL');
    await lab().startContainerd();
    const [said] = await until('Docker answers with its belief', async () => {
      const inspected = await dockerInspect(lab(), ['ghost']).catch(() => undefined);
      return inspected?.[0]?.State.Status === 'running' ? inspected : undefined;
    });
    const { items } = await ask(['inspect', 'ghost']);
    expect(linkOf(items[0], 'docker')).toMatchObject({
      state: 'disagreeing',
      facts: { state: 'running', pid: said?.State.Pid },
      evidence: [
        { says: `running, pid ${said?.State.Pid}` },
        { says: expect.stringMatching(/^(no record|a record without a task)$/) },
      ],
    });
    expect(items[0]?.['verdict']).toMatch(
      /Docker (says|disagrees).*running, pid \d+.*(no record|a record without a task)/,
    );
  });
};

// With live-restore the containers outlive dockerd, as on a host whose owner cares for them.
describeDockers('Docker that is ill', rotatingSuites(), illDocker, {
  extraDockerdConfig: { 'live-restore': true },
});

const linkOf = (item: Item | undefined, layer: string): unknown =>
  ((item?.['links'] ?? []) as readonly { readonly layer: string }[]).find((link) => link.layer === layer);
