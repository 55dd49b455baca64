/** Does every upload go on? */
import type { Claim, Evidence, NextStep, Probe } from '../../src/host/finding.ts';
import { readAt } from '../../src/host/listing-gaps.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { STUCK_AFTER_MS, type StuckIngest, stuckIngests } from '../../src/host/stuck-ingests.ts';
import { shellWord } from '../../src/text/shell.ts';
import { bytes, count, duration } from '../../src/text/units.ts';
import { ctr, firstOpen, named, oneOrEach } from '../storage-claims.ts';

export const ingestStuck: Probe = {
  id: 'ingest-stuck',
  title: 'every upload into the content store goes on',
  explain: `Content that is pulled, imported or built is written to a folder of its own and becomes a blob when it is whole. Each write touches that folder, so a slow upload is not a stuck one: this asks only for uploads without a single byte for ${duration(STUCK_AFTER_MS)}.

Its client was killed, or waits for a registry that says nothing more. Who then wants the same content is told that the "ref" is locked, or goes on where it ended. containerd removes an upload a day after it began, unless a lease holds it.

Never remove the folder while somebody still writes it.`,
  wants: ['containerd.ingests', 'metadata.ingests', 'content.ingests', 'containerd.endpoint'],
  needs: ['containerd.ingests'],
  run: (host) => {
    if (facet(host, 'containerd.ingests').state === 'absent') {
      return { outcome: 'skip', reason: 'there is no containerd whose uploads could be listed' };
    }
    const stuck = stuckIngests(host);
    if (stuck.length > 0) {
      return {
        outcome: 'claims',
        claims: oneOrEach(
          stuck,
          (each) => oneStuck(host, each),
          (all) => manyStuck(host, all),
        ),
      };
    }
    const open = firstOpen(host, ['containerd.ingests']);
    return open === undefined
      ? { outcome: 'pass', reason: 'no upload stands still' }
      : { outcome: 'skip', reason: open };
  },
};

function oneStuck(host: HostSnapshot, { ingest, idleMs, lastWriteAt, folder, record }: StuckIngest): Claim {
  const { namespace, ref, offset, total } = ingest;
  const written = total === 0n ? bytes(offset) : `${bytes(offset)} of ${bytes(total)}`;
  const whole = total !== 0n && offset >= total;
  return {
    title: `upload ${ref} in ${namespace} has stood still for ${duration(idleMs)} at ${written}`,
    outcome: 'warn',
    confidence: 'likely',
    object: { layer: 'content', namespace, kind: 'ingest', id: ref, name: null },
    evidence: [
      {
        layer: 'containerd',
        source: facet(host, 'containerd.ingests').from,
        field: `${namespace}/${ref}`,
        value: `${written}, last written ${lastWriteAt}`,
        at: readAt(host, 'containerd.ingests'),
      },
      ...folderEvidence(host, folder),
    ],
    why: whole
      ? 'All of it was written, and nobody has committed it: the client ended before it could, or waits for something else.'
      : 'The client that wrote it was killed, or waits for a registry or another process that sends nothing more.',
    impact: `Whoever wants the same content waits for this upload ("ref … locked") or goes on where it ended; what is already here works. It takes ${bytes(offset)}.`,
    next: [...whoWrites(folder), ...endOf(host, record, namespace)],
    references: [
      'https://github.com/containerd/containerd/issues/4794',
      'https://github.com/containerd/containerd/issues/8790',
    ],
  };
}

function folderEvidence(host: HostSnapshot, folder: StuckIngest['folder']): Evidence[] {
  if (folder === null) return [];
  return [
    {
      layer: 'content',
      source: folder.path,
      field: 'bytes, updated',
      value: `${folder.offset}, ${folder.updatedAt ?? 'not known'}`,
      at: readAt(host, 'content.ingests'),
    },
  ];
}

function whoWrites(folder: StuckIngest['folder']): NextStep[] {
  return [
    {
      text: 'see whether a client is still there: a pull, an import or a build',
      command: "ps -eo pid,lstart,args | grep -E 'pull|import|build|buildkit' | grep -v grep",
      effect: 'reads',
    },
    ...(folder === null
      ? []
      : [
          {
            text: 'see who has its file open; containerd itself does while its client is connected',
            command: `fuser -v ${shellWord(`${folder.path}/data`)}`,
            effect: 'reads' as const,
          },
        ]),
  ];
}

function endOf(host: HostSnapshot, record: StuckIngest['record'], namespace: string): NextStep[] {
  const expires = record?.expiresAt ?? null;
  return [
    {
      text: 'see which leases there are: one may hold it for longer than a day',
      command: ctr(host, namespace, 'leases', 'ls'),
      effect: 'reads',
    },
    {
      text:
        expires === null
          ? 'pull or build again: the same upload goes on where it ended'
          : `pull or build again: the same upload goes on where it ended. Left alone, it may be collected from ${expires} on`,
      command: null,
      effect: 'writes',
    },
  ];
}

function manyStuck(host: HostSnapshot, stuck: readonly StuckIngest[]): Claim {
  const namespaces = [...new Set(stuck.map(({ ingest }) => ingest.namespace))];
  const size = stuck.reduce((sum, { ingest }) => sum + ingest.offset, 0n);
  const [first] = stuck;
  return {
    title: `${count(stuck.length, 'upload')} (${bytes(size)}) have stood still for ${duration(STUCK_AFTER_MS)} or more`,
    outcome: 'warn',
    confidence: 'likely',
    object: {
      layer: 'content',
      namespace: namespaces.length === 1 ? (namespaces[0] ?? null) : null,
      kind: 'ingests',
      id: 'stuck',
      name: null,
    },
    evidence: [
      {
        layer: 'containerd',
        source: facet(host, 'containerd.ingests').from,
        field: named(namespaces),
        value: named(stuck.map(({ ingest }) => ingest.ref)),
        at: readAt(host, 'containerd.ingests'),
      },
      ...folderEvidence(host, first?.folder ?? null),
    ],
    why: 'Their clients were killed or wait for a registry that sends nothing more; so many at once were one client, or one registry.',
    impact: `Whoever wants the same content waits or goes on where they ended; what is already here works. They take ${bytes(size)}.`,
    next: [...whoWrites(first?.folder ?? null), ...endOf(host, null, namespaces[0] ?? 'default')],
    references: ['https://github.com/containerd/containerd/issues/4794'],
  };
}
