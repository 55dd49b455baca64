import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { namedDocker, wellKnownDockers, whyNotRead } from '../../../src/sources/docker/address.ts';
import { type DockerDaemon, readDaemon } from '../../../src/sources/docker/daemons.ts';
import { readDaemonJson } from '../../../src/sources/docker/disk/daemon-json.ts';
import { HERE } from '../../../src/sources/docker/disk/files.ts';
import { type DockerProcess, readDockerds } from '../../../src/sources/docker/processes.ts';
import { dockerdOf } from './hosts.ts';

let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daemons-'));
});
afterAll(() => rm(folder, { recursive: true }));

const configured = async (config: unknown): Promise<string> => {
  const path = at(`${Math.random()}.json`);
  await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
  return path;
};

/** What a dockerd tells that was started by these words, with this config file. */
const daemonOf = async (
  argv: readonly string[],
  config: unknown = {},
  over: Partial<DockerProcess> = {},
): Promise<DockerDaemon> =>
  readDaemon(
    dockerdOf(
      [...argv, '--config-file', typeof config === 'string' ? config : await configured(config)],
      over,
    ),
  );

describe('where a dockerd serves', () => {
  test.each([
    [['-H', 'unix:///run/a.sock'], ['/run/a.sock']],
    [
      ['-H=unix:///var/run/a.sock', '--host', 'unix:///b.sock'],
      ['/run/a.sock', '/b.sock'],
    ],
    [['-Hunix:///a.sock', '--host=tcp://127.0.0.1:2375'], ['/a.sock']],
    [['-H', 'tcp://127.0.0.1:2375'], []],
    [[], ['/run/docker.sock']],
  ])('%j: %j', async (argv, sockets) => {
    expect((await daemonOf(argv)).sockets).toEqual(sockets);
  });

  test('comes from its file, beside its flags', async () => {
    expect((await daemonOf([], { hosts: ['unix:///run/file.sock'] })).sockets).toEqual(['/run/file.sock']);
  });

  test('is what systemd handed it, by the sockets that it listens on', async () => {
    const listens = async (): Promise<string[]> => [
      '/run/docker/libnetwork/1.sock',
      '/run/docker/metrics.sock',
      '/srv/docker.sock',
    ];
    expect((await daemonOf(['-H', 'fd://'], {}, { listens })).sockets).toEqual(['/srv/docker.sock']);
    expect((await daemonOf(['-H', 'fd://'])).sockets).toEqual(['/run/docker.sock']);
    expect((await daemonOf([], {}, { listens })).sockets).toEqual(['/srv/docker.sock']);
  });

  test("is the user's own runtime directory, for a rootless one", async () => {
    const daemon = await daemonOf([], {}, { uid: 1000, manages: true });
    expect(daemon.sockets).toEqual(['/run/user/1000/docker.sock']);
    expect(daemon.containerd).toMatchObject({ value: '/run/user/1000/docker/containerd/containerd.sock' });
  });
});

describe('which containerd a dockerd uses', () => {
  test('comes from the flag before the file', async () => {
    const config = { containerd: '/run/file.sock' };
    const flag = await daemonOf(['--containerd=/var/run/flag.sock'], config);
    expect(flag.containerd).toMatchObject({ state: 'seen', value: '/run/flag.sock' });
    expect((await daemonOf([], config)).containerd).toMatchObject({ value: '/run/file.sock' });
  });

  test('is the one that it started, where it started one', async () => {
    const daemon = await daemonOf([], {}, { manages: true });
    expect(daemon.containerd).toMatchObject({ value: '/run/docker/containerd/containerd.sock' });
    const elsewhere = await daemonOf([], { 'exec-root': '/srv/exec' }, { manages: true });
    expect(elsewhere.containerd).toMatchObject({ value: '/srv/exec/containerd/containerd.sock' });
  });

  test("is the system's where nothing is said", async () => {
    const daemon = await daemonOf([]);
    expect(daemon.containerd).toMatchObject({ value: '/run/containerd/containerd.sock' });
    expect(daemon.namespace).toBe('moby');
  });

  test('is not known where its file is gone or is none', async () => {
    const gone = await daemonOf([], at('gone.json'));
    expect(gone).toMatchObject({ containerd: { state: 'failed' }, namespace: null, sockets: [] });
    const broken = await daemonOf([], await configured('{"hosts": "x"'));
    expect(broken).toMatchObject({ containerd: { state: 'failed' }, namespace: null });
    // The flag says it all the same.
    const told = await daemonOf(
      ['--containerd-namespace', 'other', '--containerd', '/c.sock'],
      at('gone.json'),
    );
    expect(told).toMatchObject({ containerd: { value: '/c.sock' }, namespace: 'other' });
  });

  test('in a namespace of its own choice', async () => {
    const config = { 'containerd-namespace': 'mine' };
    expect((await daemonOf([], config)).namespace).toBe('mine');
    expect((await daemonOf(['--containerd-namespace=flag'], config)).namespace).toBe('flag');
  });

  test('of a container has paths below its root', async () => {
    const daemon = await readDaemon(
      dockerdOf(['-H', 'unix:///run/docker.sock', '--containerd', '/run/c.sock'], { sameRoot: false }),
    );
    const root = `/proc/${2 ** 22 + 7}/root`;
    expect(daemon.sockets).toEqual([`${root}/run/docker.sock`]);
    expect(daemon.containerd).toMatchObject({ value: `${root}/run/c.sock` });
  });
});

describe('where the data of a dockerd is', () => {
  test.each<readonly [string, readonly string[], object, Partial<DockerProcess>, object]>([
    ['by its default', [], {}, {}, { state: 'seen', value: '/var/lib/docker' }],
    ['by its file', [], { 'data-root': '/srv/d' }, {}, { state: 'seen', value: '/srv/d' }],
    ['by the older word', [], { graph: '/srv/g' }, {}, { state: 'seen', value: '/srv/g' }],
    ['by its flag', ['--data-root=/srv/f'], { 'data-root': '/srv/d' }, {}, { value: '/srv/f' }],
    ['by its short flag', ['-g', '/srv/f'], {}, {}, { value: '/srv/f' }],
    [
      'below its own root',
      [],
      {},
      { sameRoot: false },
      { value: `/proc/${2 ** 22 + 7}/root/var/lib/docker` },
    ],
    ['nowhere for a user', [], {}, { uid: 1000 }, { state: 'unsupported' }],
    ['nowhere with mapped users', [], { 'userns-remap': 'default' }, {}, { state: 'unsupported' }],
    ['nowhere with mapped users by flag', ['--userns-remap=x'], {}, {}, { state: 'unsupported' }],
  ])('is told %s', async (_, argv, config, over, expected) => {
    const daemon =
      over.sameRoot === false
        ? await readDaemon(dockerdOf([...argv], over))
        : await daemonOf(argv, config, over);
    expect(daemon.dataRoot).toMatchObject(expected);
  });

  test('is not guessed where its file cannot be read', async () => {
    expect(await daemonOf([], await configured('{'))).toMatchObject({ dataRoot: { state: 'failed' } });
    expect(await daemonOf([], at('gone.json'))).toMatchObject({
      dataRoot: { state: 'failed', why: 'the file is gone' },
    });
  });
});

describe('daemon.json', () => {
  test('is read for what it says of hosts and containerd', async () => {
    const path = await configured({
      hosts: ['unix:///a'],
      containerd: '/c',
      'containerd-namespace': 'n',
      'storage-driver': 'btrfs',
      features: { buildkit: true, 'containerd-snapshotter': false },
      'log-opts': { 'splunk-token': 'x' },
    });
    expect(readDaemonJson(HERE, path)).toMatchObject({
      state: 'seen',
      value: {
        hosts: ['unix:///a'],
        containerd: '/c',
        containerdNamespace: 'n',
        execRoot: null,
        dataRoot: null,
        storageDriver: 'btrfs',
        containerdSnapshotter: false,
        remapsUsers: false,
      },
    });
  });

  test('that is none, too large, malformed, a folder: each is said', async () => {
    expect(readDaemonJson(HERE, at('none'))).toMatchObject({ state: 'absent' });
    expect(readDaemonJson(HERE, await configured(' '.repeat((1 << 20) + 1)))).toMatchObject({
      state: 'truncated',
    });
    expect(readDaemonJson(HERE, await configured({ hosts: 'unix:///a' }))).toMatchObject({
      state: 'failed',
    });
    expect(
      readDaemonJson(HERE, await configured({ features: { 'containerd-snapshotter': 'yes' } })),
    ).toMatchObject({ state: 'failed', why: expect.stringContaining('is not true or false') });
    expect(readDaemonJson(HERE, folder)).toMatchObject({ state: 'failed' });
  });

  test('that is a FIFO nobody writes to is not waited for', async () => {
    const path = at('fifo.json');
    execFileSync('mkfifo', [path]);
    expect(await daemonOf([], path)).toMatchObject({
      dataRoot: { state: 'failed', why: `${path} is a FIFO, not a file` },
    });
  });
});

describe('the kernel', () => {
  type Made = { readonly name: string; readonly argv?: readonly string[]; readonly stat?: string };

  /** A tree that looks like /proc, with these processes. */
  const procOf = async (processes: Readonly<Record<string, Made>>): Promise<string> => {
    const root = await mkdtemp(at('proc-'));
    for (const [number, { name, argv = [], stat = 'S 1' }] of Object.entries(processes)) {
      const dir = join(root, number);
      await mkdir(dir);
      await writeFile(join(dir, 'comm'), `${name}\n`);
      await writeFile(join(dir, 'cmdline'), argv.map((arg) => `${arg}\0`).join(''));
      await writeFile(join(dir, 'stat'), `${number} (a) b) ${stat} 0 0`);
    }
    return root;
  };

  test('names the dockerds, whether they are stopped, and whether they started a containerd', async () => {
    const proc = await procOf({
      1: { name: 'systemd' },
      70: { name: 'dockerd', argv: ['dockerd', '-H', 'fd://'] },
      71: { name: 'containerd', stat: 'S 70' },
      80: { name: 'dockerd', argv: ['dockerd'], stat: 'T 1' },
      90: { name: 'dockerd', argv: ['dockerd', '--version'] },
      91: { name: 'dockerd' },
      92: { name: 'docker-proxy', argv: ['docker-proxy'] },
    });
    const { dockerds, hidden, underSystemd } = await readDockerds(proc);
    expect({ hidden, underSystemd }).toEqual({ hidden: false, underSystemd: true });
    expect(dockerds).toMatchObject([
      { pid: 70, argv: ['dockerd', '-H', 'fd://'], stopped: false, manages: true, sameRoot: null },
      { pid: 80, stopped: true, manages: false },
    ]);
    expect(await dockerds[0]?.listens()).toEqual([]);
  });

  test('tells by its socket table what one listens on', async () => {
    const proc = await procOf({ 1: { name: 'tini' }, 70: { name: 'dockerd', argv: ['dockerd'] } });
    await mkdir(join(proc, '70/net'));
    await mkdir(join(proc, '70/fd'));
    await writeFile(
      join(proc, '70/net/unix'),
      [
        'Num       RefCount Protocol Flags    Type St Inode Path',
        '0000000000000000: 00000002 00000000 00010000 0001 01 245244 /run/with blank/docker.sock',
        '0000000000000000: 00000003 00000000 00000000 0001 03 245245 /run/connected.sock',
        '0000000000000000: 00000002 00000000 00010000 0001 01 245246 /run/of-another.sock',
      ].join('\n'),
    );
    await symlink('socket:[245244]', join(proc, '70/fd/3'));
    await symlink('socket:[245245]', join(proc, '70/fd/4'));
    const { dockerds, underSystemd } = await readDockerds(proc);
    expect(underSystemd).toBe(false);
    expect(await dockerds[0]?.listens()).toEqual(['/run/with blank/docker.sock']);
  });

  test('may hide processes from us, or be no help at all', async () => {
    expect(await readDockerds(await procOf({ 7: { name: 'bash' } }))).toEqual({
      dockerds: [],
      hidden: true,
      underSystemd: false,
    });
    expect(await readDockerds(at('nowhere'))).toMatchObject({ dockerds: [], hidden: true });
  });

  test('is asked in little time', async () => {
    const started = performance.now();
    await readDockerds();
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('addresses', () => {
  test('are named by the flag, then by DOCKER_HOST', () => {
    expect(namedDocker('/a.sock', { DOCKER_HOST: 'unix:///b.sock' })).toMatchObject({
      address: '/a.sock',
      origin: 'flag',
    });
    expect(namedDocker(undefined, { DOCKER_HOST: 'unix:///b.sock' })).toMatchObject({
      origin: 'environment',
    });
    expect(namedDocker(undefined, { DOCKER_HOST: '' })).toBeUndefined();
  });

  test.each([
    ['tcp://127.0.0.1:2375', 'Docker over tcp is not supported'],
    ['ssh://me@host', 'Docker over ssh is not supported'],
    ['docker.sock', 'no absolute path'],
  ])('%s is not read: %s', (address, why) => {
    expect(whyNotRead(address)).toContain(why);
  });

  test("are where Docker's packages and a user's own put them", () => {
    const all = wellKnownDockers({ XDG_RUNTIME_DIR: '/run/user/7', HOME: '/home/me' });
    expect(all.map(({ address }) => address)).toEqual([
      '/run/docker.sock',
      '/run/user/7/docker.sock',
      '/home/me/.docker/run/docker.sock',
    ]);
    expect(wellKnownDockers({}).map(({ address }) => address)).toEqual(['/run/docker.sock']);
  });
});
