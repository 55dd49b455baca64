import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { buildGraph, GRAPH_WANTS } from '../../src/host/graph/build.ts';
import { markGraph } from '../../src/host/graph/mark.ts';
import { seen, seenValue } from '../../src/host/observed.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { importMultiImage, importSingleImage, MULTI_IMAGE, SINGLE_IMAGE } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { leaseResource } from '../lab/raw-calls.ts';
import { seedLab } from '../lab/seed.ts';
import type { SeededDocker } from '../lab/seed-docker.ts';
import { describeDockers, liveHostOf } from './docker-labs.ts';
import * as program from './program.ts';
import { rotatingSuites } from './rotation.ts';

type Item = program.Item;

/** A machine that runs other tests beside this one is slow: what is not read in time would be unknown. */
const PATIENT = ['--timeout', '20s'];
const ctrscope = (lab: Lab, args: readonly string[]): Promise<program.Answer> =>
  program.ctrscope(lab, [...args, ...PATIENT]);
const documentOf = (lab: Lab, args: readonly string[]): ReturnType<typeof program.documentOf> =>
  program.documentOf(lab, [...args, ...PATIENT]);

const BLOBS = 'io.containerd.content.v1.content/blobs';

type Step = {
  readonly kind: string;
  readonly id: string;
  readonly name: string | null;
  readonly edge: string | null;
};

describeDockers('the reference graph', rotatingSuites(), (lab, store) => {
  let docker: SeededDocker;

  beforeAll(async () => {
    const seeded = await seedLab(lab());
    if (seeded.docker === undefined) throw new Error('the lab has no Docker');
    docker = seeded.docker;
  });

  /** The first and the last of each way: `image NAME > content DIGEST`. */
  const holders = async (reference: string, namespace: string = lab().namespace): Promise<string[]> => {
    const { items } = await documentOf(lab(), ['why', reference, '-n', namespace]);
    return items.map((item) => {
      const [first] = item['path'] as readonly Step[];
      return `${first?.kind} ${first?.name ?? first?.id}`;
    });
  };

  describe('why', () => {
    test('names the image that holds each blob, whatever it is in it', async () => {
      const { items: images } = await documentOf(lab(), ['get', 'images', '-n', lab().namespace]);
      for (const name of [SINGLE_IMAGE, MULTI_IMAGE]) {
        const image = images.find((item) => item['name'] === name);
        expect(await holders(String(image?.['digest'])), name).toContain(`image ${name}`);
      }
      const { stdout } = await lab().ctr(['content', 'list', '--quiet']);
      for (const digest of stdout.split('\n').filter(Boolean)) {
        const { exitCode, stdout: text } = await ctrscope(lab(), ['why', digest, '-n', lab().namespace]);
        expect(text, digest).toMatch(/^content sha256:\w+ in namespace \S+ is held by image /);
        expect(exitCode).toBe(0);
      }
    });

    test('names the container, the label or the snapshot above that holds a snapshot', async () => {
      expect(await holders('snapshot/web')).toEqual(['container web']);
      expect(await holders('snapshot/seed-view')).toEqual(['snapshot seed-view']);
      expect(await holders('snapshot/seed-layer')).toEqual(expect.arrayContaining(['snapshot seed-top']));
      const { stdout } = await lab().ctr(['snapshots', 'info', 'web']);
      const { Parent: parent } = JSON.parse(stdout) as { Parent: string };
      const below = await holders(`snapshot/${parent}`);
      expect(below).toEqual(
        expect.arrayContaining([`image ${SINGLE_IMAGE}`, 'container web', 'container recorded']),
      );
    });

    test('says of leases until when they hold, and of containers and images that they need no holder', async () => {
      const lease = await ctrscope(lab(), ['why', 'seed-lease']);
      expect(lease.stdout).toMatch(/^lease seed-lease in namespace \S+ needs no holder: .*expires in 2[34]h/);
      const image = await ctrscope(lab(), ['why', SINGLE_IMAGE, '-n', lab().namespace]);
      expect(image.stdout).toContain('needs no holder: images stay until they are removed');
      expect((await ctrscope(lab(), ['why', 'no-such-thing'])).exitCode).toBe(1);
      const both = await ctrscope(lab(), ['why', 'web']);
      expect(both.exitCode).toBe(2);
      expect(both.stderr).toContain(`container/${lab().namespace}/web`);
    });

    if (store === 'containerd') {
      test("names Docker's container as the one whose lease holds its snapshots", async () => {
        for (const { id, name } of docker.containers) {
          const { items } = await documentOf(lab(), ['why', `snapshot/${id}`]);
          const path = (items[0]?.['path'] ?? []) as readonly Step[];
          expect(path.map(({ kind }) => kind)).toEqual(['dockerContainer', 'lease', 'snapshot']);
          expect(path[0]?.name).toBe(name);
        }
      });
    }
  });

  test('foretells what a collection takes, and says of what stays who holds it', async () => {
    const space = `${lab().namespace}-gc`;
    const { ctr } = lab();
    const inSpace = { namespace: space };
    await ctr(['namespaces', 'create', space]);
    await importSingleImage(lab(), space);
    await importMultiImage(lab(), space);
    const digests = await targets(lab(), space);
    const single = digests.get(SINGLE_IMAGE) ?? '';
    // One lease holds a whole image; a flat one holds an index, and nothing that it lists.
    await ctr(['leases', 'create', '--id', 'whole', '--expires', '1h'], inSpace);
    await ctr(['leases', 'create', '--id', 'flat', '--expires', '1h', 'containerd.io/gc.flat=yes'], inSpace);
    await leaseResource(lab(), space, 'whole', { id: single, type: 'content' });
    await leaseResource(lab(), space, 'flat', { id: digests.get(MULTI_IMAGE) ?? '', type: 'content' });

    // The other image's index lists the same manifest.
    const all = [`image ${MULTI_IMAGE}`, `image ${SINGLE_IMAGE}`, 'lease whole'];
    expect((await holders(single, space)).toSorted()).toEqual(all.toSorted());
    const without = async (...names: string[]): Promise<void> => {
      const before = await read(lab(), space);
      const foretold = garbage(withoutImages(before, names));
      await ctr(['images', 'rm', '--sync', ...names], inSpace);
      const gone = difference(objects(before), objects(await read(lab(), space)));
      expect(gone).toEqual(foretold);
    };
    await without(SINGLE_IMAGE);
    expect((await holders(single, space)).toSorted()).toEqual([`image ${MULTI_IMAGE}`, 'lease whole']);
    await without(MULTI_IMAGE);
    expect(await holders(single, space)).toEqual(['lease whole']);
    expect(await holders(digests.get(MULTI_IMAGE) ?? '', space)).toEqual(['lease flat']);

    // And at last what the leases have held.
    const before = await read(lab(), space);
    expect(garbage(before)).toEqual([]);
    await ctr(['leases', 'rm', '--sync', 'flat'], inSpace);
    const after = await read(lab(), space);
    expect(difference(objects(before), objects(after))).toEqual([
      `content ${digests.get(MULTI_IMAGE)}`,
      'lease flat',
    ]);
    await ctr(['leases', 'rm', '--sync', 'whole'], inSpace);
    expect(objects(await read(lab(), space))).toEqual([]);
  });

  test('says that nothing holds what was committed for nobody, until it is collected', async () => {
    const { ctr, namespace } = lab();
    await collectNow(lab());
    const bytes = `for nobody, ${lab().tag}`;
    await ctr(['content', 'ingest', 'for-nobody'], { input: bytes });
    const { stdout } = await ctr(['content', 'list', '--quiet']);
    const digests = stdout.split('\n').filter(Boolean);
    const answers = await Promise.all(
      digests.map(async (digest) => ({
        digest,
        document: await documentOf(lab(), ['why', digest, '-n', namespace]),
      })),
    );
    const loose = answers.filter(({ document }) => document['held'] === false);
    expect(loose.length).toBe(1);
    const digest = loose[0]?.digest ?? '';
    const said = await ctrscope(lab(), ['why', digest]);
    expect(said.stdout).toContain('; the next collection removes it.\nNo collection has run since');
    const usage = await documentOf(lab(), ['usage', '-n', namespace]);
    expect(usage['loose']).toEqual([
      expect.objectContaining({
        state: 'reclaimable',
        kind: 'content',
        id: digest,
        size: bytes.length,
      }),
    ]);
    await collectNow(lab());
    expect((await ctrscope(lab(), ['why', digest])).exitCode).toBe(1);
  });

  describe('owner', () => {
    test('knows the file of each blob by the images that it is in', async () => {
      const { stdout } = await lab().ctr(['content', 'list', '--quiet']);
      for (const digest of stdout.split('\n').filter(Boolean)) {
        const file = join(lab().containerdRoot, BLOBS, digest.replace(':', '/'));
        expect(statSync(file).isFile()).toBe(true);
        const { items } = await documentOf(lab(), ['owner', file]);
        expect(items.map(short), digest).toEqual(
          expect.arrayContaining([`content ${digest}`, expect.stringMatching(/^image /)]),
        );
        const byDigest = await documentOf(lab(), ['owner', digest]);
        expect(byDigest.items.map(short)).toEqual(
          items.map(short).filter((one) => !one.startsWith('content')),
        );
      }
    });

    test('knows the bundle and the cgroups of each running container', async () => {
      const { items: tasks } = await documentOf(lab(), ['get', 'tasks']);
      const running = tasks.filter((task) => task['status'] === 'RUNNING');
      expect(running.length).toBeGreaterThan(4);
      for (const { namespace, id, pid } of running as readonly Item[]) {
        const bundle = join(
          lab().state,
          'io.containerd.runtime.v2.task',
          String(namespace),
          String(id),
          'rootfs',
        );
        const cgroups = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
          .split('\n')
          .map((line) => line.replace(/^\d+:[^:]*:/, ''))
          .filter((path) => path.includes(String(id)));
        expect(cgroups.length, String(id)).toBeGreaterThan(0);
        for (const reference of [bundle, ...new Set(cgroups)]) {
          const { items } = await documentOf(lab(), ['owner', reference]);
          expect(items[0], reference).toMatchObject({
            layer: 'containerd',
            kind: 'container',
            namespace,
            id,
          });
        }
      }
    });

    test("knows the files that Docker keeps of each container, and that another daemon's are not this one's", async () => {
      for (const { id, name } of docker.containers) {
        const files = join(lab().dockerRoot ?? '', 'containers', id);
        expect(statSync(files).isDirectory()).toBe(true);
        const { items } = await documentOf(lab(), ['owner', join(files, 'hostconfig.json')]);
        expect(items.some((item) => item['layer'] === 'docker' && item['name'] === name)).toBe(true);
      }
      const foreign = await ctrscope(lab(), [
        'owner',
        `/var/lib/elsewhere/${BLOBS}/sha256/${'0'.repeat(64)}`,
      ]);
      expect(foreign.exitCode).toBe(1);
      expect(foreign.stderr).toContain("another containerd's root");
    });

    test('knows the layer of each container by its id, and by any path below it', async ({ skip }) => {
      if (store !== 'graphdriver') return skip("containerd's snapshots are its layers");
      for (const { id, name } of docker.containers) {
        const format = '{{.GraphDriver.Data.MergedDir}}';
        const merged = (await lab().docker(['inspect', '--format', format, id])).stdout.trim();
        const overlayId = basename(dirname(merged));
        for (const reference of [overlayId, overlayId.slice(0, 12), join(merged, 'etc/passwd')]) {
          const { items } = await documentOf(lab(), ['owner', reference]);
          expect(items.find(({ layer }) => layer === 'docker')?.['name'], reference).toBe(name);
        }
      }
    });

    test('names a snapshot by its folder', async () => {
      const folders = join(lab().containerdRoot, 'io.containerd.snapshotter.v1.overlayfs/snapshots');
      const { stdout } = await lab().ctr(['snapshots', 'list']);
      const keys = stdout
        .split('\n')
        .slice(1)
        .filter(Boolean)
        .map((line) => line.split(/\s+/)[0] ?? '');
      const named: string[] = [];
      for (const id of readdirSync(folders)) {
        const document = await documentOf(lab(), ['owner', join(folders, id, 'fs')]);
        expect(document.unknown, id).toEqual([]);
        const [owner] = document.items;
        expect(owner, id).toMatchObject({ layer: 'snapshot', kind: 'snapshot' });
        if (owner?.['namespace'] === lab().namespace)
          named.push(String(owner['id']).replace(/^overlayfs\//, ''));
      }
      expect(named.toSorted()).toEqual(keys.toSorted());
    });
  });

  test('a support bundle answers as the host did', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ctrscope-why-'));
    try {
      const file = join(folder, 'host.tar.gz');
      expect((await ctrscope(lab(), ['bundle', 'create', file])).exitCode).toBe(0);
      const recorded = ['--bundle', file];
      const { items: images } = await documentOf(lab(), ['get', 'images', '-n', lab().namespace]);
      const digest = String(images[0]?.['digest']);
      for (const question of [['why', digest], ['why', 'seed-lease'], ['owner', digest], ['usage']]) {
        const live = await documentOf(lab(), question);
        const then = await documentOf(lab(), [...recorded, ...question]);
        expect(then.from).toBe('bundle');
        expect(then.items, question.join(' ')).toEqual(live.items);
        expect(then['held']).toBe(live['held']);
        expect(then['loose']).toEqual(live['loose']);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  describe('usage', () => {
    test('counts of content what the files of the store have', async () => {
      const { items } = await documentOf(lab(), ['usage']);
      const blobs = join(lab().containerdRoot, BLOBS);
      const sizes = readdirSync(blobs, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
      const total = items.find((item) => item['kind'] === 'content' && item['namespace'] === null);
      expect(total).toMatchObject({ objects: sizes.length, size: sum(sizes) });
    });

    test('counts of snapshots what `ctr snapshots usage` says', async () => {
      const { items } = await documentOf(lab(), ['usage']);
      const spaces = [lab().namespace, `${lab().namespace}-b`, ...(store === 'containerd' ? ['moby'] : [])];
      for (const namespace of spaces) {
        const { stdout } = await lab().ctr(['snapshots', 'usage', '-b'], { namespace });
        const said = stdout
          .split('\n')
          .slice(1)
          .filter(Boolean)
          .map((line) => Number(line.trim().split(/\s+/).at(-2)));
        const row = items.find((item) => item['kind'] === 'snapshots' && item['namespace'] === namespace);
        expect(row, namespace).toMatchObject({ objects: said.length, size: sum(said), unmeasured: 0 });
        expect(row?.['how']).toMatch(/^\d+ recorded when committed, \d+ measured by the snapshotter now$/);
      }
    });

    test('adds up: every byte of a row is shared, unique, reclaimable or undecided', async () => {
      const { items } = await documentOf(lab(), ['usage']);
      for (const item of items) {
        const parts = (['shared', 'unique', 'reclaimable', 'undecided'] as const).map((key) =>
          Number(item[key]),
        );
        expect(
          sum(parts),
          JSON.stringify(item, (_, v) => String(v)),
        ).toBe(item['size']);
      }
    });
  });
});

/** An integer as the program's JSON has it here: small ones are numbers. */
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

const short = (item: Item): string => `${item['kind']} ${item['id']}`;

const targets = async (lab: Lab, namespace: string): Promise<ReadonlyMap<string, string>> => {
  const { items } = await documentOf(lab, ['get', 'images', '-n', namespace]);
  return new Map(items.map((item) => [String(item['name']), String(item['digest'])]));
};

/** A collection, by the only way that ctr has: to delete a lease and wait for what follows. */
const collectNow = async (lab: Lab): Promise<void> => {
  await lab.ctr(['leases', 'create', '--id', 'for-a-collection']);
  await lab.ctr(['leases', 'rm', '--sync', 'for-a-collection']);
};

const read = async (lab: Lab, namespace: string): Promise<HostSnapshot> => {
  const live = liveHostOf(lab, {}, { namespace, timeoutMs: 20_000 });
  try {
    return await live.collect(GRAPH_WANTS);
  } finally {
    live.close();
  }
};

const withoutImages = (host: HostSnapshot, names: readonly string[]): HostSnapshot => {
  const images = seenValue(facet(host, 'containerd.images'));
  if (images === undefined) throw new Error('the images could not be read');
  const left = images.items.filter(({ name }) => !names.includes(name));
  return {
    ...host,
    facets: { ...host.facets, 'containerd.images': seen({ ...images, items: left }, 'less', host.at) },
  };
};

const SWEPT = ['content', 'snapshot', 'lease', 'ingest'];

const garbage = (host: HostSnapshot): string[] => {
  const graph = buildGraph(host);
  const marks = markGraph(graph);
  return graph.nodes
    .filter((node) => node.present && marks.held(node) === false)
    .map(({ kind, id }) => `${kind} ${id}`)
    .toSorted();
};

const objects = (host: HostSnapshot): string[] =>
  buildGraph(host)
    .nodes.filter(({ kind, present }) => present && SWEPT.includes(kind))
    .map(({ kind, id }) => `${kind} ${id}`)
    .toSorted();

const difference = (before: readonly string[], after: readonly string[]): string[] =>
  before.filter((one) => !after.includes(one));
