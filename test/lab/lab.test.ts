import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

import { labUnavailable } from './available.ts';
import { importDockerImages, importSingleImage, SINGLE_IMAGE } from './images.ts';
import { attachLab, type Lab, startLab } from './lab.ts';
import { newTag } from './paths.ts';
import { openFilesOf } from './processes.ts';
import { labState } from './record.ts';
import { canaryOf, seedLab } from './seed.ts';
import { describeLab, skipReason, suites } from './shared.ts';
import { knownContainers, shimSocket, shimsOf } from './shims.ts';
import { NO_TRACES, tracesOf } from './traces.ts';
import { until } from './until.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

/** A container that sleeps, and its init's pid. */
const runSleeper = async (lab: Lab, id: string): Promise<number> => {
  await lab.ctr(['run', '--detach', await importSingleImage(lab), id, '/bin/sleep', '86400']);
  return await taskPid(lab, id);
};

const taskPid = async (lab: Lab, id: string): Promise<number> => {
  const { stdout } = await lab.ctr(['tasks', 'list']);
  return Number(new RegExp(`^${id}\\s+(\\d+)\\s+RUNNING`, 'm').exec(stdout)?.[1]);
};

const shimOf = (lab: Lab, id: string): number =>
  shimsOf(lab.tag).find((shim) => shim.id === id)?.process.pid ?? Number.NaN;

describeLab('a lab', {}, (lab) => {
  test('has daemons of its own that answer', async () => {
    const { versions, containerdPid, address, namespace, containerdRoot } = lab();
    expect(versions.containerd).toMatch(/^\d+\.\d+/);
    expect(versions.runc).toMatch(/^1\.\d+/);
    expect(versions.dockerd).toBeUndefined();
    expect(containerdPid).toBeGreaterThan(1);
    expect(Buffer.byteLength(address)).toBeLessThan(107);
    const { stdout } = await execa('ctr', ['--namespace', namespace, 'plugins', 'list', '--detailed'], {
      env: lab().env,
    });
    expect(stdout).toContain(containerdRoot);
    expect(stdout).not.toContain('/var/lib/containerd');
  });

  test('keeps its containers over a restart of containerd', async () => {
    const pid = await runSleeper(lab(), 'stays');
    const before = lab().containerdPid;
    await lab().restartContainerd();
    expect(lab().containerdPid).not.toBe(before);
    expect(await taskPid(lab(), 'stays')).toBe(pid);
  });
});

const unavailable = labUnavailable();
const title = unavailable === undefined ? 'labs' : `labs, skipped: ${unavailable}`;

describe.skipIf(unavailable)(title, { timeout: 60_000 }, () => {
  test.for(suites())('of %s leave nothing behind, also when seeded twice', async (suite, { skip }) => {
    const reason = skipReason(suite);
    if (reason !== undefined) skip(reason);
    const docker = suite === 'sid' ? 'containerd' : 'graphdriver';
    const lab = await startLab({ suite, docker });
    const first = await seedLab(lab);
    expect(await seedLab(lab)).toEqual(first);

    const statusOf = new Map(
      (await lab.ctr(['tasks', 'list'])).stdout.split('\n').map((line) => {
        const [id = '', , status = 'no task'] = line.split(/\s+/);
        return [id, status];
      }),
    );
    for (const { namespace, id, status } of first.containers.filter((c) => c.namespace === lab.namespace)) {
      expect(statusOf.get(id)?.toLowerCase() ?? 'no task', `${namespace}/${id}`).toBe(status);
    }
    // The first of these provokes a garbage collection, which must leave the rest.
    await lab.ctr(['images', 'remove', '--sync', SINGLE_IMAGE], { namespace: `${lab.namespace}-b` });
    const { stdout: snapshots } = await lab.ctr(['snapshots', 'list']);
    for (const key of first.snapshots) expect(snapshots).toMatch(new RegExp(`^${key} `, 'm'));
    expect((await lab.ctr(['content', 'active'])).stdout).toContain('seed-ingest\t1.049MB');
    expect((await lab.ctr(['leases', 'list', '--quiet'])).stdout).toContain('seed-lease');
    const { stdout: spec } = await lab.ctr(['containers', 'info', 'db']);
    expect(spec).toContain(`DB_PASSWORD=${canaryOf(lab)}`);
    const { stdout: docked } = await lab.docker(['ps', '--all', '--format', '{{.Names}} {{.State}}']);
    expect(docked.split('\n').sort()).toEqual(
      first.docker?.containers.map(({ name, status }) => `${name} ${status}`).sort(),
    );

    const dockerIds = first.docker?.containers.map(({ id }) => id) ?? [];
    const sockets = knownContainers(lab.tag)
      .map(({ namespace, id }) => shimSocket(lab.tag, namespace, id))
      .filter((socket) => existsSync(socket));
    const running = tracesOf(lab.tag, dockerIds);
    for (const [kind, traces] of Object.entries(running)) expect(traces, kind).not.toEqual([]);
    expect(sockets.length).toBe(shimsOf(lab.tag).length);
    expect(running.cgroups.join()).toContain('/docker/');

    await lab.stop();
    expect(tracesOf(lab.tag, dockerIds)).toEqual(NO_TRACES);
    expect(sockets.filter((socket) => existsSync(socket))).toEqual([]);
    await lab.stop(); // twice is fine
  });

  test('of two suites run side by side, and one stops without touching the other', async ({ skip }) => {
    const [one, other] = suites().filter((suite) => skipReason(suite) === undefined);
    if (one === undefined || other === undefined) return skip('needs two suites');
    await using left = await startLab({ suite: other });
    const pid = await runSleeper(left, 'same');
    const [, again] = await Promise.all([
      startLab({ suite: one }).then(async (right) => {
        await runSleeper(right, 'same');
        expect(right.versions.containerd).not.toBe(left.versions.containerd);
        await right.stop();
        expect(tracesOf(right.tag)).toEqual(NO_TRACES);
      }),
      runSleeper(left, 'also'),
    ]);
    expect(again).toBeGreaterThan(1);
    expect(await taskPid(left, 'same')).toBe(pid);
    expect(existsSync(shimSocket(left.tag, left.namespace, 'same'))).toBe(true);
  });

  test('whose starter was killed are swept by "down"', async () => {
    const tag = newTag();
    const starter = execa(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { startLab } from ${JSON.stringify(join(import.meta.dirname, 'lab.ts'))};
         import { importSingleImage } from ${JSON.stringify(join(import.meta.dirname, 'images.ts'))};
         const lab = await startLab({ suite: 'bookworm', tag: '${tag}' });
         await lab.ctr(['run', '--detach', await importSingleImage(lab), 'left', '/bin/sleep', '86400']);
         process.stdout.write('running');
         setInterval(() => {}, 1000);`,
      ],
      { reject: false },
    );
    await new Promise((resolve) => starter.stdout.once('data', resolve));
    expect(labState(tag)).toBe('in use');
    starter.kill('SIGKILL');
    await starter;
    expect(labState(tag)).toBe('abandoned');
    expect(await taskPid(await attachLab(tag), 'left')).toBeGreaterThan(1);

    const { stdout } = await execa(process.execPath, [MAIN, 'down', tag]);
    expect(stdout).toBe(`lab ${tag}: down`);
    expect(tracesOf(tag)).toEqual(NO_TRACES);
  });

  test('that are sick stop as completely as healthy ones', async () => {
    const lab = await startLab({ suite: 'bookworm', docker: 'graphdriver' });
    const [image = ''] = await importDockerImages(lab);
    const { stdout: restarts } = await lab.docker([
      'run',
      '--detach',
      '--restart',
      'always',
      '--network',
      'none',
      image,
      '/bin/sleep',
      '86400',
    ]);
    for (const id of ['shim-killed', 'shim-stopped', 'frozen', 'orphan']) await runSleeper(lab, id);
    // By a client that knows nothing of the lab's folders: FIFOs and runc's state in the shared ones.
    await execa(
      'ctr',
      [
        '--namespace',
        lab.namespace,
        'run',
        '--detach',
        image.replace(/^/, 'docker.io/library/'),
        'plain',
        '/bin/sleep',
        '86400',
      ],
      { env: lab.env },
    );
    const [fifo = ''] = openFilesOf(shimOf(lab, 'plain')).filter((file) => file.includes('/fifo/'));
    expect(fifo).toMatch(/^\/run\/containerd\/fifo\//);
    expect(existsSync(`/run/containerd/runc/${lab.namespace}/plain`)).toBe(true);
    const sockets = knownContainers(lab.tag).map(({ namespace, id }) => shimSocket(lab.tag, namespace, id));
    expect(sockets.filter((socket) => existsSync(socket)).length).toBe(6);

    process.kill(shimOf(lab, 'shim-stopped'), 'SIGSTOP');
    freeze(lab, 'frozen');
    process.kill(shimOf(lab, 'shim-killed'), 'SIGKILL');
    await until('the task of a killed shim is gone', async () =>
      Number.isNaN(await taskPid(lab, 'shim-killed')) ? true : undefined,
    );
    process.kill(lab.dockerdPid ?? Number.NaN, 'SIGSTOP');
    process.kill(lab.containerdPid ?? Number.NaN, 'SIGKILL');
    process.kill(shimOf(lab, 'orphan'), 'SIGKILL');

    await lab.stop();
    expect(tracesOf(lab.tag, [restarts])).toEqual(NO_TRACES);
    expect(sockets.filter((socket) => existsSync(socket))).toEqual([]);
    expect(existsSync(dirname(fifo))).toBe(false);
  });

  test('that do not start say why and leave nothing', async () => {
    const tag = newTag();
    await expect(startLab({ suite: 'bookworm', tag, extraConfig: '[nonsense' })).rejects.toThrow(
      /containerd \(pid \d+\) ended while starting; the last lines of .*containerd\.log:\n[\s\S]*toml/,
    );
    expect(tracesOf(tag)).toEqual(NO_TRACES);
  });

  test('that "up" has started are reused by the next "up"', async () => {
    const { stdout: first } = await execa(process.execPath, [MAIN, 'up', '--new']);
    const tag = /^lab ([0-9a-f]{6}): up, bookworm, containerd \S+ on /.exec(first)?.[1] ?? '';
    try {
      expect((await execa(process.execPath, [MAIN, 'up'])).stdout).toContain(': already up, bookworm');
      const { stdout } = await execa(process.execPath, [MAIN, 'env', tag]);
      expect(stdout).toContain(`export CONTAINERD_ADDRESS='/run/ctrscope-lab/${tag}/containerd.sock'`);
      const labs = JSON.parse((await execa(process.execPath, [MAIN, 'status', '-o', 'json'])).stdout);
      expect(labs).toContainEqual(expect.objectContaining({ tag, suite: 'bookworm', state: 'kept' }));
    } finally {
      await execa(process.execPath, [MAIN, 'down', tag]);
    }
    expect(tracesOf(tag)).toEqual(NO_TRACES);
  });
});

/** Freezes a container's cgroup behind the back of runc. */
const freeze = (lab: Lab, id: string): void => {
  const v1 = join('/sys/fs/cgroup/freezer', lab.namespace, id, 'freezer.state');
  if (existsSync(v1)) writeFileSync(v1, 'FROZEN');
  else writeFileSync(join('/sys/fs/cgroup', lab.namespace, id, 'cgroup.freeze'), '1');
};
