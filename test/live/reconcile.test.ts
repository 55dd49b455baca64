import { mkdir, readFile, writeFile } from 'node:fs/promises';

import { beforeAll, describe, expect, test } from 'vitest';

import { diskOf } from '../faults/disk-copy.ts';
import { buildImages, importDockerImages, SINGLE_IMAGE } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { identify, killProcesses } from '../lab/processes.ts';
import { startRegistry } from '../lab/registry.ts';
import { seedLab } from '../lab/seed.ts';
import { describeLab, sharedLab, skipReason, suites } from '../lab/shared.ts';
import { hasContainerdStore } from '../lab/suites.ts';
import { until } from '../lab/until.ts';
import { describeDockers, dockerLines } from './docker-labs.ts';
import { ctrscope, documentOf, type Item } from './program.ts';
import { rotatingSuites } from './rotation.ts';

/** More than what a comparison takes for a moment. */
const REST_MS = 6000;

const IMAGE = SINGLE_IMAGE.replace('docker.io/library/', '');

const said = ({ kind, name, state, ruleId, detail }: Item): string =>
  `${state} ${kind} ${name}: ${ruleId} ${detail ?? ''}`;

/** Without what comes and goes by itself. */
const lasting = (items: readonly Item[]): readonly Item[] =>
  items.filter(({ name, ruleId }) => name !== 'restarts' && ruleId !== 'lease-operation');

const alarmsIn = (items: readonly Item[]): readonly string[] =>
  items.filter(({ state }) => state === 'stale' || state === 'broken').map(said);

describeDockers('a healthy host, compared', rotatingSuites(), (lab, store) => {
  const docker = (...args: string[]): ReturnType<Lab['docker']> => lab().docker(args);
  const run = (...args: string[]): ReturnType<Lab['docker']> => docker('run', '--network', 'none', ...args);

  beforeAll(async () => {
    await seedLab(lab());
    const registry = await startRegistry(lab());
    const pulled = `${registry.host}/team/app:1`;
    // Pulled, built upon it in steps, with two names, without any, and one that lost its name to another.
    await docker('tag', IMAGE, pulled);
    await docker('push', '--quiet', pulled);
    await docker('rmi', pulled);
    await docker('pull', '--quiet', pulled);
    const built = `FROM ${IMAGE}\nLABEL step=one\nLABEL step=two\n`;
    await lab().docker(['build', '--tag', 'built:1', '--network', 'none', '-'], { input: built });
    await docker('tag', 'built:1', 'registry.test:5000/a/b:2');
    await docker('import', (await buildImages()).rootfs);
    await docker('import', '--message', 'first', (await buildImages()).rootfs, 'moved:1');
    await docker('import', '--message', 'second', (await buildImages()).rootfs, 'moved:1');
    await run('--name', 'committed', 'built:1', '/bin/true');
    await docker('commit', 'committed', 'committed:1');
    await run('--detach', '--name', 'of-pulled', pulled, '/bin/sleep', '86400');
    await run('--detach', '--name', 'restarts', '--restart', 'always', IMAGE, '/bin/sh', '-c', 'exit 4');
    // Another client in Docker's namespace.
    await lab().ctr(['images', 'import', (await buildImages()).multi], { namespace: 'moby' });
    await lab().ctr(['run', '--detach', SINGLE_IMAGE, 'stray', '/bin/sleep', '86400'], {
      namespace: 'moby',
      reject: false,
    });
  });

  test('has nothing stale or broken, and a row for all that Docker lists', async () => {
    const { items, kind } = await documentOf(lab(), ['reconcile']);
    expect(kind).toBe('reconcile');
    expect(alarmsIn(items)).toEqual([]);
    const containers = await dockerLines(lab(), ['ps', '--all', '--no-trunc']);
    for (const { ID, Names } of containers) {
      expect(items.filter(({ kind, id }) => kind === 'container' && id === ID).map(said), Names).toHaveLength(
        1,
      );
    }
    const images = await dockerLines(lab(), ['images', '--no-trunc']);
    for (const { ID, Repository } of images) {
      expect(
        items.filter(({ kind, id }) => kind === 'image' && id === ID).map(said),
        Repository,
      ).toHaveLength(1);
    }
    expect(containers.length).toBeGreaterThan(7);
    expect(images.length).toBeGreaterThan(6);
  });

  test('says by which rule each is as it should be', async () => {
    const { items } = await documentOf(lab(), ['reconcile']);
    const ruleOf = (name: string): unknown =>
      items.find((item) => String(item['name']).split(', ').includes(name))?.['ruleId'];
    expect(ruleOf('shop-web')).toBe('running');
    expect(ruleOf('shop-paused')).toBe('running');
    expect(ruleOf('shop-migrate')).toBe('at-rest');
    expect(ruleOf('shop-spare')).toBe('at-rest');
    expect(ruleOf('built:1')).toBe(store === 'graphdriver' ? 'image-without-lease' : 'image-record');
    const pulled = items.find(({ name }) => String(name).includes('/team/app:1'));
    // The manifests were in another namespace, or they were not; with the containerd store they are its own.
    expect(['image-leased', 'lease-empty', 'image-record']).toContain(pulled?.['ruleId']);
  });

  test('stays so while containers and images come and go', async () => {
    let over = false;
    const churn = async (name: string): Promise<void> => {
      for (let i = 0; !over; i += 1) {
        await run('--detach', '--name', `${name}-${i}`, IMAGE, '/bin/sleep', '0.2');
        await docker('tag', IMAGE, `${name}:${i}`);
        await docker('rm', '--force', `${name}-${i}`);
        await docker('rmi', `${name}:${i}`);
      }
    };
    const churning = Promise.all([churn('coming'), churn('going')]);
    try {
      for (let look = 0; look < 8; look += 1) {
        const { items } = await documentOf(lab(), ['reconcile']);
        expect(alarmsIn(items), `look ${look}`).toEqual([]);
        // The probes look twice with less time between.
        const { findings } = await documentOf(lab(), ['doctor']);
        expect(findings, `look ${look}`).toEqual([]);
      }
    } finally {
      over = true;
      await churning;
    }
  });

  test('is told to people in text and Markdown, verdict first', async () => {
    const text = await ctrscope(lab(), ['reconcile']);
    expect([0, 5]).toContain(text.exitCode);
    expect(text.stdout).toMatch(
      /^(✓ PASS: Docker and containerd agree|\? PARTIAL: nothing wrong in what could be read): /,
    );
    expect(text.stdout).toContain('\nEXPECTED\n');
    expect(text.stdout).toContain('\nAGREES\n');
    expect(text.stdout).not.toMatch(/^(BROKEN|STALE)$/m);
    const markdown = await ctrscope(lab(), ['reconcile', '-o', 'markdown']);
    expect(markdown.stdout).toMatch(/^## (PASS|PARTIAL): /);
    expect(markdown.exitCode).toBe(text.exitCode);
  });

  test('is the same host in a bundle', async () => {
    const file = `${lab().root}/reconcile.tar.gz`;
    const quiet = async (): Promise<readonly string[]> => {
      const { items } = await documentOf(lab(), ['reconcile']);
      return items
        .filter(({ name }) => name !== 'restarts')
        .map(said)
        .toSorted();
    };
    const before = await quiet();
    expect((await ctrscope(lab(), ['bundle', 'create', file])).exitCode).toBe(0);
    const { items, from } = await documentOf(lab(), ['--bundle', file, 'reconcile']);
    expect(from).toBe('bundle');
    expect(lasting(items).map(said).toSorted()).toEqual(before);
  });

  test('claims nothing against a Docker that cannot speak', async () => {
    await run('--detach', '--name', 'killed', IMAGE, '/bin/sleep', '86400');
    const [row] = await dockerLines(lab(), ['ps', '--no-trunc', '--filter', 'name=killed']);
    const id = row?.['ID'] ?? '';
    const dockerd = lab().dockerdPid ?? 0;
    // A dockerd that does not move hears of nothing; what it says now is what its list says then.
    const listed = await documentOf(lab(), ['reconcile']);
    expect(listed.items.find((item) => item['id'] === id)).toMatchObject({ state: 'agrees' });
    process.kill(dockerd, 'SIGSTOP');
    try {
      await lab().ctr(['tasks', 'kill', '--signal', 'SIGKILL', id], { namespace: 'moby' });
      const { items, unknown } = await documentOf(lab(), ['reconcile', '--timeout', '500ms']);
      // Without its word there is no claim against it; its file may say what it knew last.
      expect(unknown.length).toBeGreaterThan(0);
      expect(items.filter(({ state }) => state === 'broken').map(said)).toEqual([]);
    } finally {
      process.kill(dockerd, 'SIGCONT');
    }
    await until('Docker has heard of the end', async () => {
      const { stdout } = await docker('inspect', '--format', '{{.State.Status}}', 'killed');
      return stdout === 'exited' ? true : undefined;
    });
    expect(alarmsIn((await documentOf(lab(), ['reconcile'])).items)).toEqual([]);
  });
});

const SWITCHED = suites().filter(hasContainerdStore);

describe.each(SWITCHED)('a host that holds both stores (%s)', (suite) => {
  const reason = skipReason(suite);
  const lab = sharedLab(suite, { docker: 'graphdriver' });

  const switchTo = async (snapshotter: boolean): Promise<void> => {
    const file = lab().dockerdConfig ?? '';
    const config = JSON.parse(await readFile(file, 'utf8')) as object;
    await lab().stopDockerd();
    await writeFile(file, JSON.stringify({ ...config, features: { 'containerd-snapshotter': snapshotter } }));
    await lab().startDockerd();
  };
  const run = async (name: string): Promise<void> => {
    await importDockerImages(lab());
    await lab().docker([
      'run',
      '--detach',
      '--name',
      name,
      '--network',
      'none',
      // As init it does not hear of others, and dockerd would wait for it at each stop.
      '--stop-signal',
      'SIGKILL',
      IMAGE,
      '/bin/sleep',
      '86400',
    ]);
  };
  const look = async (): Promise<readonly Item[]> => (await documentOf(lab(), ['reconcile'])).items;
  const hidden = (items: readonly Item[]): readonly unknown[] =>
    items.filter(({ ruleId }) => ruleId === 'other-store').map(({ kind }) => kind);

  test.skipIf(reason !== undefined)('has nothing stale or broken after each switch', async () => {
    await run('of-graphdriver');
    expect(alarmsIn(await look())).toEqual([]);
    await switchTo(true);
    await run('of-containerd');
    const there = await look();
    expect(alarmsIn(there)).toEqual([]);
    expect(there.find(({ name }) => name === 'of-containerd')).toMatchObject({ state: 'agrees' });
    await switchTo(false);
    const back = await look();
    expect(alarmsIn(back)).toEqual([]);
    expect(hidden(back)).toContain('image');
    expect(back.find(({ name }) => name === 'of-graphdriver')).toMatchObject({ ruleId: 'at-rest' });
  });

  test.skipIf(reason !== undefined)(
    'has nothing broken while dockerd is down, nor when it was killed',
    async () => {
      await lab().stopDockerd();
      expect(alarmsIn(await look())).toEqual([]);
      await lab().startDockerd();
      await lab().docker(['start', 'of-graphdriver']);
      const dockerd = identify(lab().dockerdPid ?? 0);
      if (dockerd !== undefined) await killProcesses([dockerd]);
      expect(alarmsIn(await look())).toEqual([]);
      await lab().startDockerd();
      expect(alarmsIn(await look())).toEqual([]);
    },
  );

  test.skipIf(reason !== undefined)(
    'has nothing stale or broken on its disk, whichever store it used last',
    async () => {
      for (const [snapshotter, name, kills] of [
        [true, 'of-containerd', false],
        [false, 'of-graphdriver', true],
      ] as const) {
        await switchTo(snapshotter);
        await lab().docker(['start', name]);
        const daemons = [lab().dockerdPid, lab().containerdPid].flatMap((pid) => identify(pid ?? 0) ?? []);
        if (kills) await killProcesses(daemons);
        else {
          await lab().stopDockerd();
          await lab().stopContainerd();
        }
        const stoppedAt = Date.now();
        await until('nothing is new any more', () => Date.now() - stoppedAt > REST_MS || undefined);
        const root = diskOf(lab());
        // Without its daemon.json, with the one that it ran by, and where the next start is to use the other store.
        for (const said of [undefined, snapshotter, !snapshotter]) {
          if (said !== undefined) {
            await mkdir(`${root}/etc/docker`, { recursive: true });
            const config = { features: { 'containerd-snapshotter': said } };
            await writeFile(`${root}/etc/docker/daemon.json`, JSON.stringify(config));
          }
          const which = `${name}, ${kills ? 'killed' : 'stopped'}, daemon.json says ${said}`;
          const { items } = await documentOf({ env: {} }, ['reconcile', '--root', root]);
          expect(alarmsIn(items), which).toEqual([]);
          const names = items.map((item) => String(item['name']));
          expect(names, which).toEqual(expect.arrayContaining(['of-graphdriver', 'of-containerd']));
          if (said !== undefined) {
            const own = said ? 'of-containerd' : 'of-graphdriver';
            const others = items.filter(({ ruleId }) => ruleId === 'other-store').map((item) => item['name']);
            expect(others, which).toContain(said ? 'of-graphdriver' : 'of-containerd');
            expect(others, which).not.toContain(own);
          }
          const { findings } = await documentOf({ env: {} }, ['doctor', '--root', root]);
          expect(findings, which).toEqual([]);
        }
        await lab().startContainerd();
      }
      await lab().startDockerd();
    },
  );
});

describeLab('without Docker', {}, (lab) => {
  test('there is nothing to compare, and that is no failure', async () => {
    const { stdout, exitCode } = await ctrscope(lab(), ['reconcile']);
    expect(stdout).toMatch(/^✓ PASS: nothing to compare: /);
    expect(exitCode).toBe(0);
    const { items } = await documentOf(lab(), ['reconcile']);
    expect(items).toEqual([]);
  });
});

describe('options', () => {
  test('another format is refused, naming those there are', async () => {
    const { exitCode, stderr } = await ctrscope({ env: {} }, ['reconcile', '-o', 'csv']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('there are text, json, yaml, markdown');
  });
});
