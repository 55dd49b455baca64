import { expect, test } from 'vitest';
import { containerId, namespaceName } from '../../src/host/ids.ts';
import { parseFilter } from '../../src/tui/filter.ts';
import type { Table } from '../../src/tui/table.ts';
import { viewNamed } from '../../src/tui/views.ts';
import { containerOf, hostOf, listed, taskOf } from './hosts.ts';

const table = viewNamed('tasks').table({
  receivedAt: 0,
  host: hostOf({
    'containerd.containers': listed([
      containerOf({ id: containerId('web-1'), image: 'nginx:1.27', labels: { app: 'web', tier: 'front' } }),
      containerOf({ id: containerId('web-2'), image: 'nginx:1.27', labels: { app: 'web' } }),
      containerOf({ id: containerId('Cache'), image: 'redis:7', namespace: namespaceName('k8s.io') }),
      containerOf({ id: containerId('export'), image: 'batch:1', labels: { app: 'batch' } }),
    ]),
    'containerd.tasks': listed([
      taskOf('web-1', 'RUNNING'),
      taskOf('web-2', 'PAUSED'),
      taskOf('Cache', 'RUNNING', { namespace: namespaceName('k8s.io') }),
      taskOf('export', 'STOPPED', { exitStatus: 137 }),
    ]),
  }),
});

const matches = (text: string, among: Table = table): readonly string[] | string => {
  const filter = parseFilter(text, among);
  if (filter.state === 'wrong') return filter.why;
  const rows = Array.from({ length: among.count }, (_, row) => row);
  return rows.filter((row) => filter.state === 'none' || filter.test(row)).map((row) => among.id(row));
};

test.each([
  ['', ['Cache', 'export', 'web-1', 'web-2']],
  ['WEB', ['web-1', 'web-2']],
  ['cache', ['Cache']],
  ['exited 137', ['export']],
  ['no such thing', []],
  ['!web', ['Cache', 'export']],
  ['!', ['Cache', 'export', 'web-1', 'web-2']],
  ['re:^web-\\d$', ['web-1', 'web-2']],
  ['re:', ['Cache', 'export', 'web-1', 'web-2']],
  ['!re:^web', ['Cache', 'export']],
  ['-f ngx', ['web-1', 'web-2']],
  ['-f xgn', []],
  ['-f', ['Cache', 'export', 'web-1', 'web-2']],
  ['ns=k8s.io', ['Cache']],
  ['ns=k8s.io,moby', ['Cache', 'export', 'web-1', 'web-2']],
  ['status=running', ['Cache', 'web-1']],
  ['status=exited', ['export']],
  ['status!=running', ['export', 'web-2']],
  ['image~redis,batch', ['Cache', 'export']],
  ['image!~nginx', ['Cache', 'export']],
  ['ns=moby status=running', ['web-1']],
  ['ns=moby web', ['web-1', 'web-2']],
  ['ns=', ['Cache', 'export', 'web-1', 'web-2']],
  ['!ns=moby', ['Cache']],
  ['id=web-1', ['web-1']],
  ['snapshotter=overlayfs web-2', ['web-2']],
  ['-l app=web', ['web-1', 'web-2']],
  ['-l app=web,tier', ['web-1']],
  ['-l tier', ['web-1']],
  ['-l app!=web', ['Cache', 'export']],
  ['-l', ['Cache', 'export', 'web-1', 'web-2']],
  ['!-l app', ['Cache']],
] as const)('filter “%s”', (text, ids) => {
  expect(matches(text)).toEqual(ids);
});

test('a field that there is not is searched for as text, and that is said', () => {
  expect(parseFilter('colour=red', table)).toMatchObject({
    state: 'ok',
    note: 'no field “colour” here: searched as text',
  });
  expect(matches('colour=red')).toEqual([]);
});

test('a broken regular expression says what is wrong with it and hides nothing', () => {
  expect(matches('re:web(')).toMatch(/^not a regular expression: .*Unterminated group/);
});

test('labels are asked of kinds that have them', () => {
  const plugins = viewNamed('plugins');
  const plugin = {
    type: 't',
    id: 'i',
    status: 'ok',
    error: null,
    requires: [],
    platforms: [],
    capabilities: [],
    exports: {},
  } as const;
  const none = plugins.table({ receivedAt: 0, host: hostOf({ 'containerd.plugins': listed([plugin]) }) });
  expect(matches('-l app=web', none)).toBe('these have no labels');
});
