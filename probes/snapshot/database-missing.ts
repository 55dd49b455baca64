/** Has every snapshotter its database? */
import type { Claim, Probe } from '../../src/host/finding.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { openQuestion, readAt } from '../../src/host/listing-gaps.ts';
import { isUnknown } from '../../src/host/observed.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import type { Database } from '../../src/host/storage.ts';
import { shellWord } from '../../src/text/shell.ts';
import { count } from '../../src/text/units.ts';
import { named } from '../storage-claims.ts';

export const databaseMissing: Probe = {
  id: 'snapshotter-db-missing',
  title: "every snapshotter of containerd's own with snapshots has its database",
  explain: `A snapshotter's metadata.db says which folder belongs to which snapshot. It is made with the first snapshot, so a fresh snapshotter has none. Where meta.db records snapshots of it, or folders of them stand there, one that is gone is lost.

containerd starts without it and makes an empty one. Unpacking then fails with "failed to rename … file exists", and the next collection of garbage takes every folder for a leftover and deletes the layers. So: no pulling, no removing, no restarting before the database is back.

Snapshotters that are programs of their own (stargz, nydus, soci) keep it where they like, and are not looked at.`,
  wants: ['metadata.databases', 'metadata.snapshots', 'snapshot.directories'],
  needs: ['metadata.databases'],
  run: (host) => {
    if (facet(host, 'metadata.databases').state === 'absent') {
      return { outcome: 'skip', reason: 'there are no databases' };
    }
    const databases = items(host, 'metadata.databases').filter(
      ({ owner, path }) => BUILT_IN.has(owner) && path.endsWith('/metadata.db'),
    );
    const claims = databases
      .filter(({ file }) => file.state === 'absent')
      .flatMap((database) => lostDatabase(host, database) ?? []);
    if (claims.length > 0) return { outcome: 'claims', claims };
    const unread = databases.find(({ file }) => isUnknown(file));
    if (unread !== undefined && isUnknown(unread.file)) {
      return { outcome: 'skip', reason: `${unread.path} is not known: ${unread.file.why}` };
    }
    const open = openQuestion(host, 'metadata.databases');
    if (open !== undefined) return { outcome: 'skip', reason: open };
    return { outcome: 'pass', reason: 'no snapshotter with snapshots is without its database' };
  },
};

/** Snapshotters that keep metadata.db in their root; what a proxy plugin exports as one need not be the folder of a database. */
const BUILT_IN = new Set(['overlayfs', 'native', 'btrfs', 'zfs', 'devmapper', 'blockfile', 'erofs', 'aufs']);

function lostDatabase(host: HostSnapshot, { owner, path, file }: Database): Claim | undefined {
  const records = items(host, 'metadata.snapshots').filter(({ snapshotter }) => snapshotter === owner);
  const folders = items(host, 'snapshot.directories').filter(({ snapshotter }) => snapshotter === owner);
  if (records.length === 0 && folders.length === 0) return undefined;
  const parent = shellWord(path.slice(0, path.lastIndexOf('/')));
  return {
    title: `the database of snapshotter ${owner} is gone: ${path}`,
    outcome: 'fail',
    confidence: 'certain',
    object: { layer: 'metadata', namespace: null, kind: 'database', id: path, name: owner },
    evidence: [
      { layer: 'host', source: path, field: 'file', value: 'not there', at: file.at },
      ...(records.length === 0
        ? []
        : [
            {
              layer: 'metadata' as const,
              source: facet(host, 'metadata.snapshots').from,
              field: `snapshots of ${owner}`,
              value: `${count(records.length, 'record')}: ${named(records.map(({ key }) => key))}`,
              at: readAt(host, 'metadata.snapshots'),
            },
          ]),
      ...(folders.length === 0
        ? []
        : [
            {
              layer: 'snapshot' as const,
              source: facet(host, 'snapshot.directories').from,
              field: `folders of ${owner}`,
              value: `${count(folders.length, 'folder')}: ${named(folders.map(({ name }) => name))}`,
              at: readAt(host, 'snapshot.directories'),
            },
          ]),
    ],
    why: 'The file was removed or moved past containerd, or lost by the disk; containerd itself never removes it.',
    impact: `Containers that run go on. No snapshot of ${owner} can be made or mounted, and the next collection of garbage deletes the folders of all layers.`,
    next: [
      {
        text: 'see whether containerd still has it open: then cp /proc/PID/fd/N brings it back as it is',
        command: `find /proc/[0-9]*/fd -lname ${shellWord(`*${path.slice(path.lastIndexOf('/io.containerd.') + 1)} (deleted)`)}`,
        effect: 'reads',
      },
      {
        text: 'copy the folders aside before anything else: no pull, no removal, no restart until then',
        command: `cp -a ${parent} ${parent}.kept`,
        effect: 'writes',
      },
      {
        text: 'stop containerd, put the database back from a copy, start it again; without a copy, its images have to be removed and pulled again',
        command: null,
        effect: 'disrupts',
      },
    ],
    references: ['https://github.com/containerd/containerd/issues/3671'],
  };
}
