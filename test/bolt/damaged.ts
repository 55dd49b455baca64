/** Damaged files, written by hand: what can be read of them, and what reader and check say. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { check } from '../../src/bolt/check.ts';
import { openDatabase } from '../../src/bolt/database.ts';
import { drain, walk } from '../../src/bolt/walk.ts';
import { bucketAt, buildFile, type FileSpec, type LeafEntry, type PageSpec } from './build-file.ts';

export interface Outcome {
  /** Keys of what can be read, buckets with a slash. */
  readonly readable: readonly string[];
  /** What reading stumbled over. */
  readonly damage: readonly string[];
  /** What the check has found. */
  readonly problems: readonly string[];
}

/** Writes a file and reads it; it must not change by that. */
export const readDamaged = (file: string, spec: FileSpec): Outcome => {
  const path = buildFile(file, spec);
  const before = readFileSync(path);
  const readable: string[] = [];
  const damage: string[] = [];
  {
    using database = openDatabase(path, { onDamage: ({ message }) => damage.push(message) });
    drain(
      walk(database.root(), {
        value: (entry) => readable.push(entry.keyText()),
        enter: (entry) => readable.push(`${entry.keyText()}/`),
      }),
    );
  }
  using database = openDatabase(path);
  const { problems } = drain(check(database));
  expect(readFileSync(path).equals(before)).toBe(true);
  return { readable, damage, problems: problems.map(({ message }) => message) };
};

/** Two leaves below a branch in a bucket: `a`, `b` and `m`, `n`, the second as given. */
export const withSecondLeaf = (
  second: PageSpec,
  more: Readonly<Record<number, PageSpec>> = {},
  spec: Partial<FileSpec> = {},
): FileSpec => ({
  root: 3,
  pages: {
    3: {
      leaf: [
        { key: 'things', value: bucketAt(4), bucket: true },
        { key: 'z', value: 'last' },
      ],
    },
    4: {
      branch: [
        { key: 'a', child: 5 },
        { key: 'm', child: 6 },
      ],
    },
    5: {
      leaf: [
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ],
    },
    6: second,
    ...more,
  },
  ...spec,
});

export const LEAF: readonly LeafEntry[] = [
  { key: 'm', value: '3' },
  { key: 'n', value: '4' },
];
export const WITHOUT_SECOND = ['things/', 'a', 'b', 'z'];
export const WHOLE = ['things/', 'a', 'b', 'm', 'n', 'z'];
