import { expect, test } from 'vitest';
import { kindNamed } from '../../src/host/kinds/index.ts';
import { unknown } from '../../src/host/observed.ts';
import { SCHEMA_VERSION } from '../../src/host/snapshot.ts';
import { unknownOfKind } from '../../src/host/unknown-entries.ts';

const AT = '2026-01-01T00:00:00Z';

test('a cause that leaves several facets unread is said once, another beside it', () => {
  const kind = kindNamed('containers');
  if (kind === undefined) throw new Error('there is no kind containers');
  const hung = unknown('timeout', 'Namespaces.List', 'nothing came', AT, 2000);
  const facets = { 'containerd.containers': hung, 'containerd.tasks': hung };
  const host = { schemaVersion: SCHEMA_VERSION, at: AT, from: 'live', scope: {}, timings: [] } as const;
  expect(unknownOfKind({ ...host, facets }, kind)).toMatchObject([{ source: 'Namespaces.List' }]);
  const denied = unknown('denied', 'Tasks.List', 'permission denied', AT, 1);
  const both = unknownOfKind({ ...host, facets: { ...facets, 'containerd.tasks': denied } }, kind);
  expect(both.map(({ source }) => source)).toEqual(['Namespaces.List', 'Tasks.List']);
});
