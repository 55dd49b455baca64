/** A disk says what its daemon said: of a copy, of a daemon that hangs, and of one that was killed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';
import { openLiveHost } from '../../src/collect/live.ts';
import { Leases } from '../../src/gen/containerd/services/leases/v1/leases_pb.js';
import type { Diagnosis } from '../../src/host/finding.ts';
import { facet } from '../../src/host/snapshot.ts';
import { scratchFolder } from '../bolt/scratch.ts';
import { identify, killProcesses } from '../lab/processes.ts';
import { seedLab } from '../lab/seed.ts';
import { sharedLab, skipReason } from '../lab/shared.ts';
import { settled, sorted } from '../sources/metadata/lab-facts.ts';
import { craftObjects } from './crafted-objects.ts';
import { hasSandboxes } from './expected-items.ts';
import { command, ctrscope, type Document, documentOf, type Item } from './program.ts';
import { rotatingSuites } from './rotation.ts';
import { openTmux, thenLeft } from './tmux.ts';
import { openWire } from './wire.ts';

/** Each kind that is on the disk, with what of it only a running daemon has. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  namespaces: [],
  // Docker's names, and the task's state.
  containers: ['name', 'status', 'pid'],
  images: [],
  content: [],
  ingests: [],
  snapshots: [],
  leases: [],
  sandboxes: [],
};

const META_DB = 'io.containerd.metadata.v1.bolt/meta.db';

for (const suite of rotatingSuites()) {
  const reason = skipReason(suite);
  const title = reason === undefined ? suite : `${suite}, skipped: ${reason}`;

  describe(`a disk (${title})`, { skip: reason !== undefined }, () => {
    const lab = sharedLab(suite, { docker: suite === 'sid' ? 'containerd' : 'graphdriver' });
    const scratch = scratchFolder();
    let canary = '';
    /** containerd's root as it was when the daemon was last asked. */
    const root = (): string => scratch('root');

    beforeAll(async () => {
      ({ canary } = await seedLab(lab()));
      using wire = openWire(lab().address);
      await craftObjects(lab(), wire);
      await settled(lab());
      execFileSync('cp', ['-a', lab().containerdRoot, root()]);
    });

    // Docker's containers have their names in Docker's directory, which is elsewhere; the others have none.
    const isLost = (item: Item, key: string, liveOnly: readonly string[]): boolean =>
      liveOnly.includes(key) && (key !== 'name' || item['namespace'] === 'moby');
    const without = (items: readonly Item[], keys: readonly string[]): Item[] =>
      items.map((item) =>
        Object.fromEntries(Object.entries(item).filter(([key]) => !isLost(item, key, keys))),
      );

    test.each(Object.entries(KINDS))(
      'has the same %s as its daemon, field by field',
      async (kind, liveOnly) => {
        for (const more of [[], ['--show-secrets']]) {
          const live = await documentOf(lab(), ['get', kind, ...more]);
          const disk = await documentOf(lab(), ['get', kind, '--root', root(), ...more]);
          expect(disk['from']).toBe('disk');
          expect(without(disk.items, liveOnly)).toEqual(without(live.items, liveOnly));
          expect(disk.items.length > 0).toBe(kind !== 'sandboxes' || hasSandboxes(lab()));
          for (const item of disk.items) {
            expect(liveOnly.filter((key) => isLost(item, key, liveOnly) && item[key] !== undefined)).toEqual(
              [],
            );
          }
        }
        const { exitCode } = await ctrscope(lab(), ['get', kind, '--root', root()]);
        expect(exitCode).toBe(liveOnly.length > 0 ? 5 : 0);
      },
    );

    test('has the same specs, records, snapshots and images of every container', async () => {
      const live = await documentOf(lab(), ['inspect', '--all']);
      const disk = await documentOf(lab(), ['inspect', '--all', '--root', root()]);
      const byKey = new Map(live.items.map((item) => [keyOf(item), item]));
      expect(disk.items.length).toBeGreaterThan(10);
      for (const item of disk.items) {
        const same = byKey.get(keyOf(item));
        expect(item['spec'], keyOf(item)).toEqual(same?.['spec']);
        // Where Docker keeps its own layers, only a running dockerd says.
        const layers = item['namespace'] === 'moby' ? ['containerd'] : ['containerd', 'snapshot', 'image'];
        for (const layer of layers) {
          expect(linkOf(item, layer), `${keyOf(item)} ${layer}`).toEqual(linkOf(same, layer));
        }
      }
    });

    test('has no secret in anything that is printed of it', async () => {
      for (const args of [
        ['inspect', '--all'],
        ['report'],
        ...Object.keys(KINDS).map((kind) => ['get', kind]),
      ]) {
        const { stdout, stderr } = await ctrscope(lab(), [...args, '-o', 'json', '--root', root()]);
        expect(stdout + stderr).not.toContain(canary);
      }
      const shown = await ctrscope(lab(), [
        'inspect',
        '--all',
        '-o',
        'json',
        '--show-secrets',
        '--root',
        root(),
      ]);
      expect(shown.stdout).toContain(canary);
    });

    test('is reported and examined as far as it goes, which is partly', async () => {
      for (const command of ['report', 'doctor']) {
        const run = await ctrscope(lab(), [command, '-o', 'json', '--root', root()]);
        expect(run.exitCode, run.stderr).toBe(3);
        const { from, findings, probes } = JSON.parse(run.stdout) as Document & Diagnosis;
        expect(from).toBe('disk');
        // Of crafted images the content is not there, and nothing else is wrong.
        for (const { id, object } of findings)
          expect({ id, image: object.id }).toEqual({
            id: 'image-incomplete',
            image: expect.stringMatching(/^crafted\.test\//),
          });
        const outcomes = new Map(probes.map(({ id, outcome }) => [id, outcome]));
        expect(outcomes.get('meta-db-corrupt')).toBe('pass');
        expect(outcomes.get('content-blob-missing')).toBe('pass');
        expect(outcomes.get('containerd-not-answering')).toBe('skip');
      }
    });

    test('is found in the file system that it is of, and the others in it are named', async () => {
      const system = scratch('system');
      for (const path of ['var/lib', 'var/lib/rancher/k3s/agent'])
        mkdirSync(join(system, path), { recursive: true });
      execFileSync('cp', ['-a', root(), join(system, 'var/lib/containerd')]);
      execFileSync('cp', ['-a', root(), join(system, 'var/lib/rancher/k3s/agent/containerd')]);
      const { stdout, stderr, exitCode } = await ctrscope(lab(), ['get', 'images', '--root', system]);
      expect(exitCode).toBe(0);
      expect(stdout).toContain('ctrscope-busybox');
      expect(stderr).toContain(`read from the disk: ${system}/var/lib/containerd (containerd's default)`);
      expect(stderr).toContain(`${system}/var/lib/rancher/k3s/agent/containerd (k3s)`);
    });

    test('is shown in the UI as what it is, with its images', async () => {
      const alone = 'unset CONTAINERD_ADDRESS DOCKER_HOST\n';
      const screen = await openTmux(`${alone}${thenLeft(command(['--root', root()]))}`, 160, 50);
      try {
        const text = await screen.shows(/unknown .* web/);
        expect(text.split('\n')[0]).toMatch(/DISK .*◫ disk \d\d:\d\d/);
        expect(text).not.toMatch(/disconnected/);
        await screen.press('5');
        // A long name is cut in its middle, the shorter the more the other columns take.
        await screen.shows(/─ Images \d+ ─[\s\S]*busybox:1/);
        await screen.press('q');
        await screen.shows(/left with 0/);
      } finally {
        await screen.close();
      }
    });

    test.each([
      [
        'of another program',
        'meta-db-corrupt',
        (path: string) => writeFileSync(path, 'SQLite format 3\0'.repeat(1000)),
      ],
      ['empty', 'meta-db-empty', (path: string) => writeFileSync(path, '')],
      ['cut off', 'meta-db-corrupt', (path: string) => truncateSync(path, 3 * 4096)],
    ] as const)('whose meta.db is %s says what is wrong and where', async (name, probe, spoil) => {
      const sick = scratch(`sick-${name.replaceAll(' ', '-')}`);
      execFileSync('cp', ['-a', root(), sick]);
      const path = join(sick, META_DB);
      spoil(path);
      const before = readFileSync(path);
      const run = await ctrscope(lab(), ['get', 'containers', '--root', sick]);
      expect([1, 5]).toContain(run.exitCode);
      expect(run.stderr).toMatch(/^ctrscope: unknown: \S/m);
      expect(run.stderr).toContain(path);
      // Nobody can say of an unread list that it is empty, nor that a running daemon would know more.
      const images = await ctrscope(lab(), ['get', 'images', '--root', sick]);
      expect(images.stderr).not.toContain('no images in this containerd');
      const verified = await ctrscope(lab(), ['verify', '--full', '--root', sick]);
      expect(verified).toMatchObject({ exitCode: 5, stdout: expect.stringMatching(/^\? PARTIAL: /) });
      const usage = await ctrscope(lab(), ['usage', '--root', sick]);
      expect(usage.stderr).not.toContain('whether the daemon itself is well');
      const document = await documentOf(lab(), ['get', 'images', '--root', sick]);
      expect(document.unknown).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ source: path, reason: expect.stringMatching(/\S/) }),
        ]),
      );
      const report = await ctrscope(lab(), ['report', '-o', 'json', '--root', sick]);
      expect(report.exitCode).toBe(3);
      const { findings } = JSON.parse(report.stdout) as Diagnosis;
      expect(findings.map(({ id }) => id)).toContain(probe);
      expect(readFileSync(path).equals(before)).toBe(true);
    });

    test('that a daemon writes to is read whole, or said to be torn', async () => {
      using wire = openWire(lab().address);
      const { namespace } = lab();
      let busy = true;
      const writing = (async () => {
        for (let i = 0; busy; i = (i + 1) % 20) {
          await wire.call(Leases.method.create, { id: `busy-${i}`, labels: {} }, namespace);
          await wire.call(Leases.method.delete, { id: `busy-${i}` }, namespace);
        }
      })();
      try {
        for (let i = 0; i < 5; i += 1) {
          const { items, unknown } = await documentOf(lab(), [
            'get',
            'leases',
            '--root',
            lab().containerdRoot,
          ]);
          for (const { reason } of unknown as { reason: string }[]) expect(reason).toMatch(/transactions/);
          const ids = items.map((item) => String(item['id'])).filter((id) => !id.startsWith('busy-'));
          expect(ids).toEqual(expect.arrayContaining(['odd-lease', 'seed-lease']));
        }
      } finally {
        busy = false;
        await writing;
      }
    });

    test('answers for a daemon that hangs, with what the daemon did not say beside it', async () => {
      const pid = lab().containerdPid ?? 0;
      const live = await documentOf(lab(), ['get', 'containers']);
      process.kill(pid, 'SIGSTOP');
      try {
        const run = await ctrscope(lab(), ['get', 'containers', '-o', 'json']);
        expect(run.exitCode, run.stderr).toBe(5);
        const { from, items = [], unknown } = JSON.parse(run.stdout) as Document;
        expect(from).toBe('live');
        expect(ids(items)).toEqual(ids(live.items));
        expect(unknown).toContainEqual(
          expect.objectContaining({
            state: 'timeout',
            reason: expect.stringContaining(`this is what ${join(lab().containerdRoot, META_DB)} says`),
          }),
        );
        const chain = await ctrscope(lab(), ['inspect', `${lab().namespace}/web`, '-o', 'json']);
        expect(chain.exitCode, chain.stderr).toBe(5);
        expect(chain.stdout).toContain('"/bin/sleep"');
        expect(chain.stdout).not.toContain(canary);
        // What only a daemon has is not made up.
        expect((await ctrscope(lab(), ['get', 'tasks'])).exitCode).toBe(1);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      const again = await ctrscope(lab(), ['get', 'leases']);
      expect([again.exitCode, again.stderr]).toEqual([0, '']);
    });

    test('answers for a daemon that was killed where it is known to be its own, and not otherwise', async () => {
      const host = openLiveHost({ environment: { CONTAINERD_ADDRESS: lab().address } });
      const live = await host.collect(['containerd.plugins', 'containerd.images', 'content.blobs']);
      const before = facet(live, 'containerd.images');
      expect(before.state).toBe('seen');
      const daemon = identify(lab().containerdPid ?? 0);
      if (daemon === undefined) throw new Error('containerd does not run');
      await killProcesses([daemon]);
      try {
        // Who has seen its plugins knows its files.
        const dead = await host.collect(['containerd.images', 'content.blobs', 'containerd.tasks']);
        const images = facet(dead, 'containerd.images');
        if (images.state !== 'seen' || before.state !== 'seen') throw new Error(JSON.stringify(images));
        // A daemon is asked for several namespaces at once: its lists come in no order.
        expect(sorted(images.value.items)).toEqual(sorted(before.value.items));
        expect(images.from).toBe(join(lab().containerdRoot, META_DB));
        expect(images.value.gaps).toMatchObject([
          { state: 'unreachable', why: expect.stringContaining('this is what') },
        ]);
        expect(facet(dead, 'content.blobs').state).toBe('seen');
        expect(facet(dead, 'containerd.tasks').state).toBe('unreachable');
        // Whoever has not seen it is led there by what it has left for its shims, and says so.
        const run = await ctrscope(lab(), ['get', 'images', '-o', 'json']);
        expect(run.exitCode, run.stderr).toBe(5);
        const led = JSON.parse(run.stdout) as Document;
        expect(led.items?.length).toBe(before.value.items.length);
        expect(led.unknown).toEqual([
          expect.objectContaining({
            state: 'unreachable',
            reason: expect.stringMatching(
              /this is what \S+meta\.db says, found by \S+\/work, its link for the shim of \S+$/,
            ),
          }),
        ]);
        // Nothing says so of an address that no shim has: no default folder is taken for it.
        const nobody = await ctrscope(lab(), ['get', 'images', '-o', 'json', '-a', `${lab().address}.none`]);
        expect(nobody.exitCode).toBe(1);
        expect(JSON.parse(nobody.stdout)).not.toHaveProperty('items');
        // And whoever names them is answered.
        const named = await documentOf(lab(), ['get', 'images', '--root', lab().containerdRoot]);
        expect(named.items.length).toBe(before.value.items.length);
      } finally {
        host.close();
        await lab().startContainerd();
      }
    });
  });
}

const keyOf = (item: Item): string => `${item['namespace']}/${item['id']}`;

const ids = (items: readonly Item[]): string[] => items.map(keyOf);

/** A link without where it was read. */
const linkOf = (item: Item | undefined, layer: string): unknown => {
  const link = (item?.['links'] as readonly Item[] | undefined)?.find((one) => one['layer'] === layer);
  return { state: link?.['state'], facts: link?.['facts'] };
};
