/** Which containerds, and which Docker, a folder has; and when it shows that there was none. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { diskLayout } from '../../src/collect/disk-layout.ts';
import type { Observed } from '../../src/host/observed.ts';
import { facet } from '../../src/host/snapshot.ts';
import { diskWithin } from '../../src/sources/disk/disk.ts';
import { diskTree, listing } from './disk-tree.ts';

const { dir, outside, file, folder, containerd, open } = diskTree();

describe('containerds in a folder', () => {
  test('are found where a live host would have its own, the first of them chosen', async () => {
    for (const root of [
      'home/user/.local/share/containerd',
      'var/lib/rancher/k3s/agent/containerd',
      'var/lib/docker/containerd/daemon',
      'var/lib/containerd',
    ]) {
      containerd(root);
    }
    const { chosen, layout } = await open();
    expect(chosen).toEqual({ path: join(dir(), 'var/lib/containerd'), named: "containerd's default" });
    expect(layout.containerds.map(({ path, named }) => [path.slice(dir().length), named])).toEqual([
      ['/var/lib/containerd', "containerd's default"],
      ['/var/lib/docker/containerd/daemon', "Docker's own containerd"],
      ['/var/lib/rancher/k3s/agent/containerd', 'k3s'],
      ['/home/user/.local/share/containerd', 'rootless containerd'],
    ]);
    expect(layout.docker).toBe(join(dir(), 'var/lib/docker'));
    expect(layout.unread).toEqual([]);
  });

  test('are found where the config files say, also behind links', async () => {
    containerd('mnt/big/ctrd');
    containerd('mnt/big/dock/containerd/daemon');
    file('etc/containerd/config.toml', 'version = 2\nroot = "/data/ctrd/"\n');
    file('etc/docker/daemon.json', '{"data-root":"/../data/./dock"}');
    symlinkSync('/mnt/big', join(dir(), 'data'));
    const { layout, collect } = await open();
    expect(layout.containerds.map(({ path }) => path.slice(dir().length))).toEqual([
      '/data/ctrd',
      '/data/dock/containerd/daemon',
    ]);
    expect(layout.docker).toBe(join(dir(), 'data/dock'));
    const host = await collect(['containerd.images']);
    expect(listing(facet(host, 'containerd.images')).items).toHaveLength(2);
  });

  test('are no others than those inside, whatever the config files and links say', async () => {
    const elsewhere = outside();
    mkdirSync(join(elsewhere, 'io.containerd.metadata.v1.bolt'), { recursive: true });
    file('etc/containerd/config.toml', `root = "/../../../../../..${elsewhere}"\n`);
    folder('var/lib');
    symlinkSync(elsewhere, join(dir(), 'var/lib/containerd'));
    symlinkSync('loop', join(dir(), 'loop'));
    file('etc/docker/daemon.json', '{"data-root":"/loop"}');
    const { layout, chosen } = await open();
    expect(layout.containerds).toEqual([]);
    expect(chosen).toBeUndefined();
    expect(layout.looked.length).toBeGreaterThan(4);
    expect(layout.unread.map(({ why }) => why).join()).toContain('ELOOP');
  });

  test('may be the folder itself, or below the folder of its Docker', async () => {
    containerd('ctrd');
    containerd('dock/containerd/daemon');
    folder('dock/containers');
    folder('dock/image');
    const itself = await open('ctrd/');
    expect(itself.chosen).toEqual({ path: join(dir(), 'ctrd'), named: 'the folder itself' });
    expect(itself.layout.docker).toBeNull();
    const docker = await open('dock');
    expect(docker.chosen?.path).toBe(join(dir(), 'dock/containerd/daemon'));
    expect(docker.layout.docker).toBe(join(dir(), 'dock'));
    rmSync(join(dir(), 'dock/containerd'), { recursive: true });
    expect((await open('dock')).chosen).toBeUndefined();
  });

  test('may have their snapshotters elsewhere, and their config in several files', async () => {
    containerd('big/ctrd');
    const moved = 'io.containerd.snapshotter.v1.overlayfs';
    mkdirSync(join(dir(), 'fast'));
    renameSync(join(dir(), 'big/ctrd', moved), join(dir(), 'fast/ovl'));
    file(
      'etc/containerd/config.toml',
      'version = 2\nroot = "/wrong"\nimports = ["conf.d/*.toml", "../../../../etc/containerd/config.toml"]\n',
    );
    file(
      'etc/containerd/conf.d/10-root.toml',
      'root = "/big/ctrd"\nimports = ["../config.toml", "10-root.toml"]',
    );
    file('etc/containerd/conf.d/20-overlay.toml', `[plugins."${moved}"]\nroot_path = "/fast/ovl/"\n`);
    file('etc/containerd/conf.d/README', 'no config');
    const { chosen, collect } = await open();
    expect(chosen).toMatchObject({ path: join(dir(), 'big/ctrd') });
    const host = await collect(['metadata.databases', 'metadata.snapshots', 'snapshot.directories']);
    expect(listing(facet(host, 'metadata.databases')).items.map(({ path }) => path)).toContain(
      join(dir(), 'fast/ovl/metadata.db'),
    );
    expect(listing(facet(host, 'snapshot.directories')).items.map(({ path }) => path)).toEqual([
      join(dir(), 'fast/ovl/snapshots/1'),
    ]);
    const states = listing(facet(host, 'metadata.snapshots')).items.map(({ backend }) => backend.state);
    expect(states).toContain('seen');
  });

  test('have a snapshotter that lies on another disk as unknown, not as lost', async () => {
    containerd('var/lib/containerd');
    const usual = join(dir(), 'var/lib/containerd/io.containerd.snapshotter.v1.overlayfs');
    file('etc/containerd/config.toml', '[plugins.overlayfs]\nroot_path = "/fast/ovl"\n');
    const states = async (): Promise<readonly string[]> => {
      const host = await (await open()).collect(['metadata.snapshots']);
      const { items } = listing(facet(host, 'metadata.snapshots'));
      return items
        .filter(({ snapshotter }) => snapshotter === 'overlayfs')
        .map(({ backend }) => backend.state);
    };
    // It was set up before, or by one that reads no such section.
    expect(await states()).toContain('seen');
    rmSync(join(usual, 'metadata.db'));
    expect(new Set(await states())).toEqual(new Set(['unsupported']));
  });

  test('have a config that is not known where a file that it imports is not', async () => {
    containerd('var/lib/containerd');
    file('etc/containerd/config.toml', 'version = 2\nroot = "/big/ctrd"\nimports = ["more.toml"]\n');
    // The usual place is looked at all the same.
    expect((await open()).chosen?.path).toBe(join(dir(), 'var/lib/containerd'));
    rmSync(join(dir(), 'var/lib/containerd'), { recursive: true });
    expect((await open()).layout.elsewhere).toMatch(
      /more\.toml may say where, and is not known: .*imports it/,
    );
  });

  test('may be in a home where not all of them are looked at, and that is said', async () => {
    for (let i = 0; i <= 1000; i += 1) folder(`home/${i}`);
    expect((await open()).layout.unread).toMatchObject([{ state: 'truncated', from: join(dir(), 'home') }]);
    const list = (): never => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    };
    const { unread } = await diskLayout({ ...diskWithin(dir()), list }, dir());
    expect(unread).toMatchObject([{ state: 'denied', from: join(dir(), 'home') }]);
  });

  test('are looked for by config files of any kind without waiting for them', async () => {
    containerd('var/lib/containerd');
    folder('etc/containerd');
    folder('etc/docker/daemon.json');
    execFileSync('mkfifo', [join(dir(), 'etc/containerd/config.toml')]);
    expect((await open()).chosen?.path).toBe(join(dir(), 'var/lib/containerd'));
    await expect(open('gone')).rejects.toThrow(/ENOENT.*gone/);
    await expect(open('etc/containerd/config.toml')).rejects.toThrow(/ENOTDIR|no folder/);
  });
});

describe("Docker's data directory without a containerd", () => {
  const docker = (at: string): void => {
    folder(`${at}/containers`);
    folder(`${at}/image`);
  };
  const images = async (at = ''): Promise<Observed<unknown>> =>
    facet(await (await open(at)).collect(['containerd.images']), 'containerd.images');

  test('alone does not say that there was none', async () => {
    docker('dock');
    expect(await images('dock')).toMatchObject({
      state: 'offline',
      why: expect.stringContaining("only Docker's data directory is here"),
    });
    docker('var/lib/docker');
    expect(await images()).toMatchObject({ state: 'offline', why: expect.stringContaining('no /etc') });
  });

  test("alone has Docker's own databases", async () => {
    docker('dock');
    file('dock/volumes/metadata.db', 'no database');
    const host = await (await open('dock')).collect(['metadata.databases']);
    const { items, gaps } = listing(facet(host, 'metadata.databases'));
    expect(items.map(({ owner }) => owner)).toContain('volumes/metadata.db');
    expect(gaps[0]).toMatchObject({ state: 'offline', object: { id: 'metadata' } });
  });

  test('in all of a system says that there was none', async () => {
    docker('var/lib/docker');
    folder('etc');
    expect(await images()).toMatchObject({ state: 'absent' });
    // As dockerd would use it whether it is named or not.
    file('etc/docker/daemon.json', '{"containerd":"/var/run/containerd/containerd.sock"}');
    expect(await images()).toMatchObject({ state: 'absent' });
  });

  test.each([
    ['an empty folder', () => folder('var/lib/containerd'), /is there and has nothing of it/],
    [
      'a config that names another root',
      () => file('etc/containerd/config.toml', 'root = "/data/ctrd"'),
      /says in \/data\/ctrd, where nothing of it is/,
    ],
    ['a config that cannot be read', () => file('etc/containerd/config.toml', 'root = ['), /may say where/],
    [
      "another daemon's address",
      () => file('etc/docker/daemon.json', '{"containerd":"/run/other/containerd.sock"}'),
      /used the containerd at \/run\/other\/containerd\.sock/,
    ],
  ] as const)('does not where the disk has %s', async (_name, make, why) => {
    docker('var/lib/docker');
    folder('etc');
    make();
    expect(await images()).toMatchObject({ state: 'offline', why: expect.stringMatching(why) });
  });

  test("is read with Docker's own, or the system's, where that is there", async () => {
    docker('var/lib/docker');
    containerd('var/lib/docker/containerd/daemon');
    expect((await open('var/lib/docker')).layout.elsewhere).toBeNull();
    expect(await images('var/lib/docker')).toMatchObject({ state: 'seen' });
    expect(await images()).toMatchObject({ state: 'seen' });
  });
});
