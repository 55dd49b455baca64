import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Tree } from '../../bolt/build-tree.ts';
import { packed, varint } from './encode.ts';
import { EVERYTHING } from './everything.ts';
import { AT, DIGEST, listing, scratchRoot, TIME } from './host.ts';

const root = scratchRoot();

describe('sandboxes', () => {
  const sandbox = (more: Tree = {}): Tree => ({
    createdat: AT,
    updatedat: AT,
    runtime: { name: 'runc' },
    ...more,
  });

  test('of 1.7 stand beside the schema, those of 2.x in it', async () => {
    root.write({
      v1: {
        version: varint(4n),
        'k8s.io': {
          sandboxes: { new: sandbox({ sandboxer: 'podsandbox' }), both: sandbox({ sandboxer: 'shim' }) },
        },
      },
      'k8s.io': { sandboxes: { old: sandbox({ spec: packed('a/b', { c: 1 }) }), both: sandbox() } },
    });
    const { facts } = await root.read();
    expect(
      listing(facts['containerd.sandboxes']).items.map(({ id, sandboxer, runtime }) => [
        id,
        sandboxer,
        runtime,
      ]),
    ).toEqual([
      ['both', 'shim', 'runc'],
      ['new', 'podsandbox', 'runc'],
      ['old', '', 'runc'],
    ]);
    expect(listing(facts['metadata.sandboxBodies']).items).toMatchObject([
      { id: 'both', place: 'v1', spec: { state: 'absent' } },
      { id: 'new', place: 'v1' },
      { id: 'old', place: 'root', spec: { state: 'seen', value: { c: 1 } } },
    ]);
    // A bucket beside the schema's makes no namespace.
    expect(listing(facts['containerd.namespaces']).items.map(({ name }) => name)).toEqual(['k8s.io']);
  });

  test('of the old place are read whichever bucket comes first', async () => {
    root.write({
      v1: { aaa: { sandboxes: { both: sandbox({ sandboxer: 'shim' }) } } },
      aaa: { sandboxes: { both: sandbox() } },
    });
    const { facts } = await root.read(['containerd.sandboxes']);
    expect(listing(facts['containerd.sandboxes']).items.map(({ id, sandboxer }) => [id, sandboxer])).toEqual([
      ['both', 'shim'],
    ]);
  });
});

test('containers come with their bodies when they are asked for', async () => {
  root.write({
    v1: {
      default: {
        containers: {
          web: {
            createdat: AT,
            updatedat: AT,
            image: 'one:1',
            snapshotter: 'overlayfs',
            snapshotKey: 'web',
            sandboxid: 'pod',
            spec: packed('types.containerd.io/opencontainers/runtime-spec/1/Spec', { hostname: 'web' }),
            runtime: { name: 'io.containerd.runc.v2', options: packed('x/y', { a: 1 }) },
            extensions: { good: packed('e/f', [1]), bad: 'no any' },
            labels: { app: 'shop' },
          },
          bare: { createdat: AT, updatedat: AT, runtime: { name: 'other' }, spec: packed('e/f', 'text') },
        },
      },
    },
  });
  const containers = ['web', 'bare', 'gone'].map((id) => ({ namespace: 'default', id }));
  const { facts } = await root.read(EVERYTHING, { scope: { containers } });
  expect(listing(facts['containerd.containers']).items).toMatchObject([
    { id: 'bare', image: '', runtime: 'other', sandbox: '', labels: {} },
    {
      id: 'web',
      image: 'one:1',
      runtime: 'io.containerd.runc.v2',
      snapshotter: 'overlayfs',
      snapshotKey: 'web',
      sandbox: 'pod',
      labels: { app: 'shop' },
    },
  ]);
  expect(listing(facts['containerd.bodies']).items).toMatchObject([
    {
      id: 'web',
      spec: { state: 'failed', why: expect.stringContaining('are no protobuf Any') },
      extensions: {},
    },
    {
      id: 'bare',
      spec: { state: 'seen', value: 'text' },
      runtimeOptions: { state: 'absent' },
      extensions: {},
    },
  ]);
});

test('ingests come from the database and the content store', async () => {
  root.write({
    v1: {
      default: {
        content: {
          ingests: {
            up: { ref: 'default/1/up', expireat: AT },
            shared: { ref: 'default/2/shared', expected: DIGEST },
          },
        },
      },
    },
  });
  const [first] = listing((await root.read()).facts['metadata.ingests']).items.filter(
    ({ ref }) => ref === 'up',
  );
  const folder = join(root.path(), 'io.containerd.content.v1.content/ingest', first?.folder ?? '');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'data'), 'x'.repeat(1000));
  writeFileSync(join(folder, 'startedat'), '2023-01-01T00:00:00.5+01:00');
  writeFileSync(join(folder, 'updatedat'), '2100-01-01T00:00:00Z');
  writeFileSync(join(folder, 'total'), '4000');
  const { facts } = await root.read();
  expect(listing(facts['containerd.ingests'])).toEqual({
    items: [
      {
        namespace: 'default',
        ref: 'up',
        offset: 1000n,
        total: 4000n,
        expected: '',
        startedAt: '2022-12-31T23:00:00.5Z',
        updatedAt: '2100-01-01T00:00:00Z',
      },
    ],
    gaps: [],
  });
  expect(listing(facts['metadata.ingests']).items).toMatchObject([
    { ref: 'shared', name: 'default/2/shared', expected: DIGEST, expiresAt: null },
    { ref: 'up', name: 'default/1/up', expected: null, expiresAt: TIME },
  ]);
  writeFileSync(join(folder, 'startedat'), 'yesterday');
  expect(listing((await root.read()).facts['containerd.ingests'])).toMatchObject({
    items: [],
    gaps: [
      {
        object: { kind: 'ingest', namespace: 'default', id: 'up' },
        why: expect.stringContaining('"yesterday" is no RFC 3339 time'),
      },
    ],
  });
});
