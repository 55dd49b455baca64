/** Does meta.db know anything, where there is something to know? */
import type { Claim, Evidence, NextStep, Probe } from '../../src/host/finding.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { readAt } from '../../src/host/listing-gaps.ts';
import { isUnknown } from '../../src/host/observed.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import type { Database } from '../../src/host/storage.ts';
import { shellWord } from '../../src/text/shell.ts';
import { bytes, count } from '../../src/text/units.ts';
import { isEmptyFile } from './empty-file.ts';

export const databaseEmpty: Probe = {
  id: 'meta-db-empty',
  title: 'meta.db has records where there is content',
  explain: `containerd takes a meta.db of no bytes, or none at all, for its first start: it makes a new one and says nothing. Every image, container and snapshot is forgotten, and the files of all of them are leftovers that the next collection of garbage deletes; containers go on running that nobody knows.

A fresh host has an empty meta.db too, and then no blobs and no snapshot folders.`,
  wants: ['metadata.databases', 'content.blobs', 'snapshot.directories', 'proc.daemons'],
  needs: ['metadata.databases', 'content.blobs'],
  run: (host) => {
    const database = items(host, 'metadata.databases').find(({ owner }) => owner === 'metadata');
    if (database === undefined) return { outcome: 'skip', reason: 'where meta.db is, is not known' };
    const { file } = database;
    const nothing = emptiness(database);
    if (nothing !== undefined) {
      const left = leftOf(host);
      return left.length === 0
        ? { outcome: 'pass', reason: `${nothing}, and there is nothing that it would have recorded` }
        : { outcome: 'claims', claims: [claim(host, database, nothing, left)] };
    }
    if (isUnknown(file)) return { outcome: 'skip', reason: `${database.path} is not known: ${file.why}` };
    return { outcome: 'pass', reason: 'meta.db has records' };
  },
};

function emptiness(database: Database): string | undefined {
  const { file } = database;
  if (file.state === 'absent') return 'there is no meta.db';
  if (isEmptyFile(database)) return 'meta.db has no bytes';
  if (file.state !== 'seen') return undefined;
  const { version, damage, salvaged } = file.value;
  // Without a version nothing was ever kept, unless the page that had it is the damaged one.
  return version === null && damage.length === 0 && !salvaged ? 'meta.db has no records' : undefined;
}

function leftOf(host: HostSnapshot): Evidence[] {
  const blobs = items(host, 'content.blobs');
  const folders = items(host, 'snapshot.directories').filter(({ name }) => /^\d+$/.test(name));
  const size = blobs.reduce((sum, blob) => sum + blob.size, 0n);
  return [
    ...(blobs.length === 0
      ? []
      : [
          {
            layer: 'content' as const,
            source: facet(host, 'content.blobs').from,
            field: 'files',
            value: `${count(blobs.length, 'blob')}, ${bytes(size)}`,
            at: readAt(host, 'content.blobs'),
          },
        ]),
    ...(folders.length === 0
      ? []
      : [
          {
            layer: 'snapshot' as const,
            source: facet(host, 'snapshot.directories').from,
            field: 'folders',
            value: count(folders.length, 'snapshot'),
            at: readAt(host, 'snapshot.directories'),
          },
        ]),
  ];
}

function claim(
  host: HostSnapshot,
  { path, file }: Database,
  nothing: string,
  left: readonly Evidence[],
): Claim {
  const shims = items(host, 'proc.daemons').filter(({ role }) => role === 'shim').length;
  return {
    title: `${nothing}, but content and snapshots of an earlier one are there: ${path}`,
    outcome: 'fail',
    confidence: 'certain',
    object: { layer: 'metadata', namespace: null, kind: 'database', id: path, name: 'metadata' },
    evidence: [{ layer: 'metadata', source: path, field: 'records', value: nothing, at: file.at }, ...left],
    why: 'The file was removed, emptied or lost, and what it recorded is still on the disk.',
    impact: `containerd knows nothing of what is there, and its next collection of garbage deletes it. ${
      shims === 0
        ? 'No shim runs here.'
        : `${count(shims, 'shim')} may still ${shims === 1 ? 'run a container' : 'run containers'} that nobody knows.`
    }`,
    next: [
      {
        text: 'see whether a copy is anywhere: a backup, a file beside it',
        command: `ls -la ${shellWord(path.slice(0, path.lastIndexOf('/')))}`,
        effect: 'reads',
      },
      keepStep(host, path),
    ],
    references: ['https://github.com/containerd/containerd/issues/9929'],
  };
}

/** Where the unit called containerd keeps its files. */
const USUAL_ROOT = '/var/lib/containerd';

function keepStep(host: HostSnapshot, path: string): NextStep {
  const root = path.slice(0, path.lastIndexOf('/io.containerd.')) || path;
  const copy = `cp -a ${shellWord(root)} ${shellWord(`${root}.kept`)}`;
  if (host.from === 'disk') {
    return {
      text: 'copy what is left before containerd starts on it: its first collection deletes it. Then put the database back',
      command: copy,
      effect: 'writes',
    };
  }
  // k3s's, microk8s's and Docker's own containerd are no units of that name: stopping it would stop another.
  const isUsual = root === USUAL_ROOT;
  return {
    text: `stop ${isUsual ? 'containerd' : `the containerd of ${root}, by whatever starts it,`} at once, before it collects: containers keep running without it. Then copy what is left, put the database back, and start it`,
    command: isUsual ? `systemctl stop containerd && ${copy}` : null,
    effect: 'disrupts',
  };
}
