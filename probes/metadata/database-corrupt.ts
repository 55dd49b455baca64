/** Are the databases whole? */
import type { Claim, Evidence, NextStep, Probe } from '../../src/host/finding.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { openQuestion } from '../../src/host/listing-gaps.ts';
import { isUnknown } from '../../src/host/observed.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import type { Database, DatabaseFile } from '../../src/host/storage.ts';
import { shellWord } from '../../src/text/shell.ts';
import { bytes, count } from '../../src/text/units.ts';
import { isEmptyFile } from './empty-file.ts';

const TOLD = 3;

export const databaseCorrupt: Probe = {
  id: 'meta-db-corrupt',
  title: 'the databases are whole',
  explain: `containerd's meta.db, each snapshotter's metadata.db and some of Docker's files are bbolt databases. This reads them as they stand, without a lock, and looks at every page that leads to a fact.

Damage has two faces. With both meta pages broken, containerd keeps running with most plugins in error, and clients are told "unknown service". With a broken page further in, it panics as soon as something reads that page. Power loss, a full disk, a repaired file system and a copy of an open file are what does it.

What can still be read is shown by every command, and marked. A file that changed during each reading is torn, which is not damage.`,
  wants: ['metadata.databases', 'containerd.plugins'],
  needs: ['metadata.databases'],
  run: (host) => {
    if (facet(host, 'metadata.databases').state === 'absent') {
      return { outcome: 'skip', reason: 'there are no databases' };
    }
    const databases = items(host, 'metadata.databases');
    const claims = databases.flatMap((database) => damaged(host, database) ?? []);
    if (claims.length > 0) return { outcome: 'claims', claims };
    for (const { path, file } of databases) {
      if (isUnknown(file)) return { outcome: 'skip', reason: `${path} is not known: ${file.why}` };
      if (file.state === 'seen' && file.value.torn) {
        return { outcome: 'skip', reason: `${path} changed while it was read, each time` };
      }
    }
    const open = openQuestion(host, 'metadata.databases');
    if (open !== undefined) return { outcome: 'skip', reason: open };
    return { outcome: 'pass', reason: `${count(databases.length, 'database')}, no damage` };
  },
};

function damaged(host: HostSnapshot, database: Database): Claim | undefined {
  const { path, file } = database;
  if (file.state === 'failed') {
    return isEmptyFile(database)
      ? undefined
      : claim(host, database, {
          title: `${path} cannot be read as a database`,
          confidence: 'likely',
          evidence: [{ layer: 'metadata', source: path, field: 'error', value: file.why, at: file.at }],
          why: `${sentence(file.why)} Nothing of it is readable by this program, and containerd does not open it either.`,
        });
  }
  // Of a file that moved while it was read, some of the pages may be of another time.
  if (file.state !== 'seen' || file.value.torn) return undefined;
  const { salvaged, damage, txid } = file.value;
  const isRootless = salvaged && txid !== 0n;
  if (!salvaged && damage.length === 0) return undefined;
  return claim(host, database, {
    title: isRootless
      ? `${path} has lost its root bucket`
      : salvaged
        ? `${path} has no valid meta page`
        : `${path} is damaged in ${count(damage.length, 'place')}`,
    confidence: 'certain',
    evidence: evidenceOf(database, file.value, file.at),
    why: isRootless
      ? 'The root bucket is where every reading begins: a daemon finds nothing in such a file, or ends in it. What is shown was found by an older root, as one of the last transactions left it.'
      : salvaged
        ? 'Both meta pages are broken, and they are where every reading begins: no daemon opens such a file. What is shown was found without them, as one of the last transactions left it.'
        : 'Pages of the file do not have what their place says: they were not written, or written over.',
  });
}

function claim(
  host: HostSnapshot,
  { owner, path }: Database,
  words: Pick<Claim, 'title' | 'confidence' | 'evidence' | 'why'>,
): Claim {
  return {
    ...words,
    outcome: 'fail',
    object: { layer: 'metadata', namespace: null, kind: 'database', id: path, name: owner },
    evidence: [...words.evidence, ...pluginEvidence(host)],
    impact:
      owner === 'metadata'
        ? 'Containers that run go on: their shims do not need it. containerd may know none of them after its next start, and what is damaged can then neither be listed nor removed.'
        : 'Containers that run go on. What the damaged part recorded can be neither found nor removed by its daemon.',
    next: stepsFor(path),
    references: [
      'https://github.com/containerd/containerd/issues/4838',
      'https://github.com/etcd-io/bbolt/issues/883',
    ],
  };
}

function evidenceOf({ path }: Database, file: DatabaseFile, at: string): Evidence[] {
  const { damage, salvaged, txid, bytes: size } = file;
  const isHeadless = salvaged && txid === 0n;
  return [
    {
      layer: 'metadata',
      source: path,
      field: isHeadless ? 'meta pages' : 'transaction',
      value: isHeadless ? 'both broken; an older root was found without them' : `${txid}, ${bytes(size)}`,
      at,
    },
    ...damage.slice(0, TOLD).map(
      (value, i): Evidence => ({
        layer: 'metadata',
        source: path,
        field: `damage ${i + 1} of ${damage.length}`,
        value,
        at,
      }),
    ),
  ];
}

// What containerd itself says of its database.
function pluginEvidence(host: HostSnapshot): Evidence[] {
  const plugins = facet(host, 'containerd.plugins');
  return items(host, 'containerd.plugins')
    .filter(({ type, status }) => type === 'io.containerd.metadata.v1' && status === 'error')
    .map(({ type, id, error }) => ({
      layer: 'containerd',
      source: plugins.from,
      field: `${type}.${id}`,
      value: error ?? 'error',
      at: plugins.at,
    }));
}

function stepsFor(path: string): NextStep[] {
  const file = shellWord(path);
  return [
    {
      text: 'see what the kernel says of the disk',
      command: 'dmesg --level err,warn | tail -n 50',
      effect: 'reads',
    },
    {
      text: 'copy the file aside before its daemon is started or stopped',
      command: `cp -a ${file} ${file}.damaged`,
      effect: 'writes',
    },
    {
      text: 'let bbolt say what it finds, in the copy: it locks what it opens',
      command: `bbolt check ${file}.damaged`,
      effect: 'writes',
    },
    {
      text: 'stop the daemon, put back a sound copy or what "bbolt compact" makes of this one, start it again. Moving the file away makes it forget everything: stop what runs first, or nobody can',
      command: null,
      effect: 'disrupts',
    },
  ];
}

function sentence(text: string): string {
  const whole = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
