import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ctrscope } from '../faults/program.ts';
import { importSingleImage } from '../lab/images.ts';
import { describeLab } from '../lab/shared.ts';
import { shimsOf } from '../lab/shims.ts';
import { rotatingSuites } from '../live/rotation.ts';
import { answerOf, type Item, isInert } from './answers.ts';

const CONTAINERS = Array.from({ length: 10 }, (_, i) => `c${i}`);
const STOPPED = ['c3', 'c7'];
const SILENT = 'its shim did not answer containerd within 2 s';

/** What the issue allows: containerd itself waits two seconds for a silent shim. */
const ANSWER_MS = 4_000;

describeLab('two stopped shims among ten', { on: rotatingSuites('shims') }, (lab, suite) => {
  let pids: ReadonlyMap<string, number>;

  beforeAll(async () => {
    const image = await importSingleImage(lab());
    for (const id of CONTAINERS) await lab().ctr(['run', '--detach', image, id, '/bin/sleep', '86400']);
    const { stdout } = await lab().ctr(['tasks', 'list']);
    pids = new Map(
      [...stdout.matchAll(/^(\S+)\s+(\d+)\s+RUNNING/gm)].map(([, id = '', pid]) => [id, Number(pid)]),
    );
    expect([...pids.keys()].toSorted()).toEqual(CONTAINERS);
    signal('SIGSTOP');
  });
  afterAll(() => signal('SIGCONT'));

  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    const shims = shimsOf(lab().tag).filter(({ id }) => STOPPED.includes(id));
    expect(shims.length).toBe(STOPPED.length);
    for (const { process: shim } of shims) process.kill(shim.pid, name);
  };

  /** The other eight, with the pids that ctr gave. */
  const healthy = (): readonly Item[] =>
    CONTAINERS.filter((id) => !STOPPED.includes(id)).map((id) =>
      expect.objectContaining({ namespace: lab().namespace, id, status: 'RUNNING', pid: pids.get(id) }),
    );

  /** Two rows whose status and pid are not said, rather than said to be something. */
  const isRight = (items: readonly Item[] | undefined): void => {
    expect(items?.map(({ id }) => id)).toEqual(CONTAINERS);
    const known = items?.filter((item) => 'status' in item || 'pid' in item) ?? [];
    expect(known).toEqual(healthy());
  };

  const measured: string[] = [];
  afterAll(() => {
    process.stdout.write(`two stopped shims among ten (${suite}): ${measured.join(', ')}\n`);
  });

  test('are two tasks that are not known, and why, within four seconds', async () => {
    const { exitCode, items, unknown, stderr, ms } = await answerOf(lab(), ['get', 'tasks']);
    measured.push(`get tasks ${Math.round(ms)} ms`);
    expect(exitCode, stderr).toBe(5);
    expect(ms).toBeLessThan(ANSWER_MS);
    isRight(items);
    expect(unknown.filter(({ object }) => object?.kind === 'task')).toEqual(
      STOPPED.map((id) => ({
        source: expect.stringMatching(/^Tasks\.(Get|List) /),
        state: 'timeout',
        reason: SILENT,
        object: { kind: 'task', namespace: lab().namespace, id },
        fields: ['status', 'pid'],
      })),
    );
    // Asked one by one, a task without a record would not be seen: that is said, and nothing else.
    const others = unknown.filter(({ object }) => object?.kind !== 'task');
    expect(others.length).toBeLessThanOrEqual(1);
    for (const other of others) expect(other.object?.kind).toBe('tasks without a container record');
  });

  test('are told to people in the same words', async () => {
    const run = await ctrscope(lab(), ['get', 'tasks']);
    expect(run.exitCode).toBe(5);
    expect(run.ms).toBeLessThan(ANSWER_MS);
    for (const id of CONTAINERS) {
      const state = STOPPED.includes(id) ? '\\?\\s+unknown' : `${pids.get(id)}\\s+running`;
      expect(run.stdout).toMatch(new RegExp(`^${lab().namespace}\\s+${id}\\s.*\\s${state}`, 'm'));
    }
    for (const id of STOPPED) {
      expect(run.stderr).toContain(`task ${lab().namespace}/${id}: status, pid: ${SILENT}\n`);
    }
    expect(run.stderr).toMatch(/^ {2}try: /m);
    isInert(run);
  });

  // Half a second is for starting node, too: on a machine that is busy with other things it may not be enough.
  test('are as unknown when the time is too short for containerd to give up on them', {
    retry: 3,
  }, async () => {
    const { exitCode, items, unknown, ms } = await answerOf(lab(), ['get', 'tasks', '--timeout', '500ms']);
    measured.push(`with --timeout 500ms ${Math.round(ms)} ms`);
    expect(exitCode).toBe(5);
    expect(ms).toBeLessThan(ANSWER_MS);
    isRight(items);
    const tasks = unknown.filter(({ object }) => object?.kind === 'task');
    expect(tasks.map(({ object }) => object?.id)).toEqual(STOPPED);
    for (const { reason } of tasks) expect(reason).toMatch(/^its shim did not answer containerd/);
  });

  test('are two containers of ten, of which the rest is told', async () => {
    const { exitCode, items, unknown, ms } = await answerOf(lab(), ['get', 'containers']);
    measured.push(`get containers ${Math.round(ms)} ms`);
    expect(exitCode).toBe(5);
    expect(ms).toBeLessThan(ANSWER_MS);
    isRight(items);
    for (const id of STOPPED) {
      expect(items?.find((item) => item['id'] === id)).toMatchObject({
        image: expect.stringContaining('busybox'),
        runtime: 'io.containerd.runc.v2',
      });
    }
    expect(
      unknown.filter(({ object }) => object?.kind === 'container').map(({ object }) => object?.id),
    ).toEqual(STOPPED);
  });

  test('do not keep a report from the rest', async () => {
    const { exitCode, document, ms } = await answerOf(lab(), ['report']);
    measured.push(`report ${Math.round(ms)} ms`);
    // No probe asks for tasks: nothing failed, and not everything could be read.
    expect(exitCode).toBe(5);
    const inventory = document['inventory'] as Readonly<Record<string, readonly Item[]>>;
    expect(inventory['images']).toHaveLength(1);
    isRight(inventory['tasks']);
  });

  test('do not keep a healthy container from being inspected', async () => {
    const { items } = await answerOf(lab(), ['inspect', 'c0']);
    expect(items).toEqual([expect.objectContaining({ id: 'c0', pid: pids.get('c0'), status: 'RUNNING' })]);
  });

  describe('let go again', () => {
    beforeAll(() => signal('SIGCONT'));

    test('are known again', async () => {
      const { exitCode, items, unknown } = await answerOf(lab(), ['get', 'tasks']);
      expect({ exitCode, unknown }).toEqual({ exitCode: 0, unknown: [] });
      expect(items).toEqual(
        CONTAINERS.map((id) => expect.objectContaining({ id, status: 'RUNNING', pid: pids.get(id) })),
      );
    });
  });
});
