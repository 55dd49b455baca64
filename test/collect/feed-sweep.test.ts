import { describe, expect, test } from 'vitest';

import { createSweep, type FileMark } from '../../src/collect/feed-sweep.ts';
import type { Ingest, Task, TaskStatus } from '../../src/host/containerd.ts';
import type { HostEvent } from '../../src/host/event.ts';
import { containerId, namespaceName, pid } from '../../src/host/ids.ts';
import { absent, seen, unknown } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';

const AT = '2026-01-01T00:00:00Z';
const START = Date.parse(AT);
const EMPTY = seen({ items: [], gaps: [] }, 'a list', AT);

const task = (status: TaskStatus | undefined): Task => ({
  namespace: namespaceName('a'),
  id: containerId('one'),
  status:
    status === undefined
      ? unknown('timeout', 'Tasks.Get', 'silent', AT, 2000)
      : seen(status, 'Tasks.Get', AT),
  pid: seen(pid(1), 'Tasks.Get', AT),
  exitStatus: null,
  exitedAt: null,
  stdin: '',
  stdout: '',
  stderr: '',
  terminal: false,
});

const ingest = (updatedAt: string): Ingest => ({
  namespace: namespaceName('a'),
  ref: 'layer',
  offset: 1n,
  total: 2n,
  expected: '',
  startedAt: AT,
  updatedAt,
});

const hostOf = (facets: HostSnapshot['facets'] = {}): HostSnapshot => ({
  schemaVersion: 1,
  at: AT,
  from: 'live',
  scope: {},
  facets: {
    'containerd.namespaces': EMPTY,
    'containerd.ingests': EMPTY,
    'containerd.leases': EMPTY,
    'containerd.content': EMPTY,
    'containerd.snapshots': EMPTY,
    'containerd.sandboxes': absent('sandbox.Store.List', AT),
    ...facets,
  },
  timings: [],
});

const event = (kind: string): HostEvent => ({
  at: AT,
  type: `${kind}.create`,
  source: 'containerd',
  namespace: 'a',
  object: { kind, id: 'x', name: null },
  details: {},
  topic: '',
});

const QUICK = ['containerd.namespaces', 'containerd.ingests', 'containerd.leases'];
const WHOLE = [...QUICK, 'containerd.content', 'containerd.snapshots'];

describe('a database that can be seen', () => {
  const database = (): { writes: (at: number) => void; identify: (path: string) => Promise<FileMark> } => {
    let mark = { mark: '0', changedMs: START - 1000 };
    return {
      writes: (at) => {
        mark = { mark: `${at}`, changedMs: at };
      },
      identify: async () => mark,
    };
  };

  test('is not read from while it rests', async () => {
    const { identify } = database();
    const sweep = createSweep('meta.db', identify);
    await sweep.listing(START);
    for (let ms = 2000; ms < 120_000; ms += 2000) {
      expect(await sweep.beat(hostOf(), START + ms)).toEqual({ facets: [], objects: [] });
    }
  });

  test('is read from once when it was written to, and whole again when it has come to rest', async () => {
    const { writes, identify } = database();
    const sweep = createSweep('meta.db', identify);
    await sweep.listing(START);
    writes(START + 500);
    expect((await sweep.beat(hostOf(), START + 2000)).facets).toEqual(QUICK);
    expect((await sweep.beat(hostOf(), START + 4000)).facets).toEqual(WHOLE);
    expect((await sweep.beat(hostOf(), START + 6000)).facets).toEqual([]);
  });

  test('is read from whole now and then while it never rests', async () => {
    const { writes, identify } = database();
    const sweep = createSweep('meta.db', identify);
    await sweep.listing(START);
    const counts = { quick: 0, whole: 0 };
    for (let ms = 2000; ms <= 60_000; ms += 2000) {
      writes(START + ms - 1000);
      const { facets } = await sweep.beat(hostOf(), START + ms);
      counts[facets.length === WHOLE.length ? 'whole' : 'quick'] += 1;
    }
    expect(counts).toEqual({ quick: 24, whole: 6 });
  });

  test('is read from whole at once when an image has changed', async () => {
    const { writes, identify } = database();
    const sweep = createSweep('meta.db', identify);
    await sweep.listing(START);
    writes(START + 500);
    sweep.heard(event('image'));
    expect((await sweep.beat(hostOf(), START + 2000)).facets).toEqual(WHOLE);
  });

  test('is read from again when it was written to in the very moment of the look', async () => {
    const { writes, identify } = database();
    const sweep = createSweep('meta.db', identify);
    await sweep.listing(START);
    sweep.heard(event('image'));
    writes(START + 1999);
    expect((await sweep.beat(hostOf(), START + 2000)).facets).toEqual(WHOLE);
    expect((await sweep.beat(hostOf(), START + 4000)).facets).not.toEqual([]);
    expect((await sweep.beat(hostOf(), START + 6000)).facets).toEqual(WHOLE);
    expect((await sweep.beat(hostOf(), START + 8000)).facets).toEqual([]);
  });
});

test('a database that is not written to when the daemon writes is not its own', async () => {
  const sweep = createSweep('meta.db', async () => ({ mark: '0', changedMs: START - 60_000 }));
  await sweep.listing(START);
  // What a shim says is not written there.
  sweep.heard(event('task'));
  expect((await sweep.beat(hostOf(), START + 2000)).facets).toEqual([]);
  sweep.heard(event('container'));
  expect((await sweep.beat(hostOf(), START + 4000)).facets).toEqual(WHOLE);
  expect((await sweep.beat(hostOf(), START + 6000)).facets).toEqual([]);
  expect((await sweep.beat(hostOf(), START + 20_000)).facets).toEqual(WHOLE);
});

describe('without a database that can be seen', () => {
  test.each([
    ['its place is not known', undefined],
    ['it may not be looked at', 'meta.db'],
  ])('events say that there is something to list, or time does: %s', async (_, path) => {
    const sweep = createSweep(path, async () => {
      throw new Error('denied');
    });
    await sweep.listing(START);
    expect((await sweep.beat(hostOf(), START + 2000)).facets).toEqual([]);
    sweep.heard(event('container'));
    expect((await sweep.beat(hostOf(), START + 4000)).facets).toEqual(WHOLE);
    expect((await sweep.beat(hostOf(), START + 6000)).facets).toEqual([]);
    expect((await sweep.beat(hostOf(), START + 18_000)).facets).toEqual([]);
    expect((await sweep.beat(hostOf(), START + 20_000)).facets).toEqual(WHOLE);
  });
});

describe('at every beat', () => {
  const quiet = async (): Promise<FileMark> => ({ mark: '0', changedMs: 0 });

  test('an ingest that somebody writes is looked at, and one that nobody does is not', async () => {
    const sweep = createSweep('meta.db', quiet);
    await sweep.listing(START);
    const host = hostOf({
      'containerd.ingests': seen({ items: [ingest(AT)], gaps: [] }, 'Content.ListStatuses', AT),
    });
    expect((await sweep.beat(host, START + 2000)).facets).toEqual(['containerd.ingests']);
    expect((await sweep.beat(host, START + 60_000)).facets).toEqual([]);
  });

  test('what could not be read is tried again, but not what is refused', async () => {
    const sweep = createSweep('meta.db', quiet);
    await sweep.listing(START);
    const host = hostOf({
      'containerd.images': unknown('timeout', 'Images.List', 'late', AT, 2000),
      'containerd.leases': unknown('denied', 'Leases.List', 'no', AT, 1),
      'containerd.content': seen(
        { items: [], gaps: [unknown('failed', 'Content.List b', 'broken', AT, 1)] },
        'Content.List',
        AT,
      ),
      'containerd.tasks': seen({ items: [task(undefined)], gaps: [] }, 'Tasks.List', AT),
    });
    expect(await sweep.beat(host, START + 2000)).toEqual({ facets: [], objects: [] });
    const due = await sweep.beat(host, START + 10_000);
    expect(due.facets.toSorted()).toEqual(['containerd.content', 'containerd.images']);
    expect(due.objects).toEqual([{ facet: 'containerd.tasks', namespace: 'a', id: 'one' }]);
    expect((await sweep.beat(host, START + 12_000)).facets).toEqual([]);
  });

  test('a task that has exited is looked at, less and less often', async () => {
    const sweep = createSweep('meta.db', quiet);
    await sweep.listing(START);
    const host = hostOf({
      'containerd.tasks': seen({ items: [task('STOPPED')], gaps: [] }, 'Tasks.List', AT),
    });
    const looks: number[] = [];
    for (let s = 2; s <= 300; s += 2) {
      const { objects } = await sweep.beat(host, START + s * 1000);
      if (objects.length > 0) looks.push(s);
    }
    expect(looks).toEqual([4, 8, 16, 32, 64, 124, 184, 244]);
    const running = hostOf({
      'containerd.tasks': seen({ items: [task('RUNNING')], gaps: [] }, 'Tasks.List', AT),
    });
    expect((await sweep.beat(running, START + 400_000)).objects).toEqual([]);
  });
});
