import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import { describe } from 'vitest';

import { Containers } from '../../src/gen/containerd/services/containers/v1/containers_pb.js';
import { Leases, type Resource } from '../../src/gen/containerd/services/leases/v1/leases_pb.js';
import { IMPORTED_IMAGE, importDockerImages, SINGLE_IMAGE } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { identify, killProcesses } from '../lab/processes.ts';
import { shimsOf } from '../lab/shims.ts';
import { until } from '../lab/until.ts';
import { openWire, type Wire } from '../live/wire.ts';
import { type Expected, type Fault, type Injected, testFault } from './fault.ts';

const IMAGE = SINGLE_IMAGE.replace('docker.io/library/', '');
/** What happened less than this ago, one of the two may not know of yet: no finding is made of it. */
const FLUX_MS = 6_000;

type Named = Omit<Expected, 'id' | 'layers'> & Partial<Pick<Expected, 'layers'>>;

/** A fault whose object gets its id when it is made. */
const fault = (
  probe: string,
  name: string,
  {
    store = 'graphdriver',
    inject,
    expected,
    ...rest
  }: {
    readonly store?: 'graphdriver' | 'containerd';
    readonly inject: (lab: Lab) => Promise<Injected & { readonly id: string; readonly called?: string }>;
    readonly expected: Named;
    readonly onDisk?: boolean;
  },
): void => {
  let made = { id: '', called: undefined as string | undefined };
  testFault({
    probe,
    name,
    ...(store === 'containerd' ? { on: ['sid'] } : {}),
    options: { docker: store },
    prepare,
    inject: async (lab) => {
      const { id, called, ...injected } = await inject(lab);
      made = { id, called };
      return injected;
    },
    expected: () => ({
      layers: ['docker', 'containerd'],
      ...expected,
      id: made.id,
      ...(made.called === undefined ? {} : { name: made.called }),
    }),
    ...rest,
  } satisfies Fault);
};

// One that runs, one that has ended, and an image that nothing was made from.
const prepare = async (lab: Lab): Promise<void> => {
  await importDockerImages(lab);
  const run = (...args: string[]): Promise<unknown> => lab.docker(['run', '--network', 'none', ...args]);
  await run('--detach', '--name', 'running', IMAGE, '/bin/sleep', '86400');
  await run('--name', 'ended', IMAGE, '/bin/true');
};

const inspect = async (lab: Lab, name: string, format: string): Promise<string> =>
  (await lab.docker(['inspect', '--format', format, name])).stdout;

const image = async (lab: Lab): Promise<{ readonly id: string; readonly layer: string }> => ({
  id: await inspect(lab, IMPORTED_IMAGE, '{{.Id}}'),
  layer: await inspect(lab, IMPORTED_IMAGE, '{{index .RootFS.Layers 0}}'),
});

/** dockerd mounts its data directory on itself: nothing can be renamed out of it. */
const dataOf = (lab: Lab, ...path: string[]): string => {
  if (lab.dockerRoot === undefined) throw new Error('the lab has no Docker');
  return join(lab.dockerRoot, ...path);
};

const hex = (digest: string): string => digest.slice('sha256:'.length);

const aside = async (lab: Lab, path: string): Promise<() => Promise<void>> => {
  const away = dataOf(lab, 'aside');
  await rename(path, away);
  return () => rename(away, path);
};

const lease = async (
  wire: Wire,
  id: string,
  resources: readonly Resource[],
  labels: Readonly<Record<string, string>> = {},
): Promise<void> => {
  await wire.call(Leases.method.create, { id, labels }, 'moby');
  for (const resource of resources) await wire.call(Leases.method.addResource, { id, resource }, 'moby');
};

/** Until everybody would know of what has just been done. */
const settled = (since: number): Promise<true> =>
  until('it is no longer new', () => (Date.now() - since > FLUX_MS ? true : undefined));

describe('an image of which', () => {
  fault('docker-image-broken', 'the config file is missing, and repositories.json still names it', {
    onDisk: true,
    inject: async (lab) => {
      const { id } = await image(lab);
      const undo = await aside(lab, dataOf(lab, 'image/overlay2/imagedb/content/sha256', hex(id)));
      return { undo, id, called: IMPORTED_IMAGE };
    },
    expected: {
      title: /^image ctrscope-imported:1: repositories\.json names an image whose config file is missing/,
      layer: 'docker',
      namespace: 'moby',
      kind: 'image',
      first: /image ls --all --no-trunc --digests$/,
    },
  });

  fault('docker-image-broken', "a layer's folder in the graphdriver is missing", {
    onDisk: true,
    inject: async (lab) => {
      const { layer } = await image(lab);
      const file = dataOf(lab, 'image/overlay2/layerdb/sha256', hex(layer), 'cache-id');
      const cacheId = readFileSync(file, 'utf8').trim();
      const undo = await aside(lab, dataOf(lab, 'overlay2', cacheId));
      return { undo, id: layer, called: `overlay2/${cacheId}` };
    },
    expected: {
      title: /^layer overlay2\/[0-9a-f]{64}: the layer's folder in the graphdriver is missing/,
      layer: 'docker',
      kind: 'layer',
      layers: ['docker', 'snapshot'],
    },
  });
});

describe('something is left:', () => {
  fault('docker-leftover', 'the lease of an image that Docker does not have', {
    onDisk: true,
    inject: async (lab) => {
      const id = `moby-image-sha256:${'5'.repeat(64)}`;
      const ctr = (...args: string[]): Promise<unknown> =>
        lab.ctr(['leases', ...args], { namespace: 'moby' });
      await ctr('create', '--id', id);
      await settled(Date.now());
      return { undo: async () => void (await ctr('rm', id)), id };
    },
    expected: {
      title: /^lease moby-image-sha256:5{64}: a lease that never ends/,
      outcome: 'warn',
      namespace: 'moby',
      kind: 'lease',
      first: /-n moby leases ls$/,
    },
  });

  fault('docker-leftover', 'a folder of the graphdriver that nothing names', {
    onDisk: true,
    inject: async (lab) => {
      const id = 'f'.repeat(64);
      const folder = dataOf(lab, 'overlay2', id);
      await mkdir(join(folder, 'diff'), { recursive: true });
      const before = new Date(Date.now() - 2 * 3_600_000);
      await utimes(folder, before, before);
      return { undo: () => rm(folder, { recursive: true }), id: `overlay2/${id}` };
    },
    expected: {
      title: /^directory overlay2\/f{64}: a folder of the graphdriver that no layer/,
      outcome: 'warn',
      layer: 'docker',
      kind: 'directory',
      layers: ['docker', 'snapshot'],
    },
  });
});

describe('a container that', () => {
  fault('docker-container-disagrees', 'runs by Docker, and ended while containerd was down', {
    inject: async (lab) => {
      const id = await inspect(lab, 'running', '{{.Id}}');
      const pid = Number(await inspect(lab, 'running', '{{.State.Pid}}'));
      await settled(Date.parse(await inspect(lab, 'running', '{{.State.StartedAt}}')));
      const shims = shimsOf(lab.tag).filter((shim) => shim.id === id);
      await lab.stopContainerd();
      const init = identify(pid);
      await killProcesses([...shims.map(({ process }) => process), ...(init === undefined ? [] : [init])]);
      await lab.startContainerd();
      await until('containerd lists the tasks of Docker again', async () => {
        const { exitCode } = await lab.ctr(['tasks', 'list'], { namespace: 'moby', reject: false });
        return exitCode === 0 ? true : undefined;
      });
      return {
        undo: async () => void (await lab.docker(['rm', '--force', 'running'])),
        id,
        called: 'running',
      };
    },
    expected: {
      title: /^container running: Docker says that it runs, and containerd has no task of it that does/,
      layer: 'docker',
      namespace: 'moby',
      kind: 'container',
      first: /^ctrscope inspect [0-9a-f]{64}$/,
    },
  });

  fault('docker-container-disagrees', 'runs, and whose record in containerd was deleted', {
    inject: async (lab) => {
      const id = await inspect(lab, 'running', '{{.Id}}');
      await settled(Date.parse(await inspect(lab, 'running', '{{.State.StartedAt}}')));
      using wire = openWire(lab.address);
      const { container } = await wire.call(Containers.method.get, { id }, 'moby');
      await wire.call(Containers.method.delete, { id }, 'moby');
      const undo = async (): Promise<void> => {
        using again = openWire(lab.address);
        if (container !== undefined) await again.call(Containers.method.create, { container }, 'moby');
      };
      return { undo, id, called: 'running' };
    },
    expected: {
      title: /^container running: it runs, and containerd has lost its record/,
      layer: 'docker',
      namespace: 'moby',
      kind: 'container',
    },
  });

  fault(
    'docker-container-disagrees',
    "ended behind dockerd's back, which is stopped and has written that it runs",
    {
      inject: async (lab) => {
        const id = await inspect(lab, 'running', '{{.Id}}');
        const dockerd = lab.dockerdPid;
        if (dockerd === undefined) throw new Error('dockerd does not run');
        await settled(Date.parse(await inspect(lab, 'running', '{{.State.StartedAt}}')));
        process.kill(dockerd, 'SIGSTOP');
        await lab.ctr(['tasks', 'kill', '--signal', 'SIGKILL', id], { namespace: 'moby' });
        await settled(Date.now());
        const undo = async (): Promise<void> => {
          process.kill(dockerd, 'SIGCONT');
          await until('Docker has heard of the end', async () =>
            (await inspect(lab, 'running', '{{.State.Status}}')) === 'exited' ? true : undefined,
          );
        };
        return { undo, id, called: 'running' };
      },
      expected: {
        title: /^container running: the state in Docker's own file is not the one that containerd has/,
        outcome: 'warn',
        layer: 'docker',
        namespace: 'moby',
        kind: 'container',
      },
    },
  );

  fault('docker-container-disagrees', "is kept by containerd's store, and whose lease was deleted", {
    store: 'containerd',
    onDisk: true,
    inject: async (lab) => {
      const id = await inspect(lab, 'ended', '{{.Id}}');
      await settled(Date.parse(await inspect(lab, 'ended', '{{.State.FinishedAt}}')));
      using wire = openWire(lab.address);
      const { resources } = await wire.call(Leases.method.listResources, { id }, 'moby');
      // Or the collection that comes of the deletion takes the snapshot before anybody could look.
      const labels = { 'containerd.io/gc.expire': new Date(Date.now() + 3_600_000).toISOString() };
      await lease(wire, 'another', resources, labels);
      await wire.call(Leases.method.delete, { id }, 'moby');
      const undo = async (): Promise<void> => {
        using again = openWire(lab.address);
        await lease(again, id, resources);
        await again.call(Leases.method.delete, { id: 'another' }, 'moby');
      };
      return { undo, id, called: 'ended' };
    },
    expected: {
      title: /^container ended: no lease keeps the container's snapshot/,
      layer: 'docker',
      namespace: 'moby',
      kind: 'container',
    },
  });
});
