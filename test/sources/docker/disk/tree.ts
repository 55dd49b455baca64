/** Data directories as dockerd leaves them, made by hand: small, and with something of everything. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

import { fileBytes } from '../../../bolt/build-file.ts';
import { layOut, type Tree } from '../../../bolt/build-tree.ts';

/** Files by their path; null is a folder with nothing in it. */
export type Files = Readonly<Record<string, string | Uint8Array | null>>;

export const writeFiles = (root: string, files: Files): void => {
  for (const [path, content] of Object.entries(files)) {
    const at = join(root, path);
    if (content === null) mkdirSync(at, { recursive: true });
    else {
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, content);
    }
  }
};

/** A folder for each test; what it returns names it, with these files in it. */
export const scratch = (): ((files?: Files) => string) => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ctrscope-docker-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return (files = {}) => {
    writeFiles(folder, files);
    return folder;
  };
};

export const sha256 = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');
/** 64 digits that begin with a word's own. */
export const hex = (word: string): string => sha256(word);
export const database = (tree: Tree): Buffer => fileBytes(layOut(tree));
const json = JSON.stringify;

export const DIFFS = [`sha256:${hex('low')}`, `sha256:${hex('high')}`] as const;
/** By the formula, written out here a second time. */
export const CHAINS = [DIFFS[0], `sha256:${sha256(`${DIFFS[0]} ${DIFFS[1]}`)}`] as const;
export const CONFIG = json({
  architecture: 'arm64',
  variant: 'v8',
  os: 'linux',
  created: '2026-05-01T10:00:00.123456789Z',
  config: { Env: ['SECRET=4711-canary'], Cmd: ['/bin/sh'] },
  rootfs: { type: 'layers', diff_ids: DIFFS },
});
export const IMAGE = `sha256:${sha256(CONFIG)}`;
export const MOUNT = hex('mount');

export interface ContainerSpec {
  readonly name: string;
  readonly driver?: string;
  readonly state?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly host?: Readonly<Record<string, unknown>>;
  readonly createdAt?: string;
}

export const NEVER = '0001-01-01T00:00:00Z';

/** A container's two files, below `containers/`. */
export const container = ({ name, driver, state, config, host, createdAt }: ContainerSpec): Files => {
  const id = hex(name);
  return {
    [`containers/${id}/config.v2.json`]: json({
      StreamConfig: {},
      State: {
        Running: false,
        Paused: false,
        Restarting: false,
        OOMKilled: false,
        RemovalInProgress: false,
        Dead: false,
        Pid: 0,
        ExitCode: 0,
        Error: '',
        StartedAt: NEVER,
        FinishedAt: NEVER,
        Health: null,
        ...state,
      },
      ID: id,
      Created: createdAt ?? '2026-05-02T10:00:00.5Z',
      Path: '/bin/sh',
      Args: [],
      Config: {
        Image: 'shop/web:1',
        Env: ['A=4711-canary'],
        Labels: { 'com.example': 'a', 'api.token': 'tok' },
      },
      Image: IMAGE,
      ImageManifest: null,
      Name: `/${name}`,
      Driver: driver ?? 'overlay2',
      ...config,
    }),
    [`containers/${id}/hostconfig.json`]: json({
      Memory: 67108864,
      MemorySwap: 134217728,
      NanoCpus: 0,
      MemorySwappiness: null,
      PidsLimit: null,
      CgroupParent: '',
      Privileged: false,
      ...host,
    }),
  };
};

const image = `image/overlay2`;
const layer = (chain: string): string => `${image}/layerdb/sha256/${chain.slice(7)}`;

/** A host with overlay2: two layers, an image with two names, two containers, volumes, networks, a build. */
export const GRAPHDRIVER: Files = {
  'engine-id': '11111111-2222-3333-4444-555555555555',
  [`${image}/repositories.json`]: json({
    Repositories: {
      'shop/web': {
        'shop/web:1': IMAGE,
        [`shop/web@sha256:${hex('manifest')}`]: IMAGE,
      },
      'registry.test:5000/a/b': { 'registry.test:5000/a/b:2': IMAGE },
    },
  }),
  [`${image}/imagedb/content/sha256/${IMAGE.slice(7)}`]: CONFIG,
  [`${image}/imagedb/metadata/sha256/${IMAGE.slice(7)}/parent`]: `sha256:${hex('parent')}`,
  [`${image}/imagedb/metadata/sha256/${IMAGE.slice(7)}/lastUpdated`]: '2026-05-01T10:00:00Z',
  [`${layer(CHAINS[0])}/diff`]: DIFFS[0],
  [`${layer(CHAINS[0])}/cache-id`]: hex('cache-low'),
  [`${layer(CHAINS[0])}/size`]: '1984230',
  [`${layer(CHAINS[0])}/tar-split.json.gz`]: 'x',
  [`${layer(CHAINS[1])}/diff`]: DIFFS[1],
  [`${layer(CHAINS[1])}/cache-id`]: hex('cache-high'),
  [`${layer(CHAINS[1])}/parent`]: CHAINS[0],
  [`${layer(CHAINS[1])}/size`]: '64',
  [`${image}/layerdb/mounts/${hex('web')}/mount-id`]: MOUNT,
  [`${image}/layerdb/mounts/${hex('web')}/init-id`]: `${MOUNT}-init`,
  [`${image}/layerdb/mounts/${hex('web')}/parent`]: CHAINS[1],
  [`${image}/layerdb/tmp`]: null,
  [`overlay2/${hex('cache-low')}/diff`]: null,
  [`overlay2/${hex('cache-low')}/link`]: 'A'.repeat(26),
  [`overlay2/${hex('cache-high')}/diff`]: null,
  [`overlay2/${MOUNT}/diff`]: null,
  [`overlay2/${MOUNT}-init/diff`]: null,
  'overlay2/l': null,
  'overlay2/backingFsBlockDev': '',
  ...container({
    name: 'web',
    state: { Running: true, Pid: 4242, StartedAt: '2026-05-02T10:00:01Z' },
    host: { NanoCpus: 1500000000, MemorySwappiness: 0, Privileged: true },
  }),
  ...container({
    name: 'job',
    state: {
      ExitCode: 137,
      OOMKilled: true,
      StartedAt: '2026-05-02T10:00:01Z',
      FinishedAt: '2026-05-02T10:00:09.25Z',
    },
  }),
  'volumes/metadata.db': database({
    volumes: {
      data: json({ Name: 'data', Driver: 'local', Labels: { tier: 'db' }, Options: null }),
      nfs: json({ Name: 'nfs', Driver: 'vieux/sshfs', Labels: null, Options: null }),
    },
  }),
  'volumes/data/_data': null,
  'volumes/stray/_data': null,
  'network/files/local-kv.db': database({
    libnetwork: {
      [`docker/network/v1.0/bridge/${hex('net')}/`]: counted('{}'),
      [`docker/network/v1.0/endpoint/${hex('net')}/${hex('ep')}/`]: counted('{}'),
      [`docker/network/v1.0/network/${hex('net')}/`]: counted(
        json({ id: hex('net'), name: 'backend', networkType: 'bridge', labels: { 'api.token': 'tok' } }),
      ),
      [`docker/network/v1.0/network/${hex('none')}/`]: counted(
        json({ id: hex('none'), name: 'none', networkType: 'null', labels: null }),
      ),
      [`docker/network/v1.0/sandbox/${hex('sb')}/`]: counted('{}'),
    },
  }),
  'buildkit/snapshots.db': database({
    made25characterslongabcdef: { parent: '' },
    named25charactersofabcdefg: { committed: 'made25characterslongabcdef', size: '12' },
    pulled: { chainid: CHAINS[0] },
    [CHAINS[1]]: {},
  }),
};

/** A host with containerd's image store. */
export const CONTAINERD: Files = {
  'engine-id': '11111111-2222-3333-4444-555555555555',
  'buildkit/containerd-overlayfs': null,
  'buildkit/cache.db': '',
  [`rootfs/overlayfs/${hex('new')}`]: null,
  ...container({
    name: 'new',
    driver: 'overlayfs',
    state: { StartedAt: '2026-06-01T00:00:00Z', FinishedAt: '2026-06-01T00:01:00Z' },
    config: {
      Image: `sha256:${hex('index')}`,
      ImageManifest: {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: `sha256:${hex('manifest')}`,
        size: 507,
        annotations: { 'api.token': 'tok' },
      },
    },
  }),
  'volumes/metadata.db': database({ volumes: {} }),
};

/** libnetwork's value: a counter of eight bytes before the JSON. */
export function counted(value: string): Buffer {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64LE(7n);
  return Buffer.concat([counter, Buffer.from(value)]);
}
