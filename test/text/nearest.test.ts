import { expect, test } from 'vitest';

import { nearest } from '../../src/text/nearest.ts';

const KINDS = ['namespaces', 'containers', 'tasks', 'images', 'content', 'leases'];

test.for([
  ['contianers', 'containers'],
  ['container', 'containers'],
  ['taks', 'tasks'],
  ['image', 'images'],
  ['lease', 'leases'],
  ['contents', 'content'],
  ['tasks', 'tasks'],
] as const)('%s most likely means %s', ([word, meant]) => {
  expect(nearest(word, KINDS)).toBe(meant);
});

test.for(['', 'x', 'zebra', 'podsandboxstatus'])('%j means none of them', (word) => {
  expect(nearest(word, KINDS)).toBeUndefined();
});

test('of no candidates there is no nearest', () => {
  expect(nearest('tasks', [])).toBeUndefined();
});
