import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { captureFacets, WANTED_AT_ONCE } from '../../src/bundle/capture.ts';
import { assembleBundle } from '../../src/bundle/create.ts';
import { ALL_FACETS } from '../../src/bundle/forms.ts';
import { LIMITS } from '../../src/bundle/layout.ts';
import { recordedFeed } from '../../src/collect/recorded-feed.ts';
import { chains } from '../../src/host/chain.ts';
import { namespaceName } from '../../src/host/ids.ts';
import { seen, unknown } from '../../src/host/observed.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { unknownFacets } from '../../src/host/unknown-entries.ts';
import { bundleOf, changed, filesIn, opened, rebuilt, scratch } from './bundles.ts';
import { AT, bodyOf, madeHost } from './hosts.ts';

const ALL = [
  { namespace: 'shop', id: 'web' },
  { namespace: 'shop', id: 'db' },
  { namespace: 'blog', id: 'web' },
];

describe('a bundle', () => {
  test('gives back every facet as it was observed', async () => {
    const host = madeHost();
    const recorded = await opened(await bundleOf(host));
    const back = await recorded.collect(WANTED_AT_ONCE);
    expect(back.from).toBe('bundle');
    expect(back.at).toBe(AT);
    expect(recorded.altered).toEqual([]);
    for (const name of WANTED_AT_ONCE) expect(facet(back, name), name).toStrictEqual(facet(host, name));
    expect(back.timings.toSorted((a, b) => (a.facet < b.facet ? -1 : 1))).toEqual(host.timings);
  });

  test('gives back any labels, numbers and texts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ key: fc.string({ unit: 'binary' }), value: fc.string({ unit: 'binary' }) })),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
        async (labels, memory) => {
          const base = madeHost();
          const system = facet(base, 'host.system');
          if (system.state !== 'seen') throw new Error('made up');
          const facets: HostSnapshot['facets'] = {
            'host.system': { ...system, value: { ...system.value, memory } },
            'containerd.namespaces': seen(
              {
                items: [
                  {
                    name: namespaceName('shop'),
                    labels: Object.fromEntries(labels.map(({ key, value }) => [key, value])),
                  },
                ],
                gaps: [],
              },
              'made up',
              AT,
            ),
          };
          const recorded = await opened(await bundleOf({ ...base, facets }));
          const back = await recorded.collect(['host.system', 'containerd.namespaces']);
          expect(back.facets).toStrictEqual(facets);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('has a facet that was not read as one that is not known, and says so', async () => {
    const files = await filesIn(await bundleOf(madeHost()));
    files.delete('host/containerd.content.jsonl');
    const recorded = await opened(await rebuilt(files));
    const host = await recorded.collect(['containerd.content']);
    expect(facet(host, 'containerd.content')).toMatchObject({ state: 'offline', why: /does not have it/ });
    expect(unknownFacets(host, ['containerd.content'])).toHaveLength(1);
    expect(recorded.altered).toEqual(['host/containerd.content.jsonl is missing']);
  });

  test('gives bodies for the containers that are asked for, and for no other', async () => {
    const recorded = await opened(await bundleOf(madeHost()));
    const none = await recorded.collect(['containerd.bodies']);
    expect(facet(none, 'containerd.bodies')).toMatchObject({ state: 'seen', value: { items: [], gaps: [] } });
    const one = await recorded.collect(['containerd.bodies'], {
      containers: [{ namespace: 'blog', id: 'web' }],
    });
    expect(facet(one, 'containerd.bodies')).toMatchObject({
      value: { items: [bodyOf('blog', 'web', null)] },
    });
  });

  test('is narrowed to a namespace as a live host is', async () => {
    const path = await bundleOf(madeHost());
    const shop = await (await opened(path, { namespaces: ['shop'] })).collect([
      'containerd.namespaces',
      'containerd.containers',
      'host.system',
    ]);
    expect(facet(shop, 'containerd.namespaces')).toMatchObject({ value: { items: [{ name: 'shop' }] } });
    expect(facet(shop, 'containerd.containers')).toMatchObject({
      value: { items: [{ id: 'web' }, { id: 'db' }], gaps: [] },
    });
    expect(facet(shop, 'host.system').state).toBe('seen');

    const lost = await (await opened(path, { namespaces: ['lost'] })).collect(['containerd.containers']);
    expect(facet(lost, 'containerd.containers')).toStrictEqual(
      unknown('timeout', 'Containers.List', 'no answer within 2 s', AT, 2000),
    );

    const nowhere = await (await opened(path, { namespaces: ['none'] })).collect(['containerd.containers']);
    expect(facet(nowhere, 'containerd.containers')).toMatchObject({ value: { items: [], gaps: [] } });
  });

  test('of one namespace does not know the others', async () => {
    const host = { ...madeHost(), scope: { namespaces: ['shop'] } };
    const recorded = await opened(await bundleOf(host), { namespaces: ['blog'] });
    expect(facet(await recorded.collect(['containerd.content']), 'containerd.content').state).toBe('offline');
    const listed = await recorded.collect(['containerd.containers'], { namespaces: ['shop', 'blog'] });
    expect(facet(listed, 'containerd.containers')).toMatchObject({
      state: 'seen',
      value: { gaps: [{ state: 'offline', object: { namespace: 'blog' }, why: /namespace shop only/ }] },
    });
  });

  test('of one namespace is a host limited to it, whoever opens it without naming one', async () => {
    const host = { ...madeHost(), scope: { namespaces: ['shop'] } };
    const recorded = await opened(await bundleOf(host));
    expect((await recorded.collect(['containerd.containers'])).scope).toEqual({ namespaces: ['shop'] });
  });

  test('is a feed of one picture, after which nothing comes', async () => {
    const feed = recordedFeed(await opened(await bundleOf(madeHost())), ['containerd.namespaces']);
    const items = feed[Symbol.asyncIterator]();
    expect(await items.next()).toMatchObject({ value: { kind: 'snapshot', host: { from: 'bundle' } } });
    const next = items.next();
    feed.refresh();
    expect(await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 50, 'nothing'))])).toBe(
      'nothing',
    );
    await feed.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

describe('what does not fit', () => {
  test('a body that is too deep or too large has an unknown spec; the others are there', async () => {
    let deep: unknown = 'bottom';
    for (let i = 0; i < 250; i += 1) deep = [deep];
    let deeper: unknown = 'bottom';
    for (let i = 0; i < 100_000; i += 1) deeper = [deeper];
    const base = madeHost();
    const bodies = [
      bodyOf('shop', 'web', { deep }),
      bodyOf('shop', 'db', { large: 'x'.repeat(LIMITS.lineBytes) }),
      bodyOf('blog', 'web', { fine: true }),
    ];
    for (const spec of [deep, deeper]) {
      bodies[0] = bodyOf('shop', 'web', spec);
      const facets = {
        ...base.facets,
        'containerd.bodies': seen({ items: bodies, gaps: [] }, 'made up', AT),
      };
      const recorded = await opened(await bundleOf({ ...base, facets }));
      const host = await recorded.collect([...WANTED_AT_ONCE, 'containerd.bodies'], { containers: ALL });
      const specs = new Map(
        chains(host).map(({ subject, spec }) => [`${subject.namespace}/${subject.id}`, spec]),
      );
      expect(specs.get('shop/web')).toMatchObject({ state: 'truncated', why: /nested too deeply/ });
      expect(specs.get('shop/db')).toMatchObject({ state: 'truncated', why: /larger than 8.0 MiB/ });
      expect(specs.get('blog/web')).toMatchObject({ state: 'seen', value: { fine: true } });
    }
  });

  test('a listing that outgrows its file is cut, and says by how much', async () => {
    const base = madeHost();
    const labels = { long: 'x'.repeat(1 << 20) };
    const items = Array.from({ length: 80 }, (_, i) => ({ name: namespaceName(`n${i}`), labels }));
    const facets = { ...base.facets, 'containerd.namespaces': seen({ items, gaps: [] }, 'made up', AT) };
    const path = await bundleOf({ ...base, facets });
    const host = await (await opened(path)).collect(['containerd.namespaces']);
    const listed = facet(host, 'containerd.namespaces');
    if (listed.state !== 'seen') throw new Error('not listed');
    const kept = listed.value.items.length;
    expect(kept).toBeGreaterThan(50);
    expect(kept).toBeLessThan(80);
    expect(listed.value.gaps).toMatchObject([
      { state: 'truncated', why: `the bundle is full: ${80 - kept} of 80 items left out` },
    ]);
    const manifest = JSON.parse((await filesIn(path)).get('manifest.json') ?? '') as {
      files: { path: string; truncated: unknown }[];
    };
    const file = manifest.files.find((one) => one.path === 'host/containerd.namespaces.jsonl');
    expect(file?.truncated).toEqual({ kept, dropped: 80 - kept });
  });

  test('items that somebody took out are missed', async () => {
    const path = await changed(await bundleOf(madeHost()), 'host/containerd.containers.jsonl', (content) =>
      content.split('\n').toSpliced(2, 1).join('\n'),
    );
    const host = await (await opened(path)).collect(['containerd.containers']);
    expect(facet(host, 'containerd.containers')).toMatchObject({
      value: { gaps: [{ state: 'truncated', why: /has 2 of the 3 items/ }, {}] },
    });
  });

  test('bodies that take too long are unknown, not gone', async () => {
    const host = madeHost();
    const never = async (): Promise<HostSnapshot> => {
      throw new Error('not asked for');
    };
    const facets = await captureFacets(host, never, -1);
    const path = join(scratch(), 'late.tar.gz');
    const bundle = assembleBundle('late', { host, toolVersion: '0.0.0', facets, derived: [] });
    await bundle.write(path, `${path}.draft`);
    const back = await (await opened(path)).collect(['containerd.bodies'], { containers: ALL });
    expect(facet(back, 'containerd.bodies')).toMatchObject({ state: 'timeout' });
  });
});

describe('the archive', () => {
  test('has a manifest that is true of every file, and the useful files first', async () => {
    const derived = [{ path: 'report.md', text: '# fine\n', truncated: null }];
    const files = await filesIn(await bundleOf(madeHost(), derived));
    expect([...files.keys()].slice(0, 4)).toEqual([
      'README.txt',
      'version.json',
      'manifest.json',
      'report.md',
    ]);
    const manifest = JSON.parse(files.get('manifest.json') ?? '') as {
      files: { path: string; sha256: string; bytes: number; error: string | null }[];
    };
    expect(manifest.files.map(({ path }) => path).toSorted()).toEqual(
      [...files.keys()].filter((path) => path !== 'manifest.json').toSorted(),
    );
    for (const { path, sha256, bytes } of manifest.files) {
      const content = files.get(path) ?? '';
      expect(sha256, path).toBe(createHash('sha256').update(content).digest('hex'));
      expect(bytes, path).toBe(Buffer.byteLength(content));
    }
    const version = manifest.files.find(({ path }) => path === 'host/containerd.version.jsonl');
    expect(version?.error).toBe('no answer within 2 s');
    expect(JSON.parse(files.get('version.json') ?? '')).toMatchObject({
      schemaVersion: 1,
      kind: 'ctrscope-bundle',
      tool: { name: 'ctrscope', version: '0.0.0' },
      capturedAt: AT,
      host: { hostname: 'web-1' },
    });
    for (const name of ALL_FACETS) {
      expect(files.has(`host/${name}.jsonl`), name).toBe(name !== 'docker.diskUsage');
    }
  });

  test('has nothing in it that a terminal would act on', async () => {
    for (const [path, content] of await filesIn(await bundleOf(madeHost()))) {
      expect(content, path).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
    }
  });

  test('is readable by its maker only, has a checksum beside it, and overwrites nothing', async () => {
    const path = await bundleOf(madeHost());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const sum = createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(readFileSync(`${path}.sha256`, 'utf8')).toBe(`${sum}  made.tar.gz\n`);

    const bundle = assembleBundle('x', { host: madeHost(), toolVersion: '0', facets: [], derived: [] });
    const before = readFileSync(path);
    await expect(bundle.write(path, `${path}.draft`)).rejects.toThrow(/is there already/);
    expect(readFileSync(path)).toEqual(before);
    const other = join(scratch(), 'other.tar.gz');
    writeFileSync(`${other}.sha256`, 'mine');
    await expect(bundle.write(other, `${other}.draft`)).rejects.toThrow(/is there already/);
    expect(readFileSync(`${other}.sha256`, 'utf8')).toBe('mine');
    expect([existsSync(other), existsSync(`${other}.draft`)]).toEqual([false, false]);
  });
});
