import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  compareTimes,
  eventWithoutSecrets,
  gapEvent,
  type HostEvent,
  ofTopic,
  toRemember,
} from '../../src/host/event.ts';
import { ofDocker } from '../../src/host/event-docker.ts';
import { eventTest } from '../../src/host/event-filter.ts';
import { createEventRing, createReorder } from '../../src/host/event-order.ts';
import { namespaceName } from '../../src/host/ids.ts';

const event = (at: string, over: Partial<HostEvent> = {}): HostEvent => ({
  at,
  type: 'task.exit',
  source: 'containerd',
  namespace: 'moby',
  object: { kind: 'task', id: 'web', name: null },
  details: {},
  topic: '/tasks/exit',
  ...over,
});

/** RFC 3339 as containerd and Docker give it: without trailing zeros, up to nanoseconds. */
const moment = (nanos: bigint): string => {
  const second = new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  const fraction = String(nanos % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `${second}Z` : `${second}.${fraction}Z`;
};

const nanos = fc.bigInt({ min: 1_700_000_000_000_000_000n, max: 1_700_000_002_000_000_000n });

describe('a type', () => {
  test.each([
    ['/tasks/exec-added', 'task.exec-added'],
    ['/containers/create', 'container.create'],
    ['/snapshot/prepare', 'snapshot.prepare'],
    ['/content/delete', 'content.delete'],
    ['sandboxes/create', 'sandbox.create'],
    ['/my/own/topic', 'my.own.topic'],
    ['/', 'unknown'],
    ['', 'unknown'],
  ])('of the topic %j is %j', (topic, type) => {
    expect(ofTopic(topic).type).toBe(type);
  });
});

describe('times', () => {
  test('are in order, to the nanosecond and with any number of digits', () => {
    fc.assert(
      fc.property(nanos, nanos, (a, b) => {
        expect(Math.sign(compareTimes(moment(a), moment(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  test('without a fraction come before those with one', () => {
    expect(compareTimes('2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5Z')).toBe(-1);
    expect(compareTimes('2026-01-01T00:00:00.50Z', '2026-01-01T00:00:00.5Z')).toBe(0);
  });
});

describe('events of several streams', () => {
  test('come out in order when none is later than the window', () => {
    const arrivals = fc.array(
      fc.record({ at: fc.integer({ min: 0, max: 5000 }), late: fc.integer({ min: 0, max: 199 }) }),
    );
    fc.assert(
      fc.property(arrivals, (list) => {
        const reorder = createReorder(200);
        const out: HostEvent[] = [];
        const start = 1_700_000_000_000n;
        const byArrival = list
          .map(({ at, late }, i) => ({
            arrives: at + late,
            told: event(moment((start + BigInt(at)) * 1_000_000n), { topic: `${i}` }),
          }))
          .toSorted((a, b) => a.arrives - b.arrives);
        for (const { arrives, told } of byArrival) {
          out.push(...reorder.take(arrives));
          reorder.push(told, arrives);
        }
        out.push(...reorder.flush());
        expect(out).toHaveLength(list.length);
        // By time, and those of one time as they came.
        const wanted = byArrival.map(({ told }) => told).toSorted((a, b) => compareTimes(a.at, b.at));
        expect(out).toEqual(wanted);
      }),
    );
  });

  test('wait no longer than the window, and nobody waits for nothing', () => {
    const reorder = createReorder(200);
    expect(reorder.dueAt()).toBeUndefined();
    reorder.push(event('2026-01-01T00:00:02Z'), 1000);
    reorder.push(event('2026-01-01T00:00:01Z'), 1050);
    expect(reorder.dueAt()).toBe(1200);
    expect(reorder.take(1199)).toEqual([]);
    // What happened before it comes out with it, though it has not waited as long.
    expect(reorder.take(1200).map(({ at }) => at)).toEqual(['2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z']);
    expect(reorder.dueAt()).toBeUndefined();
  });
});

describe('the ring', () => {
  test('keeps the newest, in order', () => {
    fc.assert(
      fc.property(fc.array(nanos, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (times, limit) => {
        const ring = createEventRing(limit);
        for (const time of times) ring.add(event(moment(time)));
        const listed = ring.list().map(({ at }) => at);
        expect(listed.length).toBe(Math.min(limit, times.length));
        expect(listed).toEqual(listed.toSorted(compareTimes));
        expect(ring.list()).toBe(ring.list());
      }),
    );
  });

  test('leaves one that is far out of order where it came', () => {
    const ring = createEventRing(1000);
    for (let i = 0; i < 100; i += 1) ring.add(event(moment(1_700_000_001_000_000_000n + BigInt(i))));
    ring.add(event('1999-01-01T00:00:00Z'));
    expect(ring.list().at(-1)?.at).toBe('1999-01-01T00:00:00Z');
  });
});

describe('a gap', () => {
  test('says since when, until when and why', () => {
    const gap = gapEvent({
      source: 'containerd',
      since: '2026-01-01T00:00:00.000Z',
      until: '2026-01-01T00:00:02.500Z',
      why: 'it was killed',
    });
    expect(gap).toMatchObject({
      type: 'gap',
      at: '2026-01-01T00:00:02.500Z',
      details: { ms: 2500, why: 'it was killed' },
    });
  });
});

describe('secrets', () => {
  test('are withheld from labels, attributes and the commands of execs', () => {
    const told = event('2026-01-01T00:00:00Z', {
      details: {
        labels: { API_TOKEN: 'canary', app: 'shop' },
        attributes: { DB_PASSWORD: 'canary', image: 'https://user:canary@example.org/i' },
        command: 'mysql --password canary',
        exitStatus: 1,
      },
    });
    const safe = eventWithoutSecrets(told);
    expect(JSON.stringify(safe)).not.toContain('canary');
    expect(safe.details).toMatchObject({ labels: { app: 'shop' }, exitStatus: 1 });
  });
});

describe('what is remembered of an event', () => {
  test('is all of a common one', () => {
    const told = event('2026-01-01T00:00:00Z', { details: { exitStatus: 1, labels: { app: 'shop' } } });
    expect(toRemember(told)).toBe(told);
  });

  test('is bounded, however much it says and in whatever form', () => {
    fc.assert(
      fc.property(
        fc.object({ maxDepth: 4, maxKeys: 200 }),
        fc.string({ maxLength: 20_000 }),
        (details, text) => {
          const told = event('2026-01-01T00:00:00Z', { details: { ...details, text } });
          const kept = toRemember(told);
          if (kept !== told) expect(kept.details['cut']).toBe(true);
          const strings: string[] = [];
          JSON.stringify(kept.details, (key, value: unknown) => {
            strings.push(key, typeof value === 'string' ? value : '');
            return typeof value === 'bigint' ? String(value) : value;
          });
          expect(strings.join('').length).toBeLessThan(5000);
        },
      ),
    );
  });
});

describe("Docker's events", () => {
  const at = '2026-01-01T00:00:00.000000001Z';

  test('name what containerd names, too', () => {
    const told = ofDocker(
      {
        at,
        type: 'container',
        action: 'die',
        id: 'abc',
        attributes: { name: 'web', exitCode: '137', image: 'shop' },
      },
      namespaceName('moby'),
    );
    expect(told).toEqual({
      at,
      type: 'container.die',
      source: 'docker',
      namespace: 'moby',
      object: { kind: 'container', id: 'abc', name: 'web' },
      details: { exitStatus: 137, attributes: { image: 'shop' } },
      topic: 'container/die',
    });
  });

  test.each([
    ['exec_start: sh -c true', 'container.exec_start', { command: 'sh -c true' }],
    ['health_status: healthy', 'container.health_status', { status: 'healthy' }],
    ['start', 'container.start', {}],
  ])('%j is %j', (action, type, details) => {
    const told = ofDocker({ at, type: 'container', action, id: 'abc', attributes: {} }, null);
    expect(told).toMatchObject({ type, details, namespace: null });
  });
});

describe('a filter', () => {
  const exit = event('2026-01-01T00:00:00Z', {
    details: { exitStatus: 137, pid: 42, labels: { app: 'shop' } },
    object: { kind: 'task', id: '4f1c', name: 'web-1' },
  });

  test.each([
    ['type=task.exit', true],
    ['type=task', true],
    ['type=container,task', true],
    ['type=tas', false],
    ['type~exi', true],
    ['type!=task', false],
    ['ns=moby', true],
    ['namespace=MOBY', true],
    ['ns!=moby', false],
    ['id=4f1c', true],
    ['name=web-1', true],
    ['id~web', true],
    ['id!~web', false],
    ['source=docker', false],
    ['kind=task', true],
    ['exitStatus=137', true],
    ['exitstatus!=0', true],
    ['pid=43', false],
    ['app=shop', true],
    ['nothing=there', false],
    ['topic~/tasks/', true],
  ])('%s: %j', (term, holds) => {
    expect(eventTest(term)?.(exit)).toBe(holds);
  });

  test.each(['type', '=x', 'type=', 'type=,', '~'])('%j is none', (term) => {
    expect(eventTest(term)).toBeUndefined();
  });

  test('never leaves out a gap', () => {
    expect(eventTest('ns=moby')?.(event('2026-01-01T00:00:00Z', { type: 'gap', namespace: null }))).toBe(
      true,
    );
  });
});
