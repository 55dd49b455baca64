import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';

import { SINGLE_IMAGE } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { until } from '../lab/until.ts';
import { documentOf } from '../live/program.ts';
import { type Fault, isSilent, testFault } from './fault.ts';
import {
  blobFile,
  contentStore,
  copyRoot,
  dateUploads,
  imageBlobs,
  leaveUpload,
  META_DB,
  overlay,
  rootPage,
  withContainer,
  zeroPages,
} from './store-files.ts';

const fault = (probe: string, name: string, rest: Omit<Fault, 'probe' | 'name' | 'prepare'>): void =>
  testFault({ probe, name, prepare: withContainer, ...rest });

const HOUR_MS = 3_600_000;

/** Moves a file or folder away; what it returns puts it back. */
const moveAway = (lab: Lab, path: string): { undo: () => Promise<void> } => {
  const aside = join(lab.root, 'moved-away');
  renameSync(path, aside);
  return { undo: async () => renameSync(aside, path) };
};

describe('content', () => {
  let blob = '';
  const about = (title: RegExp, more: Partial<ReturnType<Fault['expected']>> = {}) => ({
    title,
    layer: 'content' as const,
    kind: 'blob',
    id: blob,
    layers: ['containerd', 'content'] as const,
    ...more,
  });

  fault('content-blob-missing', 'the file of a layer was removed', {
    inject: async (lab) => {
      [blob = ''] = (await imageBlobs(lab)).layers;
      return {
        ...moveAway(lab, blobFile(lab, blob)),
        check: ({ impact, evidence }) => {
          expect(impact).toContain(`It is a layer of ${SINGLE_IMAGE}`);
          expect(impact).toContain('(web) is not touched');
          expect(evidence.map(({ source }) => source)).toContain(blobFile(lab, blob));
        },
      };
    },
    expected: () => about(/^blob sha256:[0-9a-f]{64} is recorded in lab-\S+, and its file is gone$/),
  });

  fault('content-blob-missing', 'the file of a config was removed', {
    inject: async (lab) => {
      blob = (await imageBlobs(lab)).config;
      return {
        ...moveAway(lab, blobFile(lab, blob)),
        check: ({ impact }) => expect(impact).toContain(`It is the config of ${SINGLE_IMAGE}`),
      };
    },
    expected: () => about(/and its file is gone$/),
  });

  fault('content-blob-corrupt', 'the file of a layer was cut short', {
    inject: async (lab) => {
      [blob = ''] = (await imageBlobs(lab)).layers;
      const file = blobFile(lab, blob);
      const copy = join(lab.root, 'whole');
      const { atime, mtime } = statSync(file);
      copyFileSync(file, copy);
      truncateSync(file, 1000);
      return {
        undo: async () => {
          copyFileSync(copy, file);
          utimesSync(file, atime, mtime);
        },
      };
    },
    expected: () =>
      about(/^blob sha256:\S+ has 1000 bytes, and \d+ are recorded$/, {
        why: /^The file was cut short/,
        first: /^sha256sum \/\S+$/,
      }),
  });

  fault('content-orphan-file', 'a file that no namespace has recorded', {
    inject: async (lab) => {
      const bytes = `nobody knows ${lab.tag}`;
      blob = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      const file = blobFile(lab, blob);
      writeFileSync(file, bytes, { mode: 0o444 });
      const before = new Date(Date.now() - 2 * HOUR_MS);
      utimesSync(file, before, before);
      return { undo: async () => rmSync(file) };
    },
    expected: () => about(/^file of sha256:\S+ \(\d+ B\) is recorded in no namespace$/, { outcome: 'warn' }),
  });

  fault('ingest-stuck', 'an upload whose client was killed hours ago', {
    inject: async (lab) => {
      await leaveUpload(lab);
      await isSilent(lab, {}, 0, 'with an upload that has just moved');
      dateUploads(lab, new Date(Date.now() - 5 * HOUR_MS));
      return { undo: async () => dateUploads(lab, new Date()) };
    },
    expected: (lab) =>
      about(/^upload fault-ingest in lab-\S+ has stood still for 5h00m at 1\.0 MiB$/, {
        outcome: 'warn',
        namespace: lab.namespace,
        kind: 'ingest',
        id: 'fault-ingest',
      }),
  });

  fault('content-orphan-ingest', 'an upload that no namespace has recorded', {
    inject: async (lab) => {
      const name = `${lab.namespace}/77/nobody knows`;
      blob = createHash('sha256').update(name).digest('hex');
      const folder = join(contentStore(lab), 'ingest', blob);
      const files = { ref: name, data: 'the first bytes', startedat: '', updatedat: '' };
      mkdirSync(folder, { recursive: true });
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
      dateUploads(lab, new Date());
      await isSilent(lab, {}, 0, 'with an upload that has just begun');
      dateUploads(lab, new Date(Date.now() - 2 * HOUR_MS));
      return { undo: async () => rmSync(folder, { recursive: true }) };
    },
    expected: (lab) =>
      about(/^upload \S+\/77\/nobody knows \(15 B\) in the content store is recorded in no namespace$/, {
        outcome: 'warn',
        kind: 'ingest',
        id: blob,
        name: `${lab.namespace}/77/nobody knows`,
        layers: ['content', 'metadata'],
      }),
  });

  fault('image-incomplete', 'the record of a config was removed', {
    inject: async (lab) => {
      const { config } = await imageBlobs(lab);
      const bytes = readFileSync(blobFile(lab, config));
      await lab.ctr(['content', 'rm', config]);
      await until('the file is collected', () => !existsSync(blobFile(lab, config)) || undefined);
      return {
        undo: async () => {
          const size = String(bytes.length);
          const expected = ['--expected-digest', config, '--expected-size', size];
          await lab.ctr(['content', 'ingest', ...expected, 'again'], { input: bytes });
        },
        check: ({ impact }) => expect(impact).toMatch(/^No new container can be made of it\. 1 container/),
      };
    },
    expected: (lab) =>
      about(new RegExp(`^image ${SINGLE_IMAGE} in lab-\\S+ is without 1 blob \\(config sha256:`), {
        namespace: lab.namespace,
        kind: 'image',
        id: SINGLE_IMAGE,
      }),
  });
});

describe('snapshots', () => {
  let key = '';

  fault('snapshot-dir-missing', 'the folder of a layer was moved away', {
    inject: async (lab) => {
      const folder = join(overlay(lab), 'snapshots');
      const [number = ''] = readdirSync(folder).toSorted((a, b) => Number(a) - Number(b));
      // Numbers are given in the order in which snapshots are made: the first stands on nothing.
      const { items } = await documentOf(lab, ['get', 'snapshots', '-n', lab.namespace]);
      key = String(items.find(({ parent }) => parent === null)?.['name']);
      return {
        ...moveAway(lab, join(folder, number)),
        check: ({ impact, evidence }) => {
          expect(impact).toMatch(/^1 container \(web\) cannot be started again/);
          expect(impact).toContain(SINGLE_IMAGE);
          expect(evidence.map(({ source }) => source)).toContain(join(folder, number));
        },
      };
    },
    expected: (lab) => ({
      title: new RegExp(`^folder \\d+ of snapshot sha256:\\S+ \\(${lab.namespace}, overlayfs\\) is gone$`),
      layer: 'snapshot',
      namespace: lab.namespace,
      kind: 'snapshot',
      id: key,
      layers: ['metadata', 'snapshot'],
    }),
  });

  // What a host leaves that died while a snapshot was removed, or while one was made.
  for (const name of ['9999', 'new-123456']) {
    fault('snapshot-orphan', `folder ${name} is in no database`, {
      inject: async (lab) => {
        const folder = join(overlay(lab), 'snapshots', name);
        mkdirSync(join(folder, 'fs'), { recursive: true });
        await isSilent(lab, {}, 0, 'with a folder that was just made');
        const before = new Date(Date.now() - 2 * HOUR_MS);
        utimesSync(folder, before, before);
        return {
          undo: async () => rmSync(folder, { recursive: true }),
          check: ({ evidence }) =>
            expect(evidence.map(({ source }) => source)).toContain(join(overlay(lab), 'metadata.db')),
        };
      },
      expected: (lab) => ({
        title: new RegExp(`^folder ${name} of snapshotter overlayfs belongs to no snapshot$`),
        outcome: 'warn',
        layer: 'snapshot',
        kind: 'directory',
        id: join(overlay(lab), 'snapshots', name),
        name: 'overlayfs',
        layers: ['metadata', 'snapshot'],
      }),
    });
  }

  fault('snapshotter-db-missing', "the overlay snapshotter's database was removed under the daemon", {
    inject: async (lab) => moveAway(lab, join(overlay(lab), 'metadata.db')),
    expected: (lab) => ({
      title: /^the database of snapshotter overlayfs is gone: \/\S+$/,
      layer: 'metadata',
      kind: 'database',
      id: join(overlay(lab), 'metadata.db'),
      name: 'overlayfs',
      layers: ['host', 'metadata', 'snapshot'],
    }),
  });
});

describe('a daemon on a damaged database', () => {
  // It goes on without everything that needs the database, and says "unknown service".
  fault('meta-db-corrupt', 'both meta pages of meta.db were zeroes when containerd started', {
    inject: async (lab) => {
      const file = join(lab.containerdRoot, META_DB);
      const whole = join(lab.root, 'meta.db.whole');
      await lab.stopContainerd();
      copyFileSync(file, whole);
      zeroPages(file, [0, 1]);
      await lab.startContainerd();
      return {
        undo: async () => {
          await lab.stopContainerd();
          copyFileSync(whole, file);
          await lab.startContainerd();
        },
        check: ({ evidence }) =>
          expect(evidence).toContainEqual(
            expect.objectContaining({ layer: 'containerd', value: expect.stringContaining('invalid') }),
          ),
      };
    },
    expected: (lab) => ({
      title: /meta\.db has no valid meta page$/,
      layer: 'metadata',
      kind: 'database',
      id: join(lab.containerdRoot, META_DB),
      name: 'metadata',
      layers: ['metadata', 'containerd'],
    }),
  });
});

describe('a copied root', () => {
  const copied = (lab: Lab): string => join(lab.root, 'copied-root');
  const damaged = (
    probe: string,
    name: string,
    damage: (file: string) => void,
    title: RegExp,
    layers: ReturnType<Fault['expected']>['layers'],
  ): void =>
    fault(probe, name, {
      // What only a daemon could tell is not known.
      healthyExit: 5,
      doctor: async (lab) => ({ args: ['--root', await copyRoot(lab)] }),
      inject: async (lab) => {
        const file = join(copied(lab), META_DB);
        const whole = join(lab.root, 'meta.db.whole');
        copyFileSync(file, whole);
        damage(file);
        return { undo: async () => copyFileSync(whole, file) };
      },
      expected: (lab) => ({
        title,
        layer: 'metadata',
        kind: 'database',
        id: join(copied(lab), META_DB),
        name: 'metadata',
        layers,
      }),
    });

  damaged(
    'meta-db-corrupt',
    'both meta pages of meta.db are zeroes',
    (file) => zeroPages(file, [0, 1]),
    /meta\.db has no valid meta page$/,
    ['metadata'],
  );
  damaged(
    'meta-db-corrupt',
    'the root page of meta.db is zeroes',
    (file) => zeroPages(file, [rootPage(file)]),
    // Where the root of an earlier transaction is still there, it is read.
    /meta\.db (has lost its root bucket|is damaged in \d+ places?)$/,
    ['metadata'],
  );
  damaged(
    'meta-db-empty',
    'meta.db has no bytes',
    (file) => truncateSync(file, 0),
    /^meta\.db has no bytes, but content and snapshots of an earlier one are there/,
    ['metadata', 'content', 'snapshot'],
  );
  damaged(
    'meta-db-empty',
    'meta.db was removed',
    (file) => rmSync(file),
    /^there is no meta\.db, but content and snapshots of an earlier one are there/,
    ['metadata', 'content', 'snapshot'],
  );
});
