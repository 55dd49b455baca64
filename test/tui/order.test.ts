import { expect, test } from 'vitest';
import { digest, namespaceName } from '../../src/host/ids.ts';
import { sorted } from '../../src/tui/order.ts';
import { viewNamed } from '../../src/tui/views.ts';
import { hostOf, listed } from './hosts.ts';

const view = viewNamed('content');
const blob = (name: string, size: bigint) => ({
  namespace: namespaceName('moby'),
  digest: digest(`sha256:${name}`),
  size,
  labels: {},
  createdAt: null,
  updatedAt: null,
});
const table = view.table({
  receivedAt: 0,
  host: hostOf({
    'containerd.content': listed([
      blob('a', 900n),
      blob('b', 10_000n),
      blob('c', 900n),
      blob('d', 2n ** 60n),
    ]),
  }),
});
const ids = (rows: readonly number[]): string => rows.map((row) => table.id(row).slice(-1)).join('');
const all = [0, 1, 2, 3];

test('sizes are sorted as numbers, not as the texts that show them', () => {
  expect(ids(sorted(all, table, { column: 'size', reverse: false }))).toBe('acbd');
});

test('equal rows keep the order of their keys, forwards and backwards', () => {
  expect(ids(sorted(all, table, { column: 'size', reverse: true }))).toBe('dbac');
  expect(ids(sorted([3, 2, 1, 0], table, { column: 'namespace', reverse: true }))).toBe('abcd');
});

test('without a column, or with one that is not there, rows stay as they are listed', () => {
  expect(ids(sorted([2, 0, 1], table, null))).toBe('cab');
  expect(ids(sorted([2, 0, 1], table, { column: 'colour', reverse: false }))).toBe('cab');
});
