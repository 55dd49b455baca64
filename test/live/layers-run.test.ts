/** What docs/layers.md says of the path from `docker run` down to the cgroup, watched at every socket on the way. */

import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';

import { Containers } from '../../src/gen/containerd/services/containers/v1/containers_pb.js';
import { Leases } from '../../src/gen/containerd/services/leases/v1/leases_pb.js';
import { Snapshots } from '../../src/gen/containerd/services/snapshots/v1/snapshots_pb.js';
import { ConnectRequestSchema, ConnectResponseSchema } from '../../src/gen/containerd/task/v2/task_pb.js';
import { RequestSchema, ResponseSchema } from '../../src/gen/ttrpc/request_pb.js';
import { importDockerImages, importSingleImage } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { startRegistry } from '../lab/registry.ts';
import { describeLab, sharedLab, skipReason } from '../lab/shared.ts';
import { shimSocket, shimsOf } from '../lab/shims.ts';
import { hasContainerdStore } from '../lab/suites.ts';
import { until } from '../lab/until.ts';
import { type ContainerdEvent, subscribe } from './event-log.ts';
import { recordCalls, recordRequests } from './recorders.ts';
import { rotatingSuites } from './rotation.ts';
import { openWire } from './wire.ts';

const MOBY = 'moby';
const NAME = 'layers';

/**
 * The name of a lease that is held for the time of one operation: nanoseconds and three random bytes, as
 * containerd's client makes it (leases.WithRandomID). dockerd ends such a lease when it has already answered.
 */
const OPERATION_LEASE = /^\d+-[\w-]{4}$/;

/** The first bytes of a client that speaks HTTP/2, as every gRPC client does: RFC 9113 §3.4. */
const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const POST_GRPC =
  'POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n';
const POST_ATTACH = `POST /containers/${NAME}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n`;
const GET_PING = 'GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n';

for (const suite of rotatingSuites('docker run')) {
  for (const store of ['graphdriver', 'containerd'] as const) {
    if (store === 'containerd' && !hasContainerdStore(suite)) continue;
    const reason = skipReason(suite);
    const title = `${suite}, ${store}${reason === undefined ? '' : `, skipped: ${reason}`}`;

    describe(`docker run (${title})`, { skip: reason !== undefined }, () => {
      const lab = sharedLab(suite, { docker: store });
      let seen: Watched;
      beforeAll(async () => {
        seen = await watchDocker(lab());
      }, 120_000);

      test('dockerd answers HTTP/1.1, containerd nothing but HTTP/2', async ({ skip }) => {
        const { dockerSocket = '', address, versions } = lab();
        expect(await say(dockerSocket, GET_PING)).toMatch(
          /^HTTP\/1\.1 200 OK\r\nApi-Version: 1\.\d+\r\n[\s\S]*\r\n\r\nOK$/,
        );
        expect(await say(address, HTTP2_PREFACE)).toMatch(SETTINGS_FRAME);
        expect(await say(address, GET_PING)).not.toContain('HTTP/1');
        // From 29.2 on dockerd takes HTTP/2 as well, for BuildKit's own client.
        if (Number.parseInt(versions.dockerd ?? '', 10) >= 29) skip('dockerd takes HTTP/2 for BuildKit');
        expect(await say(dockerSocket, HTTP2_PREFACE)).toMatch(/^HTTP\/1\.1 /);
      });

      test("dockerd's gRPC is BuildKit's, behind an upgrade of HTTP/1.1", async () => {
        const { dockerSocket = '' } = lab();
        expect(await say(dockerSocket, POST_GRPC, /\r\n\r\n/)).toMatch(
          /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n/,
        );
      });

      test('the docker client speaks HTTP/1.1 to dockerd', () => {
        const steps = [seen.created, seen.started, seen.ran, seen.stopped, seen.removed, seen.pulled];
        for (const { requests } of steps) {
          expect(requests.length).toBeGreaterThan(0);
          expect(requests).toEqual(requests.map(() => expect.stringMatching(/^[A-Z]+ \/\S* HTTP\/1\.1$/)));
        }
        expect(seen.created.requests).toContainEqual(
          expect.stringMatching(/^POST \/v1\.\d+\/containers\/create\?/),
        );
        expect(seen.started.requests).toContainEqual(
          expect.stringMatching(/^POST \/v1\.\d+\/containers\/\w+\/start /),
        );
        const run = seen.ran.requests.map((line) => /containers\/(?:\w+\/)?([a-z]+)[? ]/.exec(line)?.[1]);
        expect(run).toEqual(expect.arrayContaining(['create', 'attach', 'wait', 'start']));
        expect(run.indexOf('attach')).toBeLessThan(run.indexOf('start'));
        expect(seen.ran.stdout).toBe('hello');
        expect(seen.attached).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\n[\s\S]*\r\nUpgrade: tcp\r\n/);
      });

      if (store === 'graphdriver') {
        test('docker create reaches containerd with nothing', () => {
          expect(seen.created.stdout).toMatch(ID);
          expect(seen.created).toMatchObject({ calls: [], events: [], ...EMPTY });
        });
      } else {
        test('docker create makes snapshots and their lease in containerd, and no record', () => {
          const id = seen.created.stdout;
          expect(topics(seen.created)).toEqual([
            '/snapshot/prepare',
            '/snapshot/commit',
            '/snapshot/prepare',
          ]);
          expect(writesOf(seen.created)).toEqual([
            'Snapshots/Prepare',
            'Snapshots/Commit',
            'Snapshots/Prepare',
          ]);
          expect(seen.created).toMatchObject({ containers: [], tasks: [], leases: [id] });
          expect(seen.created.snapshots).toEqual(expect.arrayContaining([id, `${id}-init`]));
          expect(seen.leased).toEqual([`snapshots/overlayfs ${id}`, `snapshots/overlayfs ${id}-init`]);
        });
      }

      test('docker start makes the record, then the task, and no snapshot', () => {
        const id = seen.created.stdout;
        expect(topics(seen.started)).toEqual(['/containers/create', '/tasks/create', '/tasks/start']);
        expect(writesOf(seen.started)).toEqual(['Containers/Create', 'Tasks/Create', 'Tasks/Start']);
        const { snapshots, leases } = seen.created;
        expect(seen.started).toMatchObject({ containers: [id], tasks: [id], snapshots, leases });
      });

      test('docker pull is dockerd fetching: containerd is told to write, to unpack, never to pull', () => {
        const unpacks = ['Snapshots/Prepare', 'Diff/Apply', 'Snapshots/Commit', 'Images/Create'];
        expect([...new Set(writesOf(seen.pulled))]).toEqual(
          store === 'graphdriver' ? ['Content/Write'] : expect.arrayContaining(['Content/Write', ...unpacks]),
        );
        const never = /Images\/(Pull|Push)|Transfer|Containers\/Start/;
        const all = [seen.created, seen.started, seen.ran, seen.stopped, seen.pulled];
        expect(all.flatMap(({ calls }) => calls).filter((call) => never.test(call))).toEqual([]);
      });

      test('the record knows no snapshot: dockerd mounts the root, the shim gets no mounts', () => {
        const { dockerRoot = '', containerdRoot, state } = lab();
        const id = seen.created.stdout;
        expect(seen.record).toMatchObject({ snapshotter: '', snapshotKey: '' });
        const { event: task } = eventOf(seen.started.events, '/tasks/create');
        expect(task).toMatchObject({ container_id: id });
        expect(task).not.toHaveProperty('rootfs');

        const mounted = seen.mounts.filter(({ path }) => path === seen.record.root);
        expect(mounted).toEqual([expect.objectContaining({ type: 'overlay' })]);
        const bundle = join(state, 'io.containerd.runtime.v2.task', MOBY, id);
        expect(seen.mounts.map(({ path }) => path)).not.toContain(join(bundle, 'rootfs'));
        const [where, layers] =
          store === 'graphdriver'
            ? [/\/overlay2\/[0-9a-f]{64}\/merged$/, join(dockerRoot, 'overlay2')]
            : [`/rootfs/overlayfs/${id}`, join(containerdRoot, 'io.containerd.snapshotter.v1.overlayfs')];
        expect(seen.record.root).toMatch(where);
        expect(seen.record.root.startsWith(dockerRoot)).toBe(true);
        const upper = mounted[0]?.options.find((option) => option.startsWith('upperdir='));
        expect(upper?.startsWith(`upperdir=${layers}/`), upper).toBe(true);
      });

      test("below containerd are the shim, runc's state in Docker's folder, and a cgroup", () => {
        const { dockerExecRoot = '' } = lab();
        const id = seen.created.stdout;
        const { shim, pid, parent, state, cgroup } = seen.processes;
        expect([pid, parent]).toEqual([taskPid(seen.started.events), shim]);
        expect(state).toMatchObject({ id, init_process_pid: pid });
        expect(cgroup).toContain(`/docker/${id}\n`);
        const { event } = eventOf(seen.started.events, '/tasks/create');
        const { stdout } = event['io'] as { stdout?: string };
        expect(stdout?.startsWith(join(dockerExecRoot, 'containerd', id, '/'))).toBe(true);
      });

      test('the exit comes back as an event, and the record goes with it, not with docker rm', () => {
        expect(seen.beginning).toContain('containerd.services.events.v1.Events/Subscribe');
        // The shim tells of the deletion while it ends: on a busy machine that event is late, or never comes.
        const heard = topics(seen.stopped).filter((topic) => topic !== '/tasks/delete');
        expect(heard).toEqual(['/tasks/exit', '/containers/delete']);
        const { snapshots, leases } = seen.created;
        expect(seen.stopped).toMatchObject({ containers: [], tasks: [], snapshots, leases });
      });

      test('docker rm ends the lease of the container, and so its snapshots, where there are any', () => {
        const removals = store === 'containerd' ? ['/snapshot/remove', '/snapshot/remove'] : [];
        expect(topics(seen.removed)).toEqual(removals);
        if (store === 'graphdriver') expect(seen.removed.calls).toEqual([]);
        else expect(seen.removed.calls).toContain('containerd.services.leases.v1.Leases/Delete');
        expect(seen.removed).toMatchObject({ containers: [], tasks: [], leases: [] });
        expect(seen.removed.snapshots.filter((key) => !key.startsWith('sha256:'))).toEqual([]);
      });
    });
  }
}

describeLab('a shim', { on: rotatingSuites('a shim') }, (lab) => {
  const id = 'shim-layers';
  let events: readonly ContainerdEvent[];
  let blobs: Readonly<Record<'before' | 'after', readonly string[]>>;
  beforeAll(async () => {
    await using log = await subscribe(lab());
    const content = (): Promise<string[]> => lines(lab(), lab().namespace, ['content', 'list', '--quiet']);
    const image = await importSingleImage(lab());
    const before = await content();
    await lab().ctr(['run', '--detach', image, id, '/bin/sleep', '86400']);
    blobs = { before, after: await content() };
    events = await log.take();
  });

  test('starts after all layers are unpacked, and unpacks none', () => {
    const order = events.map(({ topic }) => topic);
    expect(order.filter((topic) => !/^\/(content|images)\//.test(topic))).toEqual([
      ...['/snapshot/prepare', '/snapshot/commit'], // the image's two layers
      ...['/snapshot/prepare', '/snapshot/commit'],
      '/snapshot/prepare', // the container's own
      '/containers/create',
      '/tasks/create',
      '/tasks/start',
    ]);
    expect(order.indexOf('/images/create')).toBeGreaterThan(-1);
    expect(order.indexOf('/images/create')).toBeLessThan(order.indexOf('/containers/create'));
    // The garbage collector may have taken the archive's own index meanwhile.
    expect(blobs.after.filter((digest) => !blobs.before.includes(digest))).toEqual([]);
    expect(blobs.after.length).toBeGreaterThanOrEqual(4);
  });

  test('mounts what the snapshotter says, as it is', async () => {
    using wire = openWire(lab().address);
    const { mounts } = await wire.call(
      Snapshots.method.mounts,
      { snapshotter: 'overlayfs', key: id },
      lab().namespace,
    );
    const said = mounts.map(({ type, source, options }) => ({ type, source, options: options.toSorted() }));
    expect(said).toEqual([
      {
        type: 'overlay',
        source: 'overlay',
        options: expect.arrayContaining([expect.stringMatching(/^lowerdir=.+\/fs:.+\/fs$/)]),
      },
    ]);
    const { event: task } = eventOf(events, '/tasks/create');
    const rootfs = (task['rootfs'] ?? []) as readonly { options: readonly string[] }[];
    expect(rootfs.map((mount) => ({ ...mount, options: mount.options.toSorted() }))).toEqual(said);

    const folders = said[0]?.options.filter((option) => option.includes('dir='));
    const path = join(bundleOf(lab(), id), 'rootfs');
    const mounted = mountsOf('self').filter((mount) => mount.path === path);
    expect(mounted).toEqual([
      { path, type: 'overlay', options: expect.arrayContaining(folders ?? ['none']) },
    ]);
  });

  test('speaks ttrpc on a socket named by address, namespace and id', async () => {
    const file = lab().versions.containerd.startsWith('1.') ? 'address' : 'bootstrap.json';
    const socket = shimSocket(lab().tag, lab().namespace, id);
    expect(await readFile(join(bundleOf(lab(), id), file), 'utf8')).toContain(`unix://${socket}`);
    const version = file === 'address' ? 'v2' : 'v3';
    const pids = await connectToShim(socket, `containerd.task.${version}.Task`, id);
    const shim = shimsOf(lab().tag).find((each) => each.id === id)?.process.pid;
    expect(pids).toEqual([shim, taskPid(events)]);
    // The way back, for events.
    expect(readFileSync(`/proc/${shim}/environ`, 'utf8').split('\0')).toContain(
      `TTRPC_ADDRESS=${lab().address}.ttrpc`,
    );
  });

  test('is the parent of the container, which runc put into its cgroup and keeps in its state', async () => {
    const runcRoot = join(lab().runcRoot, lab().namespace);
    const { shim, pid, parent, state, cgroup } = await processesOf(lab(), runcRoot, id, taskPid(events));
    expect(parent).toBe(shim);
    expect(state).toMatchObject({ id, init_process_pid: pid });
    expect(cgroup).toContain(`/${lab().namespace}/${id}\n`);
  });
});

/** What one command of the docker client has set off. */
type Step = Held & {
  readonly stdout: string;
  /** First lines of what the client sent to dockerd. */
  readonly requests: readonly string[];
  /** `SERVICE/METHOD` of each call of dockerd to containerd, in order. */
  readonly calls: readonly string[];
  readonly events: readonly ContainerdEvent[];
};

/** What containerd holds for Docker; of the leases those that do not expire by themselves. */
type Held = Readonly<Record<'containers' | 'tasks' | 'snapshots' | 'leases', readonly string[]>>;

const EMPTY: Held = { containers: [], tasks: [], snapshots: [], leases: [] };

type Watched = {
  /** Calls of a dockerd that has just started. */
  readonly beginning: readonly string[];
  readonly created: Step;
  readonly started: Step;
  /** Resources of the container's lease after the create. */
  readonly leased: readonly string[];
  /** While the container runs. */
  readonly record: { readonly snapshotter: string; readonly snapshotKey: string; readonly root: string };
  readonly mounts: readonly Mount[];
  readonly processes: Processes;
  /** What dockerd answers to an attach. */
  readonly attached: string;
  /** `docker run --rm` of another container. */
  readonly ran: Step;
  readonly stopped: Step;
  readonly removed: Step;
  /** `docker pull` of an image that was pushed and removed before. */
  readonly pulled: Step;
};

const ID = /^[0-9a-f]{64}$/;

/** Takes a container through its life with a recorder at each socket between client, dockerd and containerd. */
const watchDocker = async (lab: Lab): Promise<Watched> => {
  const { dockerdConfig = '', dockerSocket = '' } = lab;
  await lab.stopDockerd();
  await using calls = await recordCalls(join(lab.root, 'calls.sock'), lab.address);
  const config = JSON.parse(await readFile(dockerdConfig, 'utf8')) as Record<string, unknown>;
  await writeFile(dockerdConfig, JSON.stringify({ ...config, containerd: calls.path }));
  await lab.startDockerd();
  const beginning = calls.take();
  await using requests = await recordRequests(join(lab.root, 'requests.sock'), dockerSocket);
  await using log = await subscribe(lab);
  using wire = openWire(lab.address);
  const [image = ''] = await importDockerImages(lab);

  const step: TakeStep = async (args, isSettled = () => true, awaited = []) => {
    for (const recorder of [calls, requests]) recorder.take();
    await log.take();
    const { stdout } = await execa(lab.programs.docker, ['--host', `unix://${requests.path}`, ...args], {
      env: lab.env,
      timeout: 60_000,
    });
    const events: ContainerdEvent[] = [];
    const held = await until(`containerd of lab ${lab.tag} is done with docker ${args[0]}`, async () => {
      const now = await heldFor(lab);
      events.push(...(await log.take()).filter(({ namespace }) => namespace === MOBY));
      const isHeard = awaited.every((topic) => events.some((event) => event.topic === topic));
      return isSettled(now) && isHeard ? now : undefined;
    });
    return { stdout, requests: requests.take(), calls: calls.take(), events, ...held };
  };

  const network = ['--network', 'none'];
  const created = await step(['create', '--name', NAME, ...network, image, '/bin/sleep', '86400']);
  const id = created.stdout;
  const leased = created.leases.includes(id)
    ? (await wire.call(Leases.method.listResources, { id }, MOBY)).resources
        .map(({ type, id: resource }) => `${type} ${resource}`)
        .toSorted()
    : [];
  const started = await step(['start', NAME], ({ tasks }) => tasks.length === 1, ['/tasks/start']);
  const { container } = await wire.call(Containers.method.get, { id }, MOBY);
  const spec = JSON.parse(Buffer.from(container?.spec?.value ?? []).toString()) as {
    root?: { path?: string };
  };
  const record = {
    snapshotter: container?.snapshotter ?? 'no record',
    snapshotKey: container?.snapshotKey ?? 'no record',
    root: spec.root?.path ?? 'no root',
  };
  const mounts = mountsOf(String(lab.dockerdPid));
  const runcRoot = join(lab.dockerExecRoot ?? '', 'runtime-runc', MOBY);
  const processes = await processesOf(lab, runcRoot, id, taskPid(started.events));
  const attached = await say(dockerSocket, POST_ATTACH, /\r\n\r\n/);
  const ran = await step(
    ['run', '--rm', ...network, image, '/bin/echo', 'hello'],
    ({ containers }) => containers.length === 1,
  );
  const stopped = await step(['stop', '-t', '0', NAME], ({ containers }) => containers.length === 0, [
    '/containers/delete',
  ]);
  const removed = await step(['rm', NAME]);
  const pulled = await pull(lab, image, step);
  await lab.stopDockerd(); // before the recorder that it talks through
  await writeFile(dockerdConfig, JSON.stringify(config));
  await lab.startDockerd();
  return {
    ...{ beginning, created, started, leased, record, mounts, processes, attached },
    ...{ ran, stopped, removed, pulled },
  };
};

/** Runs a command of the docker client and waits until what containerd holds is settled and the events of these topics came. */
type TakeStep = (
  args: readonly string[],
  isSettled?: (held: Held) => boolean,
  awaited?: readonly string[],
) => Promise<Step>;

/** Pulls an image that was pushed and removed before. */
const pull = async (lab: Lab, image: string, step: TakeStep): Promise<Step> => {
  await using registry = await startRegistry(lab);
  const name = `${registry.host}/ctrscope/busybox:1`;
  await lab.docker(['tag', image, name]);
  await lab.docker(['push', '--quiet', name]);
  await lab.docker(['rmi', name, image]);
  return await step(['pull', '--quiet', name]);
};

const topics = ({ events }: Step): readonly string[] => events.map(({ topic }) => topic);

/** Calls that change more than a lease, as `Service/Method`; dockerd takes leases for the time of an operation. */
const writesOf = ({ calls }: Step): readonly string[] =>
  calls
    .map((call) => call.slice(call.lastIndexOf('.') + 1))
    .filter((call) => /\/(Create|Update|Delete|Start|Write|Prepare|Commit|Remove|Apply|Transfer)$/.test(call))
    .filter((call) => !call.startsWith('Leases/'));

const heldFor = async (lab: Lab): Promise<Held> => {
  using wire = openWire(lab.address);
  const [containers, tasks, snapshots, { leases }] = await Promise.all([
    lines(lab, MOBY, ['containers', 'list', '--quiet']),
    lines(lab, MOBY, ['tasks', 'list', '--quiet']),
    lines(lab, MOBY, ['snapshots', 'list']),
    wire.call(Leases.method.list, {}, MOBY),
  ]);
  const keys = snapshots.slice(1).map((line) => line.split(' ')[0] ?? ''); // the first line has the titles
  const lasting = leases.filter(
    ({ id, labels }) => labels['containerd.io/gc.expire'] === undefined && !OPERATION_LEASE.test(id),
  );
  return { containers, tasks, snapshots: keys, leases: lasting.map(({ id }) => id) };
};

const lines = async (lab: Lab, namespace: string, args: readonly string[]): Promise<string[]> =>
  (await lab.ctr(args, { namespace })).stdout.split('\n').filter((line) => line !== '');

const bundleOf = (lab: Lab, id: string): string =>
  join(lab.state, 'io.containerd.runtime.v2.task', lab.namespace, id);

const taskPid = (events: readonly ContainerdEvent[]): number =>
  Number(eventOf(events, '/tasks/start').event['pid']);

const eventOf = (events: readonly ContainerdEvent[], topic: string): ContainerdEvent => {
  const found = events.find((event) => event.topic === topic);
  if (found === undefined) throw new Error(`no event ${topic} among ${JSON.stringify(events)}`);
  return found;
};

type Processes = {
  readonly shim: number | undefined;
  readonly pid: number;
  readonly parent: number;
  /** runc's own record. */
  readonly state: unknown;
  readonly cgroup: string;
};

/** The init process of a container and what stands around it. */
const processesOf = async (lab: Lab, runcRoot: string, id: string, pid: number): Promise<Processes> => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return {
    shim: shimsOf(lab.tag).find((shim) => shim.id === id)?.process.pid,
    pid,
    parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]),
    state: JSON.parse(await readFile(join(runcRoot, id, 'state.json'), 'utf8')),
    cgroup: readFileSync(`/proc/${pid}/cgroup`, 'utf8'),
  };
};

type Mount = { readonly path: string; readonly type: string; readonly options: readonly string[] };

/** The mounts that a process sees; proc(5): after ` - ` come type, source and the file system's own options. */
const mountsOf = (pid: string): readonly Mount[] =>
  readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [type = '', , options = ''] = after.split(' ');
      return { path: before.split(' ')[4] ?? '', type, options: options.split(',') };
    });

/** RFC 9113 §6.5: 0 length[3] · 3 type = 4 · 4 flags · 5 stream[4] = 0. */
const SETTINGS_FRAME = /^\0[\s\S]{2}\x04[\s\S]\0{4}/;

/** Says something to a socket; what it answers until that is enough or the other end closes. */
const say = async (path: string, words: string, enough: RegExp = SETTINGS_FRAME): Promise<string> => {
  const socket = createConnection(path);
  try {
    return await new Promise((resolve, reject) => {
      let answer = '';
      socket.on('data', (bytes: Buffer) => {
        answer += bytes.toString('latin1');
        if (enough.test(answer)) resolve(answer); // the other end waits for more
      });
      socket.once('end', () => resolve(answer));
      socket.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNRESET' ? resolve(answer) : reject(error),
      );
      socket.write(words, 'latin1');
    });
  } finally {
    socket.destroy();
  }
};

const TTRPC_HEADER = 10;
const [TTRPC_REQUEST, TTRPC_RESPONSE] = [1, 2];

/** Asks a shim for its pid and its task's: `Connect`, in one frame each way. */
const connectToShim = async (path: string, service: string, id: string): Promise<[number, number]> => {
  const payload = toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { id }));
  const request = toBinary(RequestSchema, create(RequestSchema, { service, method: 'Connect', payload }));
  // 0 length[4] · 4 stream[4] · 8 type · 9 flags
  const header = Buffer.alloc(TTRPC_HEADER);
  header.writeUInt32BE(request.length, 0);
  header.writeUInt32BE(1, 4);
  header.writeUInt8(TTRPC_REQUEST, 8);
  const socket = createConnection(path);
  try {
    const answer = await new Promise<Buffer>((resolve, reject) => {
      let received = Buffer.alloc(0);
      socket.on('data', (bytes: Buffer) => {
        received = Buffer.concat([received, bytes]);
        if (received.length < TTRPC_HEADER) return;
        if (received.length >= TTRPC_HEADER + received.readUInt32BE(0)) resolve(received);
      });
      socket.once('close', () => reject(new Error(`${path} has closed the connection`)));
      socket.once('error', reject);
      socket.write(Buffer.concat([header, request]));
    });
    expect([answer.readUInt32BE(4), answer.readUInt8(8)]).toEqual([1, TTRPC_RESPONSE]);
    const response = fromBinary(ResponseSchema, answer.subarray(TTRPC_HEADER));
    expect(response.status, service).toBeUndefined();
    const { shimPid, taskPid: pid } = fromBinary(ConnectResponseSchema, response.payload);
    return [shimPid, pid];
  } finally {
    socket.destroy();
  }
};
