import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { dirname, join } from 'node:path';

import { execa } from 'execa';

import { busybox, provideBinaries } from './binaries.ts';
import { withFileLock } from './file-lock.ts';
import type { Lab } from './lab.ts';
import { type ImageSource, ociArchive } from './oci-archive.ts';
import { cacheFolder } from './paths.ts';
import { REQUIRED_SUITE } from './suites.ts';
import { type TarEntry, tar } from './tar.ts';

/** One platform, two layers; runs everywhere: busybox with `sh`, `sleep` and the rest. */
export const SINGLE_IMAGE = 'docker.io/library/ctrscope-busybox:1';

/** An index of linux/amd64 and linux/arm64; only this host's own platform runs. */
export const MULTI_IMAGE = 'registry.test/ctrscope/multi:1';

/** What CRI uses for the sandbox of a pod. */
export const PAUSE_IMAGE = 'registry.test/ctrscope/pause:1';

/** Made by `docker import`: one layer and no history. */
export const IMPORTED_IMAGE = 'ctrscope-imported:1';

/** The archives on disk that the images are imported from. */
export type ImageArchives = {
  readonly single: string;
  readonly multi: string;
  readonly pause: string;
  /** A plain root file system for `docker import`. */
  readonly rootfs: string;
};

/** A change here makes the archives be built anew. */
const RECIPE = 2;

/** Builds the archives unless they are in the cache; the same bytes whenever and wherever built. */
export const buildImages = async (): Promise<ImageArchives> => {
  await provideBinaries(REQUIRED_SUITE);
  const { size } = await stat(busybox());
  const folder = join(cacheFolder(), 'images', `${RECIPE}-${size}`);
  const archives = {
    single: join(folder, 'single.tar'),
    multi: join(folder, 'multi.tar'),
    pause: join(folder, 'pause.tar'),
    rootfs: join(folder, 'rootfs.tar'),
  };
  const areThere = (): boolean => Object.values(archives).every((file) => existsSync(file));
  if (areThere()) return archives;
  await withFileLock(join(cacheFolder(), 'images.lock'), async () => {
    if (!areThere()) await build(archives);
  });
  return archives;
};

const build = async (archives: ImageArchives): Promise<void> => {
  await mkdir(dirname(archives.single), { recursive: true });
  const base = await busyboxLayer();
  const own: ImageSource = {
    architecture: hostArchitecture(),
    layers: [base, applicationLayer],
    config: {
      Cmd: ['/bin/sh'],
      Env: ['PATH=/bin', 'GREETING=hello'],
      Labels: { 'org.opencontainers.image.title': 'ctrscope-busybox', 'ctrscope.test': 'image' },
    },
  };
  const other: ImageSource = {
    architecture: hostArchitecture() === 'amd64' ? 'arm64' : 'amd64',
    layers: [[{ path: 'README', content: 'this platform is here to be listed, not to be run\n' }]],
    config: { Cmd: ['/bin/sh'] },
  };
  const pause: ImageSource = { ...own, layers: [base], config: { Entrypoint: ['/bin/sleep', '2147483647'] } };
  await writeWhole(archives.single, ociArchive(SINGLE_IMAGE, [own]));
  await writeWhole(archives.multi, ociArchive(MULTI_IMAGE, [own, other]));
  await writeWhole(archives.pause, ociArchive(PAUSE_IMAGE, [pause]));
  await writeWhole(archives.rootfs, tar(base));
};

/** Imports the single-platform image into a namespace, unless it is there. */
export const importSingleImage = async (lab: Lab, namespace: string = lab.namespace): Promise<string> => {
  if (!(await hasImage(lab, namespace, SINGLE_IMAGE))) {
    await lab.ctr(['images', 'import', (await buildImages()).single], { namespace });
  }
  return SINGLE_IMAGE;
};

/** Imports the multi-platform image with the content of all its platforms, unless it is there. */
export const importMultiImage = async (lab: Lab, namespace: string = lab.namespace): Promise<string> => {
  if (!(await hasImage(lab, namespace, MULTI_IMAGE))) {
    // Unpacked apart: `import --all-platforms` would unpack the foreign platform too, and 2.x refuses to.
    await lab.ctr(['images', 'import', '--all-platforms', '--no-unpack', (await buildImages()).multi], {
      namespace,
    });
  }
  return MULTI_IMAGE;
};

/** Loads the single-platform image into Docker and imports the plain root file system, unless they are there. */
export const importDockerImages = async (lab: Lab): Promise<readonly string[]> => {
  const archives = await buildImages();
  const { stdout } = await lab.docker(['images', '--format', '{{.Repository}}:{{.Tag}}']);
  const there = stdout.split('\n');
  const loaded = SINGLE_IMAGE.replace('docker.io/library/', '');
  if (!there.includes(loaded)) await lab.docker(['load', '--quiet', '--input', archives.single]);
  if (!there.includes(IMPORTED_IMAGE)) await lab.docker(['import', archives.rootfs, IMPORTED_IMAGE]);
  return [loaded, IMPORTED_IMAGE];
};

const hasImage = async (lab: Lab, namespace: string, name: string): Promise<boolean> =>
  (await lab.ctr(['images', 'list', '--quiet'], { namespace })).stdout.split('\n').includes(name);

/** Architectures are named as in Go. */
const hostArchitecture = (): string => (arch() === 'x64' ? 'amd64' : arch());

const busyboxLayer = async (): Promise<readonly TarEntry[]> => {
  const { stdout } = await execa(busybox(), ['--list']);
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  return [
    ...['bin', 'dev', 'etc', 'proc', 'root', 'run', 'sys', 'var'].map((path) => ({
      path,
      folder: true as const,
    })),
    { path: 'tmp', folder: true, mode: 0o1777 },
    {
      path: 'etc/passwd',
      content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    },
    { path: 'etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
    { path: 'bin/busybox', content: await readFile(busybox()), mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })),
  ];
};

const applicationLayer: readonly TarEntry[] = [
  { path: 'srv', folder: true },
  { path: 'srv/index.html', content: '<!doctype html><title>ctrscope</title>\n' },
  { path: 'etc/motd', content: 'a test image of ctrscope\n' },
];

/** A file appears whole or not at all. */
const writeWhole = async (file: string, content: Buffer): Promise<void> => {
  const partial = `${file}.new`;
  await writeFile(partial, content);
  await rename(partial, file);
};
