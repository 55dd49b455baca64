/** Facts from disk held against the daemon's own answers, on live labs and on labs whose daemon was stopped. */
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/bolt/database.ts';
import { Leases } from '../../../src/gen/containerd/services/leases/v1/leases_pb.js';
import { Store } from '../../../src/gen/containerd/services/sandbox/v1/store_pb.js';
import { Snapshots } from '../../../src/gen/containerd/services/snapshots/v1/snapshots_pb.js';
import { openConnection } from '../../../src/sources/containerd/connection.ts';
import { listContainers, readBodies } from '../../../src/sources/containerd/containers.ts';
import { listContent, listIngests } from '../../../src/sources/containerd/content.ts';
import { listImages } from '../../../src/sources/containerd/images.ts';
import { listLeases } from '../../../src/sources/containerd/leases.ts';
import { listNamespaces } from '../../../src/sources/containerd/namespaces.ts';
import { listSandboxes } from '../../../src/sources/containerd/sandboxes.ts';
import { listSnapshots } from '../../../src/sources/containerd/snapshots.ts';
import { HERE } from '../../../src/sources/disk/disk.ts';
import { filesBelow } from '../../../src/sources/metadata/disk.ts';
import { dump } from '../../bolt/dump.ts';
import { reference, referenceUnavailable } from '../../bolt/reference.ts';
import { scratchFolder } from '../../bolt/scratch.ts';
import { seedLab } from '../../lab/seed.ts';
import { sharedLab, skipReason } from '../../lab/shared.ts';
import { craftObjects } from '../../live/crafted-objects.ts';
import { hasSandboxes } from '../../live/expected-items.ts';
import { documentOf } from '../../live/program.ts';
import { rotatingSuites } from '../../live/rotation.ts';
import { openWire } from '../../live/wire.ts';
import {
  craftMore,
  gapsOf,
  itemsOf,
  itemsOfKind,
  read,
  settled,
  sorted,
  without,
  withoutProvenance,
  withoutTimes,
} from './lab-facts.ts';

/** What the command line shows of a kind that is not in the files. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  containers: ['name', 'status', 'pid'],
  images: ['platforms', 'size'],
};

const LIVE_MS = 120_000;

for (const suite of rotatingSuites('files of a containerd')) {
  const reason = skipReason(suite);
  const title = reason === undefined ? suite : `${suite}, skipped: ${reason}`;

  describe(`containerd's files (${title})`, { skip: reason !== undefined, timeout: LIVE_MS }, () => {
    const lab = sharedLab(suite, { docker: suite === 'sid' ? 'containerd' : 'graphdriver' });
    const scratch = scratchFolder();

    beforeAll(async () => {
      await seedLab(lab());
      using wire = openWire(lab().address);
      await craftObjects(lab(), wire);
      await craftMore(lab(), wire);
    }, LIVE_MS);

    test('give every object as the daemon does', async () => {
      const { facts, metaDb, snapshotters } = await settled(lab());
      const connection = openConnection(lab().address);
      try {
        const options = { deadlineMs: 10_000 };
        const namespaces = await listNamespaces(connection, options);
        expect(itemsOf(facts['containerd.namespaces'])).toEqual(sorted(namespaces));
        expect(namespaces.length).toBeGreaterThan(3);
        const everywhere = async <T>(
          list: (options: { namespace: string; deadlineMs: number }) => Promise<readonly T[]>,
        ): Promise<T[]> => {
          const all: T[] = [];
          for (const { name: namespace } of namespaces) all.push(...(await list({ ...options, namespace })));
          return sorted(all);
        };
        const containers = await everywhere((at) => listContainers(connection, at));
        expect(itemsOf(facts['containerd.containers'])).toEqual(containers);
        expect(itemsOf(facts['containerd.images'])).toEqual(
          await everywhere((at) => listImages(connection, at)),
        );
        expect(itemsOf(facts['containerd.leases'])).toEqual(
          await everywhere((at) => listLeases(connection, at)),
        );
        expect(itemsOf(facts['containerd.ingests'])).toEqual(
          await everywhere((at) => listIngests(connection, at)),
        );
        // Before 2.0 the daemon's list of content leaves out when a blob was changed.
        const content = await everywhere((at) => listContent(connection, at));
        const old = content.every(({ updatedAt }) => updatedAt === null);
        expect(old).toBe(suite !== 'sid');
        expect(
          itemsOf(facts['containerd.content']).map((blob) => (old ? { ...blob, updatedAt: null } : blob)),
        ).toEqual(content);
        expect(itemsOf(facts['containerd.snapshots'])).toEqual(
          await everywhere(async (at) => [
            ...(await listSnapshots(connection, 'overlayfs', at)),
            ...(await listSnapshots(connection, 'native', at)),
          ]),
        );
        const sandboxes = hasSandboxes(lab()) ? await everywhere((at) => listSandboxes(connection, at)) : [];
        expect(itemsOf(facts['containerd.sandboxes'])).toEqual(sandboxes);
        const bodies = await everywhere((at) =>
          readBodies(
            connection,
            containers.filter(({ namespace }) => namespace === at.namespace).map(({ id }) => id),
            at,
          ),
        );
        expect(itemsOf(facts['containerd.bodies']).map(withoutProvenance)).toEqual(
          bodies.map(withoutProvenance),
        );
        expect(bodies.length).toBeGreaterThan(12);
      } finally {
        connection.close();
      }
      expect(gapsOf(facts)).toEqual([]);
      expect(metaDb).toMatchObject({
        state: 'seen',
        value: { version: suite === 'sid' ? 4 : 3, torn: false, damage: [], pageSize: 4096 },
      });
      expect(snapshotters.map(({ name }) => name)).toEqual(expect.arrayContaining(['native', 'overlayfs']));
    });

    test.each([
      'namespaces',
      'containers',
      'images',
      'content',
      'ingests',
      'snapshots',
      'leases',
      'sandboxes',
    ])('give the same %s as `ctrscope get`', async (kind) => {
      const answer = await settled(lab());
      const { items } = await documentOf(lab(), ['get', kind, '--show-secrets']);
      const live = items.map((item) => without(item, ELSEWHERE[kind] ?? []));
      const disk = itemsOfKind(answer, kind).map((item) => without(item, ELSEWHERE[kind] ?? []));
      expect(disk).toEqual(live);
      expect(disk.length > 0).toBe(kind !== 'sandboxes' || hasSandboxes(lab()));
    });

    test('tell what the lists of the API leave out', async () => {
      const { facts } = await settled(lab());
      using wire = openWire(lab().address);
      const { namespace } = lab();
      const { resources } = await wire.call(Leases.method.listResources, { id: 'odd-lease' }, namespace);
      expect(resources.map(({ type, id }) => `${type} ${id}`).sort()).toEqual(
        itemsOf(facts['containerd.leaseResources'])
          .filter(({ id }) => id === 'odd-lease')
          .flatMap(({ content, ingests, snapshots }) => [
            ...content.map((id) => `content ${id}`),
            ...ingests.map((id) => `ingests ${id}`),
            ...snapshots.map(({ snapshotter, key }) => `snapshots/${snapshotter} ${key}`),
          ])
          .sort(),
      );
      expect(resources).toHaveLength(4);
      let committed = 0;
      for (const { namespace, snapshotter, key, name, backend, children } of itemsOf(
        facts['metadata.snapshots'],
      )) {
        expect(name).toMatch(new RegExp(`^${namespace}/\\d+/`));
        if (backend.state !== 'seen') throw new Error(`${key} has no backend: ${JSON.stringify(backend)}`);
        const parents = itemsOf(facts['containerd.snapshots']).filter(
          (s) => s.namespace === namespace && s.parent === key,
        );
        expect([...children].sort()).toEqual(
          parents
            .filter((s) => s.snapshotter === snapshotter)
            .map((s) => s.key)
            .sort(),
        );
        if (backend.value.kind !== 'Committed') continue;
        committed += 1;
        const usage = await wire.call(Snapshots.method.usage, { snapshotter, key }, namespace);
        expect([backend.value.size, backend.value.inodes]).toEqual([usage.size, usage.inodes]);
        expect(
          statSync(
            join(
              lab().containerdRoot,
              `io.containerd.snapshotter.v1.${snapshotter}/snapshots/${backend.value.id}`,
            ),
          ).isDirectory(),
        ).toBe(true);
      }
      expect(committed).toBeGreaterThan(2);
      // The client that uploads has no lease: its ingest expires after a day.
      const [ingest] = itemsOf(facts['metadata.ingests']).filter(({ ref }) => ref === 'seed-ingest');
      expect(ingest).toMatchObject({ namespace, expected: null, expiresAt: expect.stringMatching(/^20/) });
      expect(
        statSync(
          join(
            lab().containerdRoot,
            'io.containerd.content.v1.content/ingest',
            ingest?.folder ?? '-',
            'data',
          ),
        ).size,
      ).toBe(1 << 20);
      if (!hasSandboxes(lab())) return;
      const { sandbox } = await wire.call(Store.method.get, { sandboxId: 'payloads' }, namespace);
      expect(itemsOf(facts['metadata.sandboxBodies'])).toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            id: 'payloads',
            place: suite === 'trixie' ? 'root' : 'v1',
            spec: expect.objectContaining({
              value: JSON.parse(String(Buffer.from(sandbox?.spec?.value ?? []))),
            }),
            extensions: { 'a/b': expect.objectContaining({ value: { c: 1 } }) },
          }),
        ]),
      );
    });

    test('give the same when the daemon is stopped, and are not changed by being read', async () => {
      const live = await settled(lab());
      await lab().stopDockerd();
      await lab().stopContainerd();
      try {
        const files = filesBelow(lab().containerdRoot, HERE);
        const before = readFileSync(files.metaDb);
        const { mtimeNs } = statSync(files.metaDb, { bigint: true });
        const stopped = await read(lab());
        expect(withoutTimes(stopped)).toEqual(withoutTimes(live));
        expect(readFileSync(files.metaDb).equals(before)).toBe(true);
        expect(statSync(files.metaDb, { bigint: true }).mtimeNs).toBe(mtimeNs);
      } finally {
        await lab().startContainerd();
        await lab().startDockerd();
      }
    });

    test('are dumped as the Go library dumps them, byte for byte', async (context) => {
      const missing = await referenceUnavailable();
      if (missing !== undefined) context.skip(missing);
      await lab().stopDockerd();
      await lab().stopContainerd();
      try {
        const { metaDb, snapshotters } = filesBelow(lab().containerdRoot, HERE);
        let compared = 0;
        for (const path of [metaDb, ...snapshotters.map(({ database }) => database)]) {
          if (statSync(path, { throwIfNoEntry: false }) === undefined) continue;
          copyFileSync(path, scratch('copy.db'));
          using database = openDatabase(path);
          expect(dump(database) === (await reference('dump', scratch('copy.db'))), path).toBe(true);
          compared += 1;
        }
        expect(compared).toBeGreaterThan(2);
      } finally {
        await lab().startContainerd();
        await lab().startDockerd();
      }
    });

    test('are read of one moment while the daemon changes them', async () => {
      const { namespace } = lab();
      let going = true;
      const work = (async () => {
        for (let i = 0; going; i += 1) {
          await lab().ctr(['leases', 'create', '--id', `busy-${i}`, `number=${i}`], { namespace });
          await lab().ctr(['leases', 'delete', `busy-${i}`], { namespace });
        }
      })();
      let whole = 0;
      for (const end = performance.now() + 3000; performance.now() < end; ) {
        const answer = await read(lab());
        const leases = itemsOf(answer.facts['containerd.leases']).filter(({ id }) => id.startsWith('busy-'));
        if (answer.metaDb.state !== 'seen' || answer.metaDb.value.torn) continue;
        whole += 1;
        expect(gapsOf(answer.facts)).toEqual([]);
        expect(leases.length).toBeLessThan(2);
        for (const { id, labels } of leases) expect(id).toBe(`busy-${labels['number']}`);
      }
      going = false;
      await work;
      expect(whole).toBeGreaterThan(3);
    });
  });
}
