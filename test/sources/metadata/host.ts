/** A containerd's root with databases that a test describes, read by the source under test. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach } from 'vitest';
import type { Gap, Listing, Observed } from '../../../src/host/observed.ts';
import { HERE } from '../../../src/sources/disk/disk.ts';
import { filesBelow } from '../../../src/sources/metadata/disk.ts';
import type { FactName } from '../../../src/sources/metadata/facts.ts';
import {
  type MetadataAnswer,
  type MetadataRequest,
  readMetadata,
} from '../../../src/sources/metadata/read.ts';
import { buildFile } from '../../bolt/build-file.ts';
import { type Laid, layOut, type Tree } from '../../bolt/build-tree.ts';
import { scratchFolder } from '../../bolt/scratch.ts';
import { time, uvarint, varint } from './encode.ts';
import { EVERYTHING } from './everything.ts';

/** One root, made anew for each test; call what it has inside a test. */
export interface Root {
  readonly path: () => string;
  readonly metaDb: () => string;
  readonly overlayDb: () => string;
  /** Writes both databases, the first as spoilt. */
  readonly write: (tree?: Tree, spoil?: (laid: Laid) => void) => void;
  readonly read: (wants?: readonly FactName[], more?: Partial<MetadataRequest>) => Promise<MetadataAnswer>;
}

export const scratchRoot = (): Root => {
  const scratch = scratchFolder();
  let root = '';
  let number = 0;
  beforeEach(() => {
    number += 1;
    root = scratch(`root-${number}`);
    mkdirSync(join(root, 'io.containerd.metadata.v1.bolt'), { recursive: true });
    mkdirSync(join(root, 'io.containerd.snapshotter.v1.overlayfs'), { recursive: true });
  });
  const metaDb = (): string => join(root, 'io.containerd.metadata.v1.bolt/meta.db');
  const overlayDb = (): string => join(root, 'io.containerd.snapshotter.v1.overlayfs/metadata.db');
  return {
    path: () => root,
    metaDb,
    overlayDb,
    write: (tree = HOST, spoil = () => {}) => {
      const laid = layOut(tree);
      spoil(laid);
      buildFile(metaDb(), laid);
      buildFile(overlayDb(), layOut(OVERLAY));
    },
    read: (wants = EVERYTHING, more = {}) =>
      readMetadata({
        files: filesBelow(root, HERE),
        disk: HERE,
        wants,
        decode: async ({ value }) => JSON.parse(String(Buffer.from(value))),
        ...more,
      }),
  };
};

export const listing = <T>(fact: Observed<Listing<T>> | undefined): Listing<T> => {
  if (fact?.state !== 'seen') throw new Error(`not seen: ${JSON.stringify(fact)}`);
  return fact.value;
};

/** A gap without its provenance. */
export const shortGap = ({ object, fields, why }: Gap): unknown => ({ object, fields, why });

export const AT = time(1_700_000_000n, 5);
export const DIGEST = `sha256:${'a'.repeat(64)}`;
export const OTHER = `sha256:${'b'.repeat(64)}`;

export const image = (more: Tree = {}): Tree => ({
  createdat: AT,
  updatedat: AT,
  target: { digest: DIGEST, mediatype: 'm', size: varint(7n) },
  ...more,
});

/** Too many labels to be inline: a page of their own. */
export const MANY_LABELS: Tree = Object.fromEntries(
  Array.from({ length: 40 }, (_, i) => [`label-${10 + i}`, 'x'.repeat(30)]),
);

export const snapshot = (name: string, more: Tree = {}): Tree => ({
  name,
  createdat: AT,
  updatedat: AT,
  ...more,
});

export const backend = (id: bigint, kind: number, more: Tree = {}): Tree => ({
  id: uvarint(id),
  kind: Buffer.from([kind]),
  createdat: AT,
  updatedat: AT,
  ...more,
});

export const HOST: Tree = {
  v1: {
    version: varint(3n),
    default: {
      labels: { team: 'front' },
      images: { 'one:1': image(), 'two:1': image({ labels: MANY_LABELS, annotations: { a: 'b' } }) },
      content: {
        blob: {
          [DIGEST]: { createdat: AT, updatedat: AT, size: varint(7n), labels: { x: 'y' } },
          [OTHER]: { createdat: AT, updatedat: AT, size: varint(-1n) },
        },
      },
      snapshots: {
        overlayfs: {
          base: snapshot('default/1/base', { labels: { mine: 'meta', both: 'meta' }, children: { top: '' } }),
          top: snapshot('default/2/top', { parent: 'base' }),
        },
      },
    },
    empty: {},
  },
};

const OVERLAY: Tree = {
  v1: {
    snapshots: {
      'default/1/base': backend(1n, 3, {
        size: varint(100n),
        inodes: varint(5n),
        labels: { both: 'backend', its: 'own' },
      }),
      'default/2/top': backend(300n, 2, { parent: 'default/1/base' }),
    },
    parents: {},
  },
};

/** The bucket's page is gone: zeros, as after a crash. */
export const wipe = (laid: Laid, path: string): void => {
  laid.pages[laid.pageOf(path)] = { bytes: Buffer.alloc(4096) };
};

export const TIME = '2023-11-14T22:13:20.000000005Z';
