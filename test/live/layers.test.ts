/** What docs/layers.md says of containerd's API and configuration, asked of every generation. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

import { importSingleImage } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { describeLab, sharedLab, skipReason } from '../lab/shared.ts';
import { documentOf } from './program.ts';
import { rotatingSuites } from './rotation.ts';

const IMAGES = 'containerd.services.images.v1.Images';
const CONTAINERS = 'containerd.services.containers.v1.Containers';
const TASKS = 'containerd.services.tasks.v1.Tasks';
const TRANSFER = 'containerd.services.transfer.v1.Transfer';
const CRI_IMAGES = 'runtime.v1.ImageService';

const NOTHING = Buffer.alloc(0);
/** No protobuf message: a server refuses it before the method runs, so that asking changes nothing. */
const UNDECODABLE = Buffer.from([0xff]);
/** ServerReflectionRequest{list_services: ""}, which is what `grpcurl ADDRESS list` asks. */
const LIST_SERVICES = Buffer.from([0x3a, 0]);

describeLab("containerd's API", {}, (lab) => {
  test.for([
    [IMAGES, 'Pull'],
    [IMAGES, 'Push'],
    [CONTAINERS, 'Start'],
  ] as const)('%s has no %s', async ([service, method]) => {
    expect(await call(lab(), `${service}/${method}`, NOTHING)).toEqual({
      code: status.UNIMPLEMENTED,
      details: `unknown method ${method} for service ${service}`,
    });
    const methods = await methodsOf(lab(), service);
    expect(methods).toMatchObject({ Get: true, List: true, Create: true, Update: true, Delete: true });
    expect(methods).not.toHaveProperty(method);
  });

  test('starts tasks', async () => {
    expect(await methodsOf(lab(), TASKS)).toMatchObject({ Create: true, Start: true });
    expect(await call(lab(), `${TASKS}/Start`, UNDECODABLE)).toMatchObject({ code: status.INTERNAL });
    // A request that can be read is looked at: it names no container.
    expect(await call(lab(), `${TASKS}/Start`, NOTHING)).toMatchObject({ code: status.NOT_FOUND });
  });

  test('pulls by itself only through Transfer, which came with 1.7', async () => {
    const { Transfer } = await methodsOf(lab(), TRANSFER);
    expect(Transfer).toBe(!lab().versions.containerd.startsWith('1.6.'));
  });

  test.for(['v1', 'v1alpha'])('has no reflection %s, so that a client cannot list it', async (version) => {
    const service = `grpc.reflection.${version}.ServerReflection`;
    expect(await call(lab(), `${service}/ServerReflectionInfo`, LIST_SERVICES)).toEqual({
      code: status.UNIMPLEMENTED,
      details: `unknown service ${service}`,
    });
    expect(await documentOf(lab(), ['api', 'list'])).toMatchObject({ reflection: false });
  });

  test('has health instead, and says its version', async () => {
    for (const method of ['grpc.health.v1.Health/Check', 'containerd.services.version.v1.Version/Version']) {
      expect(await call(lab(), method, NOTHING)).toEqual({ code: status.OK, details: '' });
    }
  });

  test('has no PullImage either while CRI is off', async () => {
    expect(await call(lab(), `${CRI_IMAGES}/PullImage`, UNDECODABLE)).toEqual({
      code: status.UNIMPLEMENTED,
      details: `unknown service ${CRI_IMAGES}`,
    });
  });
});

describeLab('CRI', { cri: true }, (lab) => {
  test("is where PullImage is, beside containerd's own Images", async () => {
    expect(await call(lab(), `${CRI_IMAGES}/PullImage`, UNDECODABLE)).toMatchObject({
      code: status.INTERNAL,
    });
    expect(await call(lab(), `${IMAGES}/Pull`, NOTHING)).toMatchObject({ code: status.UNIMPLEMENTED });
  });
});

const TASK_PLUGIN = 'io.containerd.runtime.v2.task';
const STRUCTS = `[plugins."${TASK_PLUGIN}"]\n  structs = true`;

for (const suite of rotatingSuites('the layers of a shim')) {
  const reason = skipReason(suite);
  const title = reason === undefined ? suite : `${suite}, skipped: ${reason}`;

  describe(`the key structs of ${TASK_PLUGIN} (${title})`, { skip: reason !== undefined }, () => {
    const plain = sharedLab(suite);
    const keyed = sharedLab(suite, { extraConfig: STRUCTS });

    test('is not in the default configuration', async () => {
      const { stdout } = await execa(plain().programs.containerd, ['config', 'default']);
      expect(stdout).toContain(TASK_PLUGIN);
      expect(stdout).not.toMatch(/\bstructs\b/);
    });

    test('is read and dropped', async () => {
      const file = join(keyed().root, 'dumped.toml'); // one name for both: a dump may contain it
      const dump = async (config: string): Promise<{ stdout: string; stderr: string }> => {
        await writeFile(file, config);
        return await execa(keyed().programs.containerd, ['--config', file, 'config', 'dump']);
      };
      const config = await readFile(keyed().containerdConfig, 'utf8');
      expect(config).toContain(STRUCTS);
      const [with_, without] = [await dump(config), await dump(config.replace(STRUCTS, ''))];
      expect(with_.stdout).toBe(without.stdout);
      expect(with_.stdout).toContain(keyed().containerdRoot);
      // From 2.0 on containerd says so.
      const said = /Ignoring unknown key in TOML for plugin.* key=structs/;
      const is2 = !keyed().versions.containerd.startsWith('1.');
      expect([said.test(with_.stderr), said.test(without.stderr)]).toEqual([is2, false]);
      expect(said.test(await readFile(keyed().containerdLog, 'utf8'))).toBe(is2);
    });

    test('changes neither the plugins nor how a container runs', async () => {
      const [of, ofPlain] = await Promise.all(
        [keyed(), plain()].map(async (lab) => (await lab.ctr(['plugins', 'list'])).stdout),
      );
      expect(of).toBe(ofPlain);
      expect(of).toMatch(/io\.containerd\.runtime\.v2 +task +\S+ +ok/);
      const image = await importSingleImage(keyed());
      const { stdout } = await keyed().ctr(['run', '--rm', image, 'echo', '/bin/echo', 'runs']);
      expect(stdout).toBe('runs');
    });
  });
}

/** One unary call: how it ended, in gRPC's numbers and the server's words. */
const call = async (
  lab: Lab,
  method: string,
  request: Buffer,
): Promise<{ code: status; details: string }> => {
  const client = new Client(`unix://${lab.address}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('containerd-namespace', lab.namespace);
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(
        `/${method}`,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        request,
        metadata,
        { deadline: Date.now() + 30_000 },
        (error) => resolve({ code: error?.code ?? status.OK, details: error?.details ?? '' }),
      );
    });
  } finally {
    client.close();
  }
};

/** What `api list` says of a service: its methods, and whether this daemon implements them. */
const methodsOf = async (lab: Lab, service: string): Promise<Readonly<Record<string, unknown>>> => {
  const { items } = await documentOf(lab, ['api', 'list']);
  return Object.fromEntries(
    items
      .filter((item) => item['service'] === service)
      .map(({ method, implemented }) => [String(method), implemented]),
  );
};
