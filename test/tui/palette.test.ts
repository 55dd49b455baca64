import { expect, test } from 'vitest';
import { initialState, type State } from '../../src/tui/model.ts';
import { completions, parseOrder } from '../../src/tui/palette.ts';
import { reduce } from '../../src/tui/state.ts';
import { demoHost } from './hosts.ts';

const empty = initialState({ size: { columns: 80, rows: 24 }, title: { host: 'h', address: '/a' } }, 0);
const state: State = reduce(empty, { type: 'snapshot', host: demoHost() }, 0).state;

test.each([
  ['images', { kind: 'view', view: 'images' }],
  ['containers', { kind: 'view', view: 'tasks' }],
  ['ns moby', { kind: 'namespace', namespace: 'moby' }],
  ['ns all', { kind: 'namespace', namespace: null }],
  ['ns', { kind: 'namespace', namespace: null }],
  ['sort pid', { kind: 'sort', column: 'pid', reverse: false }],
  ['sort PID desc', { kind: 'sort', column: 'pid', reverse: true }],
  ['sort none', { kind: 'sort', column: null, reverse: false }],
  ['quit', { kind: 'key', command: 'quit' }],
  ['theme light', { kind: 'theme', theme: 'light' }],
  ['theme', { kind: 'key', command: 'themes' }],
  ['theme lighd', { kind: 'wrong', why: 'unknown theme “lighd”; did you mean “light”?' }],
  ['imags', { kind: 'wrong', why: 'unknown command “imags”; did you mean “images”?' }],
  ['xyzzy', { kind: 'wrong', why: 'unknown command “xyzzy”' }],
  ['ns mobi', { kind: 'wrong', why: 'no namespace “mobi”; did you mean “moby”?' }],
])('“%s”', (text, order) => {
  expect(parseOrder(text, state)).toEqual(order);
});

test('a wrong column is answered with those that there are', () => {
  expect(parseOrder('sort pdi', state)).toMatchObject({
    why: expect.stringMatching(/^no column “pdi”.* — there are: status, name, id, namespace, pid/),
  });
});

test('completions are whole lines: views first, arguments from the host', () => {
  expect(completions('s', state)).toEqual(['snapshots', 'sandboxes', 'sort ', 'save']);
  expect(completions('ns m', state)).toEqual(['ns moby']);
  expect(completions('sort ', state)).toContain('sort image');
  expect(completions('blo', state)).toEqual(['blobs', 'blob']);
});
