/** A lab's files, for those who damage them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { contentReferences, snapshotReferences } from '../../src/host/content-labels.ts';
import { importSingleImage, SINGLE_IMAGE } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { until } from '../lab/until.ts';
import { documentOf } from '../live/program.ts';

/** What the lab's unpacked image is made of. */
export type ImageBlobs = {
  readonly manifest: string;
  readonly config: string;
  readonly layers: readonly string[];
};

/** An image, unpacked, and a running container of it. */
export const withContainer = async (lab: Lab): Promise<void> => {
  await importSingleImage(lab);
  await lab.ctr(['run', '--detach', SINGLE_IMAGE, 'web', '/bin/sleep', '86400']);
};

/** By the labels of the records, which is how containerd itself finds its way. */
export const imageBlobs = async (lab: Lab): Promise<ImageBlobs> => {
  const { items } = await documentOf(lab, ['get', 'content', '-n', lab.namespace]);
  const records = items.map((item) => ({
    digest: String(item['digest']),
    labels: item['labels'] as Record<string, string>,
  }));
  const unpacked = new Set(
    records.filter(({ labels }) => snapshotReferences(labels).length > 0).map(({ digest }) => digest),
  );
  for (const { digest, labels } of records) {
    const parts = contentReferences(labels);
    const config = parts.find((part) => part.role === 'config' && unpacked.has(part.digest))?.digest;
    const layers = parts.filter(({ role }) => role === 'layer').map((part) => part.digest);
    if (config !== undefined && layers.length > 0) return { manifest: digest, config, layers };
  }
  throw new Error(`no image of lab ${lab.tag} is unpacked: ${JSON.stringify(records)}`);
};

export const contentStore = (lab: Lab): string =>
  join(lab.containerdRoot, 'io.containerd.content.v1.content');

export const blobFile = (lab: Lab, digest: string): string =>
  join(contentStore(lab), 'blobs', digest.replace(':', '/'));

export const overlay = (lab: Lab): string =>
  join(lab.containerdRoot, 'io.containerd.snapshotter.v1.overlayfs');

export const META_DB = 'io.containerd.metadata.v1.bolt/meta.db';

/** Makes containerd collect, and waits until it has: a lease that goes is reason enough. */
export const collectGarbage = async (lab: Lab): Promise<void> => {
  await lab.ctr(['leases', 'create', '--id', 'collect']);
  await lab.ctr(['leases', 'delete', '--sync', 'collect']);
};

const INGEST = 'fault-ingest';

/** An upload whose client was killed. */
export const leaveUpload = async (lab: Lab): Promise<string> => {
  const client = spawn(
    lab.programs.ctr,
    ['--address', lab.address, '--namespace', lab.namespace, 'content', 'ingest', INGEST],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  );
  const ended = once(client, 'close');
  client.stdin.on('error', () => {}); // the client is killed while it would read on
  client.stdin.write(Buffer.alloc(1 << 20, 'ctrscope'));
  try {
    await until(`upload ${INGEST} of lab ${lab.tag} has bytes`, async () =>
      (await lab.ctr(['content', 'active'])).stdout.includes('1.049MB') ? true : undefined,
    );
  } finally {
    client.kill('SIGKILL');
    await ended;
  }
  return INGEST;
};

/** Makes every upload of the lab as old as the moment. */
export const dateUploads = (lab: Lab, moment: Date): void => {
  for (const name of readdirSync(join(contentStore(lab), 'ingest'))) {
    const folder = join(contentStore(lab), 'ingest', name);
    for (const file of ['startedat', 'updatedat']) writeFileSync(join(folder, file), moment.toISOString());
    utimesSync(join(folder, 'data'), moment, moment);
  }
};

/** A copy of containerd's root as it is between two runs of the daemon. */
export const copyRoot = async (lab: Lab): Promise<string> => {
  const copy = join(lab.root, 'copied-root');
  await lab.stopContainerd();
  rmSync(copy, { recursive: true, force: true });
  // Devices and what is mounted below are of no matter: the snapshots' folders are.
  cpSync(lab.containerdRoot, copy, { recursive: true, verbatimSymlinks: true });
  await lab.startContainerd();
  return copy;
};

/** Writes zeroes over pages of a database. */
export const zeroPages = (file: string, pages: readonly number[], pageSize = 4096): void => {
  const fd = openSync(file, 'r+');
  try {
    for (const page of pages) writeSync(fd, Buffer.alloc(pageSize), 0, pageSize, page * pageSize);
  } finally {
    closeSync(fd);
  }
};

/** The page that the newest meta page of a database names as the root of all buckets. */
export const rootPage = (file: string, pageSize = 4096): number => {
  const bytes = readFileSync(file);
  const metas = [0, 1].map((page) => {
    const at = page * pageSize + 16;
    return { root: bytes.readBigUInt64LE(at + 16), txid: bytes.readBigUInt64LE(at + 48) };
  });
  const [newest] = metas.toSorted((a, b) => (a.txid > b.txid ? -1 : 1));
  return Number(newest?.root ?? 0n);
};
