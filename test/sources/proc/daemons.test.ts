import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { DaemonProcess } from '../../../src/host/daemon.ts';
import { listDaemons } from '../../../src/sources/proc/daemons.ts';

/** One made-up process; what is left out is what an idle daemon of root has. */
type MadeUp = {
  readonly argv: readonly string[];
  /** The second field of stat, without its parentheses. */
  readonly command?: string;
  readonly state?: string;
  readonly ppid?: number;
  readonly startTicks?: bigint;
  readonly exe?: string | null;
  readonly fds?: readonly string[] | null;
  readonly wchan?: string;
  readonly nsPids?: readonly number[];
};

let proc: string;

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'ctrscope-proc-'));
  put('1/cmdline', '/sbin/init\0');
  put('net/unix', 'Num       RefCount Protocol Flags    Type St Inode Path\n');
  link('self/ns/net', 'net:[4026531840]');
  link('self/root', '/');
});

afterEach(() => rmSync(proc, { recursive: true }));

const put = (path: string, content: string | Buffer): void => {
  mkdirSync(dirname(join(proc, path)), { recursive: true });
  writeFileSync(join(proc, path), content);
};

const link = (path: string, target: string): void => {
  mkdirSync(dirname(join(proc, path)), { recursive: true });
  symlinkSync(target, join(proc, path));
};

const process = (number: number, made: MadeUp): void => {
  const { argv, command = 'containerd', state = 'S', ppid = 1, startTicks = 5000n } = made;
  put(`${number}/cmdline`, argv.map((arg) => `${arg}\0`).join(''));
  const between = Array.from({ length: 17 }, (_, i) => i + 5).join(' ');
  put(`${number}/stat`, `${number} (${command}) ${state} ${ppid} ${between} ${startTicks} 1 2 3\n`);
  put(
    `${number}/status`,
    `Name:\t${command}\nNSpid:\t${(made.nsPids ?? [number]).join('\t')}\nThreads:\t1\n`,
  );
  put(`${number}/wchan`, made.wchan ?? 'do_epoll_wait');
  link(`${number}/root`, '/');
  link(`${number}/ns/net`, 'net:[4026531840]');
  link(`${number}/ns/pid`, 'pid:[4026531836]');
  if (made.exe !== null) link(`${number}/exe`, made.exe ?? '/usr/bin/containerd');
  if (made.fds !== null) mkdirSync(join(proc, `${number}/fd`));
  for (const [i, target] of (made.fds ?? []).entries()) link(`${number}/fd/${i}`, target);
};

const list = async (): Promise<readonly DaemonProcess[]> => (await listDaemons({ path: proc })).items;

const only = async (): Promise<DaemonProcess> => {
  const [daemon, ...more] = await list();
  if (daemon === undefined || more.length > 0) throw new Error(`${more.length + 1} daemons are there`);
  return daemon;
};

describe('the daemons of a host', () => {
  test('are told by what they were started as, in the order of their pids', async () => {
    process(300, {
      argv: ['/usr/bin/dockerd', '-H', 'fd://', '--containerd=/run/containerd/containerd.sock'],
    });
    process(20, {
      argv: ['/usr/bin/containerd', '--address', '/run/c.sock', '-c', '/etc/c.toml', '-l', 'debug'],
    });
    process(1000, {
      argv: [
        '/usr/bin/containerd-shim-runc-v2',
        '-namespace',
        'moby',
        '-id',
        'abc',
        '-address',
        '/run/c.sock',
      ],
    });
    expect(await list()).toMatchObject([
      {
        pid: 20,
        role: 'containerd',
        address: '/run/c.sock',
        config: '/etc/c.toml',
        namespace: null,
        id: null,
      },
      { pid: 300, role: 'dockerd', address: '/run/containerd/containerd.sock', config: null },
      { pid: 1000, role: 'shim', address: '/run/c.sock', namespace: 'moby', id: 'abc' },
    ]);
  });

  test.for([
    [[]],
    [['']],
    [['/usr/bin/containerd', 'config', 'dump']],
    [['/usr/bin/containerd', '--version']],
    [['containerd', '-h']],
    [['/usr/bin/containerd', '--address', '/x', 'publish', '--topic', 't']],
    [['/usr/bin/containerd-shim-runc-v2', '-namespace', 'a', '-id', 'b', 'start']],
    [['/usr/bin/containerd-shim-runc-v2', '-namespace', 'a', '-id', 'b', 'delete']],
    [['/usr/bin/containerd-stress']],
    [['/usr/bin/docker', 'run', 'containerd']],
    [['vim', '/etc/containerd']],
  ] as const)('are not processes such as %j', async ([argv]) => {
    process(50, { argv });
    process(51, { argv: ['containerd'] });
    expect((await only()).pid).toBe(51);
  });

  test('have the state, parent and start of the process, however it is named', async () => {
    process(50, {
      argv: ['containerd'],
      command: 'a) R 7 (b c',
      state: 'T',
      ppid: 4,
      startTicks: 18446744073709551615n,
      wchan: '0',
      nsPids: [50, 7, 1],
    });
    expect(await only()).toMatchObject({
      state: 'T',
      ppid: 4,
      startTicks: 18446744073709551615n,
      wchan: null,
      ownPid: 1,
      pidns: 4026531836n,
      sameRoot: true,
      exe: { state: 'seen', value: '/usr/bin/containerd' },
    });
  });

  test('listen on the sockets that the kernel knows by the same inode, of those that listen at all', async () => {
    put(
      'net/unix',
      [
        'Num       RefCount Protocol Flags    Type St Inode Path',
        '0000000000000000: 00000002 00000000 00010000 0001 01 11 /run/c/containerd.sock.ttrpc',
        '0000000000000000: 00000002 00000000 00010000 0001 01 12 /var/run/c/containerd.sock',
        '0000000000000000: 00000003 00000000 00000000 0001 03 13 /run/c/containerd.sock',
        '0000000000000000: 00000002 00000000 00010000 0001 01 14 /run/with a blank/x.sock',
        '0000000000000000: 00000002 00000000 00010000 0001 01 15',
        'nonsense',
        '',
      ].join('\n'),
    );
    const fds = [
      'socket:[11]',
      'socket:[12]',
      'socket:[12]',
      'socket:[13]',
      'socket:[14]',
      '/dev/null',
      'pipe:[12]',
    ];
    process(50, { argv: ['containerd'], fds });
    expect((await only()).listens).toMatchObject({
      state: 'seen',
      value: ['/run/c/containerd.sock', '/run/c/containerd.sock.ttrpc', '/run/with a blank/x.sock'],
    });
  });

  test('whose sockets cannot be known are there all the same, and that is said', async () => {
    rmSync(join(proc, 'net/unix'));
    process(50, { argv: ['containerd'] });
    const { items, gaps } = await listDaemons({ path: proc });
    expect(items).toMatchObject([{ pid: 50, listens: { state: 'failed' } }]);
    expect(gaps).toMatchObject([{ state: 'failed', from: `${proc}/net/unix`, fields: ['listens'] }]);
  });

  test('that end while they are read are left out, or lack what was not read in time', async () => {
    process(50, { argv: ['containerd'] });
    rmSync(join(proc, '50/stat'));
    process(51, { argv: ['containerd'], exe: null, fds: null });
    const daemon = await only();
    expect(daemon).toMatchObject({ pid: 51, exe: { state: 'absent' }, listens: { state: 'absent' } });
  });

  test('are found among many others, with arguments of any length and bytes', async () => {
    for (let i = 100; i < 400; i += 1) process(i, { argv: ['/bin/sleep', String(i)] });
    put('500/cmdline', Buffer.concat([Buffer.from('/usr/bin/conta\xffinerd\0', 'latin1')]));
    process(600, { argv: ['containerd', '-c', '/etc/c.toml', 'x'.repeat(1 << 20)] });
    put('not-a-pid/cmdline', 'containerd\0');
    const daemon = await only();
    expect(daemon).toMatchObject({ pid: 600, config: '/etc/c.toml' });
    expect(daemon.argv.join(' ').length).toBeLessThanOrEqual(64 * 1024);
  });

  test('are none on a host without any', async () => {
    expect(await listDaemons({ path: proc })).toEqual({ items: [], gaps: [] });
  });
});
