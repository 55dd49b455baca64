import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { execa } from 'execa';
import { expect, test } from 'vitest';

import { compareTimes } from '../../src/host/event.ts';
import { importDockerImages, importSingleImage, SINGLE_IMAGE } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { describeLab } from '../lab/shared.ts';
import { until } from '../lab/until.ts';
import { exactJson } from './exact-json.ts';
import { command, ctrscope, programEnvironment } from './program.ts';
import { rotatingSuites } from './rotation.ts';

type Line = Readonly<Record<string, unknown>>;

/** A program that prints lines until somebody ends it. */
type Running = AsyncDisposable & {
  readonly child: ChildProcess;
  readonly out: readonly string[];
  readonly err: readonly string[];
  readonly says: (what: RegExp) => Promise<string>;
  readonly end: (
    signal: NodeJS.Signals,
  ) => Promise<{ readonly code: number | null; readonly out: readonly string[] }>;
};

const start = (file: string, args: readonly string[], env: Record<string, string | undefined>): Running => {
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const out: string[] = [];
  const err: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => out.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => err.push(line));
  const closed = once(child, 'close');
  return {
    child,
    out,
    err,
    says: (what) =>
      until(`${args.join(' ')} says ${what}`, () => [...err, ...out].find((line) => what.test(line))),
    end: async (signal) => {
      child.kill(signal);
      const [code] = (await closed) as [number | null];
      return { code, out };
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
};

const follow = async (lab: Lab, ...args: readonly string[]): Promise<Running> => {
  const [file, all] = command(['events', ...args]);
  const running = start(file, all, { ...process.env, ...programEnvironment(lab) });
  await running.says(/listening to containerd/);
  if (lab.store !== false) await running.says(/listening to docker/);
  return running;
};

const lines = (out: readonly string[]): Line[] => out.map((line) => exactJson(line) as Line);

const timesOf = (told: readonly Line[]): string[] => told.map(({ at }) => String(at));

/** All that happens to a container in its life, an exec included. */
const live = async (lab: Lab, id: string): Promise<void> => {
  const { ctr } = lab;
  await ctr(['run', '--detach', SINGLE_IMAGE, id, '/bin/sleep', '3600']);
  await ctr(['tasks', 'pause', id]);
  await ctr(['tasks', 'resume', id]);
  await ctr(['tasks', 'exec', '--exec-id', 'e1', id, '/bin/sh', '-c', 'exit 3'], { reject: false });
  await ctr(['containers', 'label', id, 'app=shop', 'API_TOKEN=canary']);
  await ctr(['tasks', 'kill', '--signal', 'SIGKILL', id]);
  await until('the task has stopped', async () =>
    (await ctr(['tasks', 'list'])).stdout.includes('STOPPED') ? true : undefined,
  );
  await ctr(['tasks', 'delete', id], { reject: false });
  await ctr(['containers', 'delete', id]);
  await ctr(['images', 'tag', SINGLE_IMAGE, `example.org/${id}:1`]);
  await ctr(['images', 'rm', `example.org/${id}:1`]);
};

/** A line of `ctr events` as ours, as far as both say the same: `TIME +0000 UTC NAMESPACE TOPIC JSON`. */
const ofCtr = (line: string): Line => {
  const match = /^(\S+) (\S+) \+0000 UTC (\S*) (\S+) (.*)$/.exec(line);
  if (match === null) throw new Error(`ctr events says ${JSON.stringify(line)}`);
  const [, day = '', time = '', namespace = '', topic = '', json = ''] = match;
  const said = exactJson(json) as Line;
  return {
    at: `${day}T${time.replace(/\.?0+$/, '')}Z`,
    namespace,
    topic,
    id: said['container_id'] ?? said['id'] ?? said['name'] ?? said['key'] ?? said['digest'],
    pid: said['pid'],
    exitStatus:
      /exit|delete/.test(topic) && said['pid'] !== undefined ? (said['exit_status'] ?? 0) : undefined,
    execId:
      said['exec_id'] ??
      (said['id'] !== said['container_id'] && said['container_id'] !== undefined ? said['id'] : undefined),
    image: said['image'],
    bundle: said['bundle'],
    parent: said['parent'],
    snapshotter: said['snapshotter'],
  };
};

const ofOurs = ({ at, namespace, topic, object, details }: Line): Line => {
  const said = details as Line;
  const { id } = object as { id: string };
  return {
    at: String(at)
      .replace(/(\.\d*?)0*Z$/, '$1Z')
      .replace('.Z', 'Z'),
    namespace,
    topic,
    id,
    pid: said['pid'],
    exitStatus: said['exitStatus'],
    execId: said['execId'],
    image: said['image'],
    bundle: said['bundle'],
    parent: said['parent'],
    snapshotter: said['snapshotter'],
  };
};

describeLab('events of containerd', { on: rotatingSuites('events of containerd') }, (lab) => {
  test('are those that ctr prints, in order, and the summary counts them', async () => {
    await importSingleImage(lab());
    await using ours = await follow(lab(), '-o', 'json');
    await using ctrs = start(lab().programs.ctr, ['--address', lab().address, 'events'], {
      ...process.env,
      ...lab().env,
    });
    // ctr does not say when it listens.
    await until('both hear the same', async () => {
      await lab().ctr(['namespaces', 'label', lab().namespace, `at=${Date.now()}`]);
      return ctrs.out.length > 0 ? true : undefined;
    });
    await live(lab(), 'whole');
    const theirs = await until('ctr has heard the last', () =>
      ctrs.out.some((line) => line.includes('/images/delete')) ? ctrs.out : undefined,
    );
    await ours.says(/image\.delete/);
    const { code, out } = await ours.end('SIGINT');
    expect(code).toBe(130);
    const all = lines(out);
    const told = all.slice(0, -1);
    const wanted = theirs.map(ofCtr);
    expect(told.slice(-wanted.length).map(ofOurs)).toEqual(wanted);
    expect(timesOf(told)).toEqual(timesOf(told).toSorted(compareTimes));
    expect(told.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'task.create',
        'task.paused',
        'task.exec-started',
        'task.exit',
        'container.delete',
        'image.create',
      ]),
    );
    expect(all.at(-1)).toMatchObject({ type: 'summary', events: told.length, gaps: 0, ended: 'SIGINT' });
    expect(out.join('\n')).not.toContain('canary');
  });

  test('can be chosen by type and field, and are lines for people otherwise', async () => {
    await importSingleImage(lab());
    await using chosen = await follow(lab(), '--type', 'task.exit,container', '--filter', 'id=picked');
    await using others = await follow(lab(), '-n', 'nowhere', '-o', 'json');
    await live(lab(), 'other');
    await live(lab(), 'picked');
    await chosen.says(/container\.delete/);
    const { code, out } = await chosen.end('SIGTERM');
    expect(code).toBe(143);
    const events = out.slice(0, -1).map((line) => line.split(/\s{2,}/));
    expect(events.map(([, type]) => type)).toEqual([
      'container.create',
      'task.exit',
      'container.update',
      'task.exit',
      'container.delete',
    ]);
    expect(out[1]).toMatch(/execId=e1 .*exitStatus=3/);
    expect(out[2]).toContain('app=shop');
    expect(out.join('\n')).not.toContain('canary');
    expect(new Set(events.map(([, , , object]) => object))).toEqual(new Set([`${lab().namespace}/picked`]));
    expect(out.at(-1)).toMatch(/^5 events in \S+ \(containerd 5\), 0 gaps$/);
    const { out: none } = await others.end('SIGINT');
    expect(lines(none)).toMatchObject([{ type: 'summary', events: 0 }]);
  });

  test('go on after containerd was killed, and the gap is one of them', async () => {
    await using running = await follow(lab(), '-o', 'json');
    process.kill(lab().containerdPid ?? 0, 'SIGKILL');
    await running.says(/containerd: disconnected/);
    await lab().startContainerd();
    await running.says(/containerd: connected again/);
    await lab().ctr(['namespaces', 'create', `${lab().namespace}-late`]);
    await running.says(/namespace\.create/);
    await lab().ctr(['namespaces', 'rm', `${lab().namespace}-late`]);
    const { out } = await running.end('SIGINT');
    const told = lines(out);
    const gap = told.findIndex(({ type }) => type === 'gap');
    expect(told[gap]).toMatchObject({
      source: 'containerd',
      object: null,
      details: { why: expect.stringContaining(lab().address) },
    });
    expect(told.findIndex(({ type }) => type === 'namespace.create')).toBeGreaterThan(gap);
    expect(told.at(-1)).toMatchObject({ type: 'summary', gaps: 1 });
  });

  test('end by themselves, with who has read enough, or not at all', async () => {
    const started = performance.now();
    const { exitCode, stdout } = await ctrscope(lab(), ['events', '--for', '1s', '-o', 'json', '-q']);
    expect(exitCode).toBe(0);
    expect(performance.now() - started).toBeLessThan(5000);
    expect(lines(stdout.trim().split('\n'))).toMatchObject([{ type: 'summary', ended: 'for' }]);

    const [file, all] = command(['events', '-o', 'json']);
    const piped = execa('sh', ['-c', `"$@" | head -n 1`, 'sh', file, ...all], {
      env: { ...programEnvironment(lab()) },
      reject: false,
      timeout: 30_000,
    });
    let done = false;
    const ended = piped.then((result) => {
      done = true;
      return result;
    });
    await until('the pipe breaks', async () => {
      await lab().ctr(['namespaces', 'label', lab().namespace, `at=${Date.now()}`]);
      return done ? true : undefined;
    });
    const { stdout: first, stderr } = await ended;
    expect(lines([first])).toMatchObject([{ type: 'namespace.update' }]);
    expect(stderr).not.toMatch(/EPIPE|\bat .*:\d+/);
  });

  test.each([
    [['--type', ','], /no filter/],
    [['--filter', 'what'], /no filter "what"; expected FIELD=VALUE/],
    [['--for', 'ever'], /no duration/],
    [['--since', 'yesterday'], /no time such as/],
    [['-o', 'yaml'], /there are text, json/],
  ])('cannot be had with %j', async (args, why) => {
    const { exitCode, stderr, stdout } = await ctrscope(lab(), ['events', ...args]);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(why);
  });
});

describeLab('events of Docker', { docker: 'graphdriver', on: rotatingSuites('events of Docker') }, (lab) => {
  test('stand among those of containerd, on one clock', async () => {
    const [image = ''] = await importDockerImages(lab());
    await using running = await follow(lab(), '-o', 'json');
    const { docker } = lab();
    const { stdout } = await docker([
      'run',
      '--detach',
      '--name',
      'web',
      '--label',
      'API_TOKEN=canary',
      image,
      '/bin/sleep',
      '3600',
    ]);
    await docker(['exec', 'web', '/bin/sh', '-c', 'true --password canary']);
    await docker(['rm', '--force', 'web']);
    await running.says(/container\.destroy/);
    const { out } = await running.end('SIGINT');
    const told = lines(out).slice(0, -1);
    expect(timesOf(told)).toEqual(timesOf(told).toSorted(compareTimes));
    const own = told.filter(({ object }) => (object as Line | null)?.['id'] === stdout.trim());
    const order = own.map(({ source, type }) => `${source} ${type}`);
    const wanted = [
      'docker container.create',
      'containerd container.create',
      'containerd task.create',
      'containerd task.start',
      'docker container.start',
      'docker container.exec_create',
      'docker container.kill',
      'containerd task.exit',
      'docker container.die',
      'docker container.destroy',
    ];
    expect(order.filter((one) => wanted.includes(one) && one !== 'containerd task.exit')).toEqual(
      wanted.filter((one) => one !== 'containerd task.exit'),
    );
    expect(order.indexOf('containerd task.exit')).toBeGreaterThan(order.indexOf('containerd task.start'));
    expect(own.find(({ type }) => type === 'container.die')).toMatchObject({
      namespace: 'moby',
      object: { kind: 'container', name: 'web' },
      details: { exitStatus: 137 },
    });
    expect(out.join('\n')).not.toContain('canary');
  });

  test('that it has kept come first, and its end is a gap of its own', async () => {
    const [image = ''] = await importDockerImages(lab());
    await lab().docker(['create', '--name', 'kept', image, '/bin/true']);
    await lab().docker(['rm', 'kept']);
    const past = await ctrscope(lab(), [
      'events',
      '--since',
      '5m',
      '--for',
      '1s',
      '-o',
      'json',
      '--filter',
      'name=kept',
    ]);
    expect(lines(past.stdout.trim().split('\n')).map(({ type }) => type)).toEqual([
      'container.create',
      'container.destroy',
      'summary',
    ]);
    expect(past.stderr).toContain('containerd keeps no events');

    await using running = await follow(lab(), '-o', 'json');
    process.kill(lab().dockerdPid ?? 0, 'SIGKILL');
    await running.says(/docker: disconnected/);
    await lab().startDockerd();
    await running.says(/docker: connected again/);
    await running.says(/"gap"/);
    const { out } = await running.end('SIGINT');
    expect(lines(out).filter(({ type }) => type === 'gap')).toMatchObject([{ source: 'docker' }]);
  });
});
