import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { Containers } from '../../src/gen/containerd/services/containers/v1/containers_pb.js';
import { Content } from '../../src/gen/containerd/services/content/v1/content_pb.js';
import { Images } from '../../src/gen/containerd/services/images/v1/images_pb.js';
import { Tasks } from '../../src/gen/containerd/services/tasks/v1/tasks_pb.js';
import { Status } from '../../src/gen/containerd/v1/types/task_pb.js';
import type { FakeServer } from '../faults/fake-servers.ts';
import { ctrscope, doctor } from '../faults/program.ts';
import { type Answer, answerOf, isClear, isInert } from './answers.ts';
import {
  begin,
  byNamespace,
  bytes,
  fakeContainerd,
  framed,
  type Handler,
  type Handlers,
  namespaces,
  reply,
  status,
} from './fake-containerd.ts';

const MIB = 1 << 20;
/** Less than what is thrown at it: who keeps all of it ends with a stack trace. */
const HEAP = { NODE_OPTIONS: '--max-old-space-size=256' };

describe('a daemon that is not what it seems', () => {
  let folder: string;
  let server: FakeServer | undefined;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ctrscope-fake-'));
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const address = (): string => join(folder, 'c.sock');
  const program = { env: { PATH: process.env['PATH'] ?? '' } };
  const serve = async (handlers: Handlers): Promise<void> => {
    server = await fakeContainerd(address(), handlers);
  };
  const get = (kind: string, ...args: readonly string[]): Promise<Answer> =>
    answerOf(program, ['get', kind, '--address', address(), ...args], { env: HEAP });
  const isRefused = async (words: RegExp): Promise<void> => {
    const run = await ctrscope(program, ['get', 'namespaces', '--address', address()], { env: HEAP });
    expect(run.exitCode, run.stderr).toBe(1);
    expect(run.stdout).toBe('');
    isClear(run, address(), words);
    isInert(run);
    expect(run.stderr.length).toBeLessThan(4_000);
  };

  const container = (id: string): Handler => reply(Containers.method.list.output, { containers: [{ id }] });

  test('first of all, one that answers well is read well', async () => {
    await serve({ 'Containers/List': container('c'), 'Tasks/List': reply(Tasks.method.list.output, {}) });
    const { exitCode, items, unknown, stderr } = await get('containers');
    expect({ exitCode, unknown }, stderr).toEqual({ exitCode: 0, unknown: [] });
    expect(items?.map(({ namespace, id }) => `${namespace}/${id}`)).toEqual(['one/c', 'two/c']);
  });

  const replies: readonly (readonly [what: string, handler: Handler, words: RegExp])[] = [
    [
      'garbage',
      bytes(Buffer.from([0xff, 0xfe, 0xfd, 0x00, 0x01])),
      /the reply of 5 bytes is no .*ListNamespacesResponse/,
    ],
    ['text', bytes(Buffer.from('<html>no gRPC here</html>')), /the reply of \d+ bytes is no /],
    ['a field cut off', bytes(Buffer.from([0x0a, 0x7f, 0x01])), /the reply of 3 bytes is no /],
    ['17 MiB', bytes(Buffer.alloc(17 * MIB)), /over the message limit/],
    [
      '4 GiB, by what it says',
      (stream) => {
        begin(stream);
        stream.end(framed(Buffer.from('short'), 0xffff_ffff));
      },
      /over the message limit/,
    ],
    [
      'a message shorter than it says',
      (stream) => {
        begin(stream);
        stream.end(framed(Buffer.from([0x0a]), 100));
      },
      / at /,
    ],
    [
      'no message at all',
      (stream) => {
        begin(stream);
        stream.end();
      },
      / at /,
    ],
    [
      'a message in an unknown compression',
      (stream) => {
        begin(stream);
        const message = framed(Buffer.from([1, 2, 3]));
        message[0] = 1;
        stream.end(message);
      },
      / at /,
    ],
    [
      'no status',
      (stream) => {
        begin(stream, { 'x-nothing': '1' });
        stream.end();
      },
      / at /,
    ],
    ['a status that is no number', status('banana', 'what?'), / at /],
    [
      'a page',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'text/html' });
        stream.end('<html>hello</html>');
      },
      / at /,
    ],
    [
      'not found, as a web server says it',
      (stream) => {
        stream.respond({ ':status': 404, 'content-type': 'text/html' });
        stream.end('<html>nothing here</html>');
      },
      / at /,
    ],
    ['a reset', (stream) => stream.close(2), / at /],
    ['the end of the connection', (stream) => stream.session?.destroy(), / at /],
    ['nothing, ever', () => {}, /no answer within \d+\.\ds, though the daemon accepts connections/],
    ['headers, and then nothing', (stream) => begin(stream), /no answer within \d+\.\ds/],
    [
      'one byte at a time',
      (stream) => {
        begin(stream);
        const drip = setInterval(() => stream.write(Buffer.from([0])), 100);
        stream.on('close', () => clearInterval(drip));
      },
      / at /,
    ],
  ];
  test.for(replies)('that answers with %s is refused, in words', async ([, handler, words]) => {
    await serve({ 'Namespaces/List': handler });
    await isRefused(words);
  });

  test.for([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 99])(
    'that answers with status %i is quoted',
    async (code) => {
      await serve({ 'Namespaces/List': status(code, `said ${code}`) });
      await isRefused(new RegExp(`said ${code}|no answer|over the message limit|Connection dropped`));
    },
  );

  test('that puts what acts on a terminal into its error is quoted as text', async () => {
    await serve({ 'Namespaces/List': status(2, 'red \u001b[31m\u202e\n at x:1:2 ctrscope: all is well') });
    await isRefused(/red \\x1b\[31m\\u202e\\n at x:1:2 ctrscope: all is well/);
  });

  test('that has much to say is cut short', async () => {
    await serve({ 'Namespaces/List': status(2, 'x'.repeat(12_000)) });
    await isRefused(/x{100}…/);
  });

  const broken: Readonly<Record<string, Handler>> = {
    garbage: bytes(Buffer.from([0xff, 0xff])),
    'too much': bytes(Buffer.alloc(17 * MIB)),
    'an error': status(13, 'boom'),
    'no answer': () => {},
    'the end of the stream': (stream) => stream.close(8),
  };
  test.for(Object.keys(broken))('in one namespace, with %s, leaves the other', async (what) => {
    const sick = broken[what] ?? (() => {});
    await serve({
      'Containers/List': byNamespace({ one: sick, two: container('well') }),
      'Containers/ListStream': byNamespace({ one: sick }),
      'Tasks/List': reply(Tasks.method.list.output, {}),
      'Images/List': byNamespace({ one: sick, two: reply(Images.method.list.output, {}) }),
    });
    const containers = await get('containers');
    expect(containers.exitCode, containers.stderr).toBe(5);
    expect(containers.items?.map(({ namespace, id }) => `${namespace}/${id}`)).toEqual(['two/well']);
    expect(containers.unknown.map(({ object }) => object?.namespace)).toEqual(['one']);
    expect(containers.unknown[0]?.reason).toContain(`at ${address()}`);
    isInert(containers);
    const images = await get('images');
    expect({ exitCode: images.exitCode, items: images.items }).toEqual({ exitCode: 5, items: [] });
    expect(images.unknown.map(({ object }) => object?.namespace)).toEqual(['one']);
  });

  test('that stalls in the middle of a stream leaves the other namespace', async () => {
    const batch = (digest: string): Buffer => {
      const schema = Content.method.list.output;
      return framed(toBinary(schema, create(schema, { info: [{ digest, size: 1n }] })));
    };
    await serve({
      'Content/List': byNamespace({
        one: (stream) => {
          begin(stream);
          stream.write(batch('sha256:never-whole'));
        },
        two: (stream) => {
          begin(stream);
          stream.end(batch('sha256:whole'));
        },
      }),
    });
    const { exitCode, items, unknown } = await get('content');
    expect(exitCode).toBe(5);
    expect(items?.map(({ digest }) => digest)).toEqual(['sha256:whole']);
    expect(unknown).toEqual([expect.objectContaining({ state: 'timeout', object: { namespace: 'one' } })]);
  });

  test('that never ends a stream is left when the time is over, or the list too long', async () => {
    const schema = Content.method.list.output;
    const info = Array.from({ length: 100 }, (_, i) => ({ digest: `sha256:${i}`, size: 1n }));
    const batch = framed(toBinary(schema, create(schema, { info })));
    await serve({
      'Content/List': (stream) => {
        begin(stream);
        const pour = (): void => {
          while (!stream.destroyed && stream.write(batch)) {
            // as fast as it is read
          }
        };
        stream.on('drain', pour);
        pour();
      },
    });
    const { exitCode, items, ms } = await get('content');
    expect({ exitCode, items }).toEqual({ exitCode: 1, items: undefined });
    expect(ms).toBeLessThan(20_000);
    // With time enough it is the length that ends it, on any machine.
    const patient = await get('content', '--timeout', '60s');
    expect({ exitCode: patient.exitCode, items: patient.items }).toEqual({ exitCode: 1, items: undefined });
    expect(patient.stderr).toContain('the list has more than the 200000 records that are read');
  });

  test('that says times, sizes and states that cannot be is read as far as it makes sense', async () => {
    const time = (seconds: bigint, nanos: number): { seconds: bigint; nanos: number } => ({ seconds, nanos });
    await serve({
      'Containers/List': byNamespace({
        one: reply(Containers.method.list.output, {
          containers: [
            { id: 'far', createdAt: time((1n << 62n) - 1n, 0), updatedAt: time(-(1n << 62n), 0) },
            { id: 'negative', createdAt: time(1n, -5), updatedAt: time(1n, 2_000_000_000) },
            { id: '' },
            { id: 'twice' },
            { id: 'twice' },
          ],
        }),
        two: reply(Containers.method.list.output, {}),
      }),
      'Tasks/List': byNamespace({
        one: reply(Tasks.method.list.output, {
          tasks: [
            { id: 'far', pid: 4_294_967_295, status: 77 as Status },
            { id: 'nobody', pid: 1, status: Status.RUNNING },
          ],
        }),
        two: reply(Tasks.method.list.output, {}),
      }),
    });
    const { exitCode, items, unknown } = await get('containers');
    expect(exitCode).toBe(5);
    expect(items?.map(({ id }) => id)).toEqual(['', 'far', 'negative', 'twice', 'twice']);
    for (const item of items ?? []) {
      for (const at of [item['createdAt'], item['updatedAt']]) {
        if (at !== null) expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
      }
    }
    expect(unknown).toEqual([
      expect.objectContaining({
        object: { kind: 'container', namespace: 'one', id: 'far' },
        reason: expect.stringMatching(/pid 4294967295, no state that is known/),
      }),
    ]);
    expect((await ctrscope(program, ['get', 'containers', '--address', address()])).exitCode).toBe(5);
  });

  test('that names namespaces which no call can name leaves the others', async () => {
    await serve({
      'Namespaces/List': namespaces('good', 'ev\nil', '\u001b[31m', 'ünï', '', 'good'),
      'Containers/List': byNamespace({ good: container('well') }),
      'Tasks/List': reply(Tasks.method.list.output, {}),
    });
    const answer = await get('containers');
    expect(answer.exitCode, answer.stderr).toBe(5);
    expect(answer.items?.map(({ id }) => id)).toContain('well');
    isInert(answer);
  });

  test('with thousands of namespaces, none of which answers, is left when the time is over', async () => {
    const many = Array.from({ length: 3_000 }, (_, i) => `n${i}`);
    await serve({ 'Namespaces/List': namespaces(...many), 'Images/List': () => {} });
    const { exitCode, ms, stderr } = await get('images');
    expect(exitCode).toBe(1);
    expect(ms).toBeLessThan(10_000);
    expect(stderr.length).toBeLessThan(10_000);
  });

  test('with thousands of namespaces, of which some answer, says that it had no time for the rest', async () => {
    const many = Array.from({ length: 3_000 }, (_, i) => `n${i}`);
    const first = reply(Images.method.list.output, {});
    await serve({
      'Namespaces/List': namespaces(...many),
      'Images/List': (stream, namespace) => {
        if (namespace.length < 4) first(stream, namespace);
      },
    });
    const { exitCode, ms, unknown, stderr } = await get('images');
    expect(exitCode).toBe(5);
    expect(ms).toBeLessThan(10_000);
    expect(new Set(unknown.map(({ object }) => object?.namespace)).size).toBe(unknown.length);
    expect(unknown).toContainEqual(
      expect.objectContaining({
        reason: expect.stringMatching(/the time was over before namespace n2999 could be asked; --timeout/),
        object: { namespace: 'n2999' },
      }),
    );
    expect(stderr).toMatch(/… and \d{4} more; -o json has them all/);
    expect(stderr.length).toBeLessThan(10_000);
  });

  test('is named by doctor as what it is', async () => {
    await serve({ 'Version/Version': status(12, 'unknown service') });
    const other = await doctor(program, ['--address', address()]);
    expect(other.exitCode).toBe(3);
    expect(other.document.findings.map(({ id, title }) => [id, title])).toEqual([
      ['containerd-not-answering', `what speaks gRPC at ${address()} is not containerd`],
    ]);
    await server?.close();

    await serve({ 'Version/Version': bytes(Buffer.from([0xff])) });
    const garbage = await doctor(program, ['--address', address()]);
    expect(garbage.document.findings.map(({ title }) => title)).toEqual([
      `${address()} speaks gRPC, but does not answer as containerd does`,
    ]);
    await server?.close();

    await serve({ 'Version/Version': () => {} });
    const slow = await doctor(program, ['--address', address()]);
    expect(slow.exitCode).toBe(3);
    expect(slow.document.findings.map(({ title }) => title)).toEqual([
      expect.stringMatching(/accepts calls, but did not answer one within \d+\.\ds$/),
    ]);
    const hasty = await doctor(program, ['--address', address(), '--timeout', '200ms']);
    expect({
      exitCode: hasty.exitCode,
      outcomes: hasty.document.findings.map(({ outcome }) => outcome),
    }).toEqual({
      exitCode: 5,
      outcomes: ['warn'],
    });
  });
});
