/** Which files are those of a daemon: only what it says of itself, or what its process shows. */
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { filesOfDaemon, type Machine } from '../../src/collect/daemon-files.ts';
import { filledFromDisk } from '../../src/collect/fill-in.ts';
import type { ReaderContext, Readers } from '../../src/collect/reader-context.ts';
import { storageBelow } from '../../src/collect/storage-files.ts';
import type { Plugin } from '../../src/host/containerd.ts';
import type { Candidate, DaemonProcess } from '../../src/host/daemon.ts';
import { pid } from '../../src/host/ids.ts';
import { absent, type Observed, seen, type UnknownState, unknown } from '../../src/host/observed.ts';
import type { FacetName } from '../../src/host/snapshot.ts';
import { diskWithin, HERE } from '../../src/sources/disk/disk.ts';
import { buildFile } from '../bolt/build-file.ts';
import { layOut } from '../bolt/build-tree.ts';
import { scratchFolder } from '../bolt/scratch.ts';
import { HOST } from '../sources/metadata/host.ts';

const AT = '2026-01-01T00:00:00Z';
const ADDRESS = '/run/test/containerd.sock';
const META_DB = 'io.containerd.metadata.v1.bolt/meta.db';

const scratch = scratchFolder();
let number = 0;
let dir = '';

beforeEach(() => {
  number += 1;
  dir = scratch(`daemon-${number}`);
  mkdirSync(dir);
});

const containerd = (root: string): string => {
  const path = join(dir, root, META_DB);
  mkdirSync(dirname(path), { recursive: true });
  buildFile(path, layOut(HOST));
  return path;
};

const daemon = (more: Partial<DaemonProcess>): DaemonProcess => ({
  role: 'containerd',
  pid: pid(7),
  ppid: pid(1),
  state: 'S',
  exe: absent('exe', AT),
  argv: ['containerd'],
  startTicks: 1n,
  wchan: null,
  frozenBy: null,
  ownPid: null,
  pidns: null,
  sameRoot: true,
  listens: absent('fd', AT),
  database: absent('fd', AT),
  address: ADDRESS,
  config: join(dir, 'none.toml'),
  namespace: null,
  id: null,
  ...more,
});

const plugin = (type: string, id: string, exports: Plugin['exports']): Plugin => ({
  type,
  id,
  status: 'ok',
  error: null,
  requires: [],
  platforms: [],
  capabilities: [],
  exports,
});

interface Case {
  readonly daemons?: readonly DaemonProcess[];
  readonly plugins?: readonly Plugin[];
  /** How the address was found; a well-known one is not the user's. */
  readonly wellKnown?: string;
  readonly known?: ReaderContext['known'];
  readonly wants?: readonly FacetName[];
}

const context = ({ daemons = [], plugins, wellKnown, known, wants = [] }: Case): ReaderContext => {
  const chosen: Candidate | null =
    wellKnown === undefined
      ? null
      : { address: wellKnown, origin: 'well-known', named: 'x', answer: { state: 'refused' } };
  const facts: Partial<Record<FacetName, Observed<unknown>>> = {
    'proc.daemons': seen({ items: daemons, gaps: [] }, '/proc', AT),
    'containerd.discovery': seen({ candidates: [], chosen }, 'discovery', AT),
    'containerd.plugins':
      plugins === undefined
        ? unknown('unreachable', 'Introspection.Plugins', 'nobody', AT, 0)
        : seen({ items: plugins, gaps: [] }, 'Introspection.Plugins', AT),
  };
  return {
    options: wellKnown === undefined ? { address: ADDRESS, environment: {} } : { environment: {} },
    scope: {},
    connect: () => Promise.reject(new Error('not to be called')),
    once: (async (name: FacetName) => facts[name]) as unknown as ReaderContext['once'],
    wants,
    known: known ?? new Map(),
    unanswered: new Map(),
  };
};

const metaDbOf = async (of: Case): Promise<string> => {
  const found = await filesOfDaemon(context(of), true);
  return 'why' in found ? found.why : found.files.metadata.metaDb;
};

describe("a daemon's files", () => {
  test('are where its plugins say', async () => {
    const plugins = [
      plugin('io.containerd.metadata.v1', 'bolt', { path: '/data/meta.db' }),
      plugin('io.containerd.content.v1', 'content', { root: '/data/content' }),
      plugin('io.containerd.snapshotter.v1', 'overlayfs', { root: '/fast/overlay' }),
      plugin('io.containerd.snapshotter.v1', 'remote', {}),
    ];
    // Its process would say something else, of an older version of itself.
    const database = seen(containerd('other'), 'fd', AT);
    expect(await filesOfDaemon(context({ plugins, daemons: [daemon({ database })] }), true)).toEqual({
      by: null,
      files: {
        metadata: {
          metaDb: '/data/meta.db',
          snapshotters: [{ name: 'overlayfs', database: '/fast/overlay/metadata.db' }],
          ingests: '/data/content/ingest',
        },
        content: '/data/content',
        snapshotters: [{ name: 'overlayfs', root: '/fast/overlay' }],
      },
    });
  });

  test("are, of 1.6's native snapshotter, which says nothing, at the usual place, if a database is there", async () => {
    const metaDb = containerd('old');
    const plugins = [
      plugin('io.containerd.metadata.v1', 'bolt', { path: metaDb }),
      plugin('io.containerd.content.v1', 'content', { root: '/data/content' }),
      plugin('io.containerd.snapshotter.v1', 'native', {}),
      plugin('io.containerd.snapshotter.v1', 'remote', {}),
    ];
    const snapshotters = async (): Promise<unknown> => {
      const found = await filesOfDaemon(context({ plugins }), true);
      return 'why' in found ? found.why : found.files.snapshotters;
    };
    expect(await snapshotters()).toEqual([]);
    for (const name of ['native', 'remote']) {
      mkdirSync(join(dir, `old/io.containerd.snapshotter.v1.${name}`));
      writeFileSync(join(dir, `old/io.containerd.snapshotter.v1.${name}/metadata.db`), '');
    }
    expect(await snapshotters()).toEqual([
      { name: 'native', root: join(dir, 'old/io.containerd.snapshotter.v1.native') },
    ]);
  });

  test('are those that its process shows: the open database, its arguments, its config', async () => {
    const [a, b, c] = [containerd('a'), containerd('b'), containerd('c')];
    const config = join(dir, 'config.toml');
    writeFileSync(config, `version = 2\nroot = "${join(dir, 'c')}"\n`);
    const argv = ['containerd', '--root', join(dir, 'b')];
    expect(await metaDbOf({ daemons: [daemon({ database: seen(a, 'fd', AT), argv, config })] })).toBe(a);
    expect(await metaDbOf({ daemons: [daemon({ argv, config })] })).toBe(b);
    expect(await metaDbOf({ daemons: [daemon({ argv: ['containerd', `--root=${join(dir, 'b')}`] })] })).toBe(
      b,
    );
    expect(await metaDbOf({ daemons: [daemon({ config })] })).toBe(c);
  });

  test('are of nobody where the process is another one, has another root, or is none', async () => {
    const database = seen(containerd('a'), 'fd', AT);
    const nothing = /nothing says where its files are/;
    expect(await metaDbOf({})).toMatch(nothing);
    // Unknown for the reason why its plugins are.
    expect(await filesOfDaemon(context({}), true)).toMatchObject({ state: 'unreachable' });
    expect(await filesOfDaemon(context({}), false)).toMatchObject({ state: 'unsupported' });
    expect(await metaDbOf({ daemons: [daemon({ database, address: '/run/other.sock' })] })).toMatch(nothing);
    expect(await metaDbOf({ daemons: [daemon({ database, role: 'dockerd' })] })).toMatch(nothing);
    expect(await metaDbOf({ daemons: [daemon({ database, sameRoot: false })] })).toMatch(
      /a root directory of its own/,
    );
    // Its own config file is gone: the default folder is not taken for it.
    expect(await metaDbOf({ daemons: [daemon({})] })).toMatch(nothing);
  });

  test('are those that its plugins have once named, after it is gone', async () => {
    const known = new Map([[ADDRESS, storageBelow(dirname(dirname(containerd('a'))), HERE)]]);
    expect(await metaDbOf({ known })).toBe(join(dir, 'a', META_DB));
    expect(await metaDbOf({ known, wellKnown: '/run/unknown.sock' })).toMatch(/nothing says/);
  });
});

describe("a daemon's files after it is gone", () => {
  const TASKS = 'io.containerd.runtime.v2.task';
  const nothing = /nothing says where its files are/;

  /** A machine whose root is the folder of the test. */
  const machine = (): Machine => {
    const disk = diskWithin(dir);
    const at = (path: string): string => `${dir}${path}`;
    return {
      proc: { path: join(dir, 'proc') },
      disk: {
        open: (path) => disk.open(at(path)),
        stat: (path) => disk.stat(at(path)),
        read: (path, maxBytes) => disk.read(at(path), maxBytes),
        list: (path) => disk.list(at(path)),
        folder: (path) => disk.folder(at(path)),
      },
    };
  };
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  /** A shim that works in a bundle, with containerd's link to its root. */
  const shim = (number: number, root: string, more: Partial<DaemonProcess> = {}): DaemonProcess => {
    const bundle = join(dir, `state/${TASKS}/default/task-${number}`);
    mkdirSync(bundle, { recursive: true });
    mkdirSync(join(dir, `proc/${number}`), { recursive: true });
    symlinkSync(`${root}/${TASKS}/default/task-${number}`, join(bundle, 'work'));
    symlinkSync(bundle, join(dir, `proc/${number}/cwd`));
    const id = `task-${number}`;
    return daemon({ role: 'shim', pid: pid(number), namespace: 'default', id, config: null, ...more });
  };
  const found = async (
    daemons: readonly DaemonProcess[],
    address = ADDRESS,
    isNamed = false,
  ): Promise<{ readonly root: string; readonly by: string | null } | string> => {
    const options = isNamed ? { address, environment: {} } : { environment: { CONTAINERD_ADDRESS: address } };
    const files = await filesOfDaemon({ ...context({ daemons }), options }, false, machine());
    if ('why' in files) return files.why;
    return { root: files.files.metadata.metaDb.slice(0, -META_DB.length - 1), by: files.by };
  };

  test('are where its link for a shim leads, if a containerd has its database there', async () => {
    containerd('data/ctrd');
    expect(await found([shim(11, '/data/ctrd')])).toEqual({
      root: '/data/ctrd',
      by: `found by ${dir}/state/${TASKS}/default/task-11/work, its link for the shim of task-11`,
    });
    expect(await found([shim(12, '/nowhere')])).toMatch(nothing);
  });

  test("are not where another daemon's shims lead, nor where its own disagree", async () => {
    containerd('data/one');
    containerd('data/two');
    expect(await found([shim(11, '/data/one', { address: '/run/other.sock' })])).toMatch(nothing);
    expect(await found([shim(12, '/data/one', { sameRoot: false })])).toMatch(nothing);
    expect(await found([shim(13, '/data/one', { id: 'another' })])).toMatch(nothing);
    expect(await found([shim(14, '/data/one'), shim(15, '/data/one')])).toMatchObject({ root: '/data/one' });
    expect(await found([shim(16, '/data/one'), shim(17, '/data/two')])).toMatch(nothing);
  });

  test("are where its link in a bundle beside its socket leads, if the shim's socket is called by its address", async () => {
    containerd('data/ctrd');
    const socket = join(dir, 'state/containerd.sock');
    const bundle = (id: string, root: string, hashed: string, file: string): void => {
      const path = join(dir, `state/${TASKS}/default/${id}`);
      mkdirSync(path, { recursive: true });
      symlinkSync(`${root}/${TASKS}/default/${id}`, join(path, 'work'));
      const hash = createHash('sha256').update(`${hashed}/default/${id}`).digest('hex');
      const address = `unix:///run/containerd/s/${hash}`;
      writeFileSync(
        join(path, file),
        file === 'address' ? address : JSON.stringify({ version: 3, address, protocol: 'ttrpc' }),
      );
    };
    // Its paths are this machine's: the bundles are looked for where the socket is.
    const own = async (): Promise<unknown> => {
      const base = context({});
      const options = { address: socket, environment: {} };
      const answer = await filesOfDaemon({ ...base, options }, false, { ...machine(), disk: HERE });
      return 'why' in answer ? answer.why : answer.by;
    };
    bundle('others', join(dir, 'data/ctrd'), '/run/other.sock', 'address');
    expect(await own()).toMatch(nothing);
    bundle('web', join(dir, 'data/ctrd'), socket, 'address');
    bundle('db', join(dir, 'data/ctrd'), socket, 'bootstrap.json');
    expect(await own()).toBe(
      `found by ${join(dir, `state/${TASKS}/default/db/work`)}, its link for the shim of db`,
    );
    bundle('old', join(dir, 'data/old'), socket, 'bootstrap.json');
    expect(await own()).toMatch(nothing);
  });

  test('are at the default root for the default address, unless the config has another for it', async () => {
    const DEFAULT = '/run/containerd/containerd.sock';
    expect(await found([], DEFAULT)).toMatch(nothing);
    containerd('var/lib/containerd');
    expect(await found([], `unix:///var${DEFAULT}`)).toEqual({
      root: '/var/lib/containerd',
      by: `found as the root that a containerd without a config has for the address ${DEFAULT}`,
    });
    expect(await found([])).toMatch(nothing);
    expect(await found([], DEFAULT, true), 'with -a').toMatch(nothing);
    containerd('data/ctrd');
    put('etc/containerd/config.toml', `version = 2\nroot = "/data/ctrd"\n`);
    expect(await found([], DEFAULT)).toMatchObject({
      root: '/data/ctrd',
      by: expect.stringContaining('/etc/containerd/config.toml'),
    });
    // The config is of another address: of this one, nobody knows.
    put('etc/containerd/config.toml', `root = "/data/ctrd"\n[grpc]\naddress = "${ADDRESS}"\n`);
    expect(await found([], DEFAULT)).toMatch(nothing);
    expect(await found([])).toMatchObject({ root: '/data/ctrd' });
    put('etc/containerd/config.toml', 'root = [');
    expect(await found([], DEFAULT)).toMatch(nothing);
  });

  test('are not at a root that another containerd has, nor of one that runs and does not say', async () => {
    const DEFAULT = '/run/containerd/containerd.sock';
    containerd('var/lib/containerd');
    const open = seen(`/var/lib/containerd/${META_DB}`, 'fd', AT);
    expect(await found([daemon({ database: open })], DEFAULT)).toMatch(nothing);
    const argv = ['containerd', '--root', '/var/lib/containerd'];
    expect(await found([daemon({ argv })], DEFAULT)).toMatch(nothing);
    expect(await found([daemon({ argv: ['containerd', '--root', '/other'] })], DEFAULT)).toMatchObject({
      root: '/var/lib/containerd',
    });
    // In a container, the same path is another folder.
    expect(await found([daemon({ argv, sameRoot: false })], DEFAULT)).toMatchObject({
      root: '/var/lib/containerd',
    });
    expect(await found([daemon({ address: DEFAULT })], DEFAULT)).toMatch(nothing);
  });

  test("are at its usual root for Docker's own, unless Docker's data was moved", async () => {
    const DOCKERS = '/run/docker/containerd/containerd.sock';
    containerd('var/lib/docker/containerd/daemon');
    expect(await found([], DOCKERS)).toEqual({
      root: '/var/lib/docker/containerd/daemon',
      by: "found as the root that Docker's own containerd has by default",
    });
    const dockerd = daemon({
      role: 'dockerd',
      argv: ['dockerd', '--data-root=/data'],
      config: null,
      address: null,
    });
    expect(await found([dockerd], DOCKERS)).toMatch(nothing);
    put('etc/docker/daemon.json', '{"data-root":"/data"}');
    expect(await found([], DOCKERS)).toMatch(nothing);
    put('etc/docker/daemon.json', '{');
    expect(await found([], DOCKERS)).toMatch(nothing);
  });
});

describe('a listing', () => {
  const answering = async (state: UnknownState | 'seen' | 'absent', of: Case): Promise<Observed<unknown>> => {
    const items = [{ name: 'live', labels: {} }];
    const fact: Observed<unknown> =
      state === 'seen'
        ? seen({ items, gaps: [] }, 'Namespaces.List', AT)
        : state === 'absent'
          ? absent('Namespaces.List', AT)
          : unknown(state, 'Namespaces.List', 'it does not answer', AT, 5);
    const wants: readonly FacetName[] = ['containerd.namespaces'];
    const readers = { 'containerd.namespaces': async () => fact } as unknown as Readers;
    return filledFromDisk(readers, context({ ...of, wants }))['containerd.namespaces']();
  };

  test.each(['timeout', 'unreachable', 'failed', 'denied', 'truncated'] as const)(
    'that is %s comes from the files, with the failure beside it',
    async (state) => {
      const metaDb = containerd('a');
      const fact = await answering(state, { daemons: [daemon({ database: seen(metaDb, 'fd', AT) })] });
      expect(fact).toMatchObject({
        state: 'seen',
        from: metaDb,
        value: {
          items: [{ name: 'default' }, { name: 'empty' }],
          gaps: [{ state, from: 'Namespaces.List', why: `it does not answer; this is what ${metaDb} says` }],
        },
      });
    },
  );

  test('that was answered, or that the daemon does not have, is not looked for in them', async () => {
    const daemons = [daemon({ database: seen(containerd('a'), 'fd', AT) })];
    expect(await answering('seen', { daemons })).toMatchObject({ value: { items: [{ name: 'live' }] } });
    expect(await answering('absent', { daemons })).toMatchObject({ state: 'absent' });
    expect(await answering('unsupported', { daemons })).toMatchObject({ state: 'unsupported' });
  });

  test('stays unknown for its own reason where the files are unknown or say nothing', async () => {
    const own = { state: 'timeout', why: 'it does not answer' };
    expect(await answering('timeout', {})).toMatchObject(own);
    const metaDb = containerd('a');
    writeFileSync(metaDb, 'no database');
    expect(
      await answering('timeout', { daemons: [daemon({ database: seen(metaDb, 'fd', AT) })] }),
    ).toMatchObject(own);
    const gone = seen(join(dir, 'gone', META_DB), 'fd', AT);
    expect(await answering('timeout', { daemons: [daemon({ database: gone })] })).toMatchObject(own);
  });
});
