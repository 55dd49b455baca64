import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { Containers } from '../../src/gen/containerd/services/containers/v1/containers_pb.js';
import { Content } from '../../src/gen/containerd/services/content/v1/content_pb.js';
import { Images } from '../../src/gen/containerd/services/images/v1/images_pb.js';
import { Introspection } from '../../src/gen/containerd/services/introspection/v1/introspection_pb.js';
import { Leases } from '../../src/gen/containerd/services/leases/v1/leases_pb.js';
import { Version } from '../../src/gen/containerd/services/version/v1/version_pb.js';
import type { FakeServer } from '../faults/fake-servers.ts';
import { ctrscope } from '../faults/program.ts';
import { answerOf, isInert } from './answers.ts';
import { fakeContainerd, type Handlers, namespaces, reply, status } from './fake-containerd.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const HOSTILE = '\u001b[2J\u202ename';

/** A whole containerd with one blob, that nothing holds. */
const SOUND: Handlers = {
  'Version/Version': reply(Version.method.version.output, { version: 'v2.1.0' }),
  'Namespaces/List': namespaces('one'),
  'Introspection/Plugins': reply(Introspection.method.plugins.output, {}),
  'Content/List': reply(Content.method.list.output, { info: [{ digest: DIGEST, size: 42n }] }),
  'Content/ListStatuses': reply(Content.method.listStatuses.output, {}),
  'Images/List': reply(Images.method.list.output, {}),
  'Containers/List': reply(Containers.method.list.output, {}),
  'Leases/List': reply(Leases.method.list.output, {}),
};

describe('what holds a blob of a daemon that tells only a part', () => {
  let folder: string;
  let server: FakeServer | undefined;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ctrscope-unread-'));
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const program = { env: { PATH: process.env['PATH'] ?? '' } };
  const ask = async (handlers: Handlers, ...args: readonly string[]): ReturnType<typeof answerOf> => {
    const address = join(folder, 'c.sock');
    server ??= await fakeContainerd(address, handlers);
    return answerOf(program, ['--address', address, '--timeout', '5s', ...args]);
  };

  test('is nothing, where all of it was told', async () => {
    const why = await ask(SOUND, 'why', DIGEST);
    expect(why.document, why.stderr).toMatchObject({ held: false, items: [], unknown: [] });
    expect(why.exitCode).toBe(0);
    const usage = await ask(SOUND, 'usage', '-n', 'one');
    expect(usage.document['loose']).toMatchObject([{ state: 'reclaimable', id: DIGEST, size: 42 }]);
  });

  test.each([
    ['the leases', 'Leases/List', status(2, 'bucket is broken')],
    ['the images', 'Images/List', status(7, 'not for you')],
    ['what a lease keeps', 'Leases/ListResources', status(2, 'bucket is broken')],
  ] as const)('is unknown where %s could not be read', async (_, method, handler) => {
    const leases = reply(Leases.method.list.output, { leases: [{ id: 'pull' }] });
    const handlers = {
      ...SOUND,
      'Leases/List': leases,
      'Leases/ListResources': reply(Leases.method.listResources.output, {}),
      [method]: handler,
    };
    const why = await ask(handlers, 'why', DIGEST);
    expect(why.exitCode, why.stderr).toBe(5);
    expect(why.document).not.toHaveProperty('held');
    expect(why.unknown.length).toBeGreaterThan(0);
    const usage = await ask(handlers, 'usage', '-n', 'one');
    expect(usage.exitCode).toBe(5);
    expect(usage.document['loose']).toEqual([]);
    expect(usage.items?.find((item) => item['kind'] === 'content')).toMatchObject({
      reclaimable: 0,
      undecided: 42,
    });
  });

  test('is an image by a name that would act on a terminal, shown so that it does not', async () => {
    const images = [{ name: HOSTILE, target: { digest: DIGEST } }];
    const handlers = { ...SOUND, 'Images/List': reply(Images.method.list.output, { images }) };
    const json = await ask(handlers, 'why', DIGEST);
    expect(json.document['held']).toBe(true);
    isInert(json);
    for (const command of ['why', 'owner']) {
      const text = await ctrscope(program, [command, DIGEST, '--address', join(folder, 'c.sock')]);
      expect(text.stdout).toContain('\\x1b[2J\\u202ename');
      isInert(text);
    }
  });
});
