import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { exitCodeOf } from '../../src/cli/examine.ts';
import { diagnose, wantsOf } from '../../src/diagnose/engine.ts';
import { PROBES } from '../../src/diagnose/probes.ts';
import type { Claim, Probe, ProbeAnswer, ProbeOutcome } from '../../src/host/finding.ts';
import { absent, seen, type UnknownState, unknown } from '../../src/host/observed.ts';
import type { FacetName, HostSnapshot } from '../../src/host/snapshot.ts';
import {
  ADDRESS,
  AT,
  daemon,
  daemons,
  endpoint,
  heldBy,
  identity,
  snapshot,
  version,
} from '../probes/made-up.ts';

const NEED: FacetName = 'containerd.version';
const known = snapshot({ [NEED]: version() });

const probe = (
  id: string,
  answer: (host: HostSnapshot) => ProbeAnswer,
  more: Partial<Probe> = {},
): Probe => ({
  id,
  title: `title of ${id}`,
  explain: '',
  wants: [NEED],
  needs: [NEED],
  run: answer,
  ...more,
});

const claim = (more: Partial<Claim> = {}, id = 'thing'): Claim => ({
  title: `wrong with ${id}`,
  outcome: 'fail',
  confidence: 'certain',
  object: { layer: 'containerd', namespace: null, kind: 'daemon', id, name: null },
  evidence: [],
  why: 'because.',
  impact: 'none.',
  next: [],
  references: [],
  ...more,
});

const claims =
  (...all: readonly Claim[]): (() => ProbeAnswer) =>
  () => ({ outcome: 'claims', claims: all });
const passes = (): ProbeAnswer => ({ outcome: 'pass', reason: 'fine' });
const skips = (): ProbeAnswer => ({ outcome: 'skip', reason: 'cannot tell' });

/** What a probe that answers one after the other was asked. */
const inTurn = (...answers: readonly (() => ProbeAnswer)[]): (() => ProbeAnswer) => {
  let next = 0;
  return () => (answers[next++] ?? passes)();
};
const again = async (): Promise<HostSnapshot> => known;

describe('a probe', () => {
  const reasons: readonly UnknownState[] = [
    'denied',
    'timeout',
    'unreachable',
    'unsupported',
    'offline',
    'failed',
    'truncated',
    'withheld',
    'notCollected',
  ];
  test.for(reasons)('whose need is %s is skipped and never run', async (state) => {
    let ran = false;
    const asked = probe('p', () => {
      ran = true;
      return passes();
    });
    const host = snapshot({ [NEED]: unknown(state, 'somewhere', 'for a reason', AT, 1) });
    const { verdict, probes } = await diagnose(host, [asked], again);
    expect(ran).toBe(false);
    expect(probes).toEqual([
      { id: 'p', title: 'title of p', outcome: 'skip', reason: `${NEED} is not known: for a reason` },
    ]);
    expect(verdict).toBe('partial');
  });

  test('whose need nobody collected is skipped', async () => {
    const { probes } = await diagnose(snapshot({}), [probe('p', passes)], again);
    expect(probes[0]?.outcome).toBe('skip');
  });

  test('runs on a fact that is known to be absent', async () => {
    const host = snapshot({ [NEED]: absent('somewhere', AT) });
    expect((await diagnose(host, [probe('p', passes)], again)).probes[0]?.outcome).toBe('pass');
  });

  test('that throws is an error of its own: the others still answer', async () => {
    const broken = probe('broken', () => {
      throw new TypeError('undefined is not a function');
    });
    const { probes, findings, verdict } = await diagnose(
      known,
      [broken, probe('fine', passes), probe('bad', claims(claim()))],
      again,
    );
    expect(probes.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['broken', 'error'],
      ['fine', 'pass'],
      ['bad', 'fail'],
    ]);
    expect(probes[0]?.reason).toBe('undefined is not a function');
    expect(findings.map(({ id }) => id)).toEqual(['bad']);
    expect(verdict).toBe('fail');
  });

  test('that claims nothing has passed', async () => {
    expect((await diagnose(known, [probe('p', claims())], again)).verdict).toBe('pass');
  });

  test('is asked for by name once, however many want the same fact', () => {
    const one = probe('one', passes, { wants: ['containerd.version', 'proc.daemons'] });
    const other = probe('other', passes, { wants: ['proc.daemons', 'containerd.endpoint'] });
    expect(wantsOf([one, other])).toEqual(['containerd.version', 'proc.daemons', 'containerd.endpoint']);
  });
});

describe('the second look', () => {
  test('is taken only for what was found, and only at what those probes want', async () => {
    const looks: (readonly FacetName[])[] = [];
    const look = async (wants: readonly FacetName[]): Promise<HostSnapshot> => {
      looks.push(wants);
      return known;
    };
    await diagnose(known, [probe('fine', passes)], look);
    expect(looks).toEqual([]);
    const bad = probe('bad', claims(claim()), { wants: [NEED, 'proc.daemons'] });
    await diagnose(known, [probe('fine', passes), bad], look);
    expect(looks).toEqual([[NEED, 'proc.daemons']]);
  });

  test('confirms what both saw', async () => {
    const { findings, verdict } = await diagnose(known, [probe('p', claims(claim()))], again);
    expect(findings.map(({ title }) => title)).toEqual(['wrong with thing']);
    expect(verdict).toBe('fail');
  });

  test('drops what was passing, and says that it was seen', async () => {
    const flicker = probe('p', inTurn(claims(claim()), passes));
    const { findings, verdict, probes } = await diagnose(known, [flicker], again);
    expect(findings).toEqual([]);
    expect(verdict).toBe('pass');
    expect(probes[0]).toMatchObject({
      outcome: 'pass',
      reason: 'seen once (wrong with thing); it was gone when looked at again',
    });
  });

  test('keeps of several claims those that lasted', async () => {
    const first = claims(claim({}, 'a'), claim({ outcome: 'warn' }, 'b'));
    const flicker = probe('p', inTurn(first, claims(claim({ outcome: 'warn' }, 'b'))));
    const { findings, verdict, probes } = await diagnose(known, [flicker], again);
    expect(findings.map(({ object }) => object.id)).toEqual(['b']);
    expect(verdict).toBe('warn');
    expect(probes[0]).toMatchObject({ outcome: 'warn', reason: 'wrong with b' });
  });

  test('is no confirmation where it was removed and recorded anew between the two', async () => {
    const made = (at: string): ProbeAnswer => ({ outcome: 'claims', claims: [claim({ recordedAt: [at] })] });
    const looks = (second: string) =>
      probe(
        'p',
        inTurn(
          () => made('10:00'),
          () => made(second),
        ),
      );
    const same = await diagnose(known, [looks('10:00')], again);
    expect(same.findings).toHaveLength(1);
    expect(same.findings[0]).not.toHaveProperty('recordedAt');
    const anew = await diagnose(known, [looks('10:01')], again);
    expect(anew.findings).toEqual([]);
    expect(anew.verdict).toBe('partial');
  });

  test('that cannot see is no pass: what was found is then not known', async () => {
    for (const second of [skips, claims(claim({}, 'something else'))]) {
      const { findings, verdict, probes } = await diagnose(
        known,
        [probe('p', inTurn(claims(claim()), second))],
        again,
      );
      expect(findings).toEqual([]);
      expect(verdict).toBe('partial');
      expect(probes[0]?.outcome).toBe('skip');
      expect(probes[0]?.reason).toContain('seen once (wrong with thing)');
    }
    const unread = snapshot({ [NEED]: unknown('timeout', 'x', 'too slow', AT, 1) });
    const { probes } = await diagnose(known, [probe('p', claims(claim()))], async () => unread);
    expect(probes[0]).toMatchObject({ outcome: 'skip', reason: expect.stringContaining('too slow') });
  });

  test('that fails altogether takes nothing else with it', async () => {
    const look = (): Promise<HostSnapshot> => Promise.reject(new Error('no more files'));
    const { probes, findings } = await diagnose(
      known,
      [probe('p', claims(claim())), probe('fine', passes)],
      look,
    );
    expect(findings).toEqual([]);
    expect(probes.map(({ outcome }) => outcome)).toEqual(['error', 'pass']);
    expect(probes[0]?.reason).toContain('no more files');
  });

  test('is not taken of a recording, which would say the same again', async () => {
    expect((await diagnose(known, [probe('p', claims(claim()))], undefined)).findings).toHaveLength(1);
  });
});

describe('findings', () => {
  test('stand with fails before warnings, and certain before likely', async () => {
    const { findings } = await diagnose(
      known,
      [
        probe(
          'p',
          claims(claim({ outcome: 'warn', confidence: 'likely' }, 'd'), claim({ outcome: 'warn' }, 'c')),
        ),
        probe('q', claims(claim({ confidence: 'likely' }, 'b'), claim({}, 'a'))),
      ],
      undefined,
    );
    expect(findings.map(({ object }) => object.id)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('stand in the order of their probes where nothing else is between them', async () => {
    for (const order of [
      ['what others rest on', 'rests on it'],
      ['a', 'b', 'c', 'd'],
      ['d', 'c', 'b', 'a'],
    ]) {
      const probes = order.map((id) => probe(id, claims(claim({}, 'thing'))));
      const { findings, summary } = await diagnose(known, probes, undefined);
      expect(findings.map(({ id }) => id)).toEqual(order);
      expect(summary).toContain(findings[0]?.title);
    }
  });

  test('stand below their cause, and that is the one about the same object', async () => {
    const symptom = claim({ causedBy: 'cause' }, 'two');
    const { findings } = await diagnose(
      known,
      [
        probe('symptom', claims(symptom)),
        probe('cause', claims(claim({}, 'one'), claim({ outcome: 'warn' }, 'two'))),
        probe('deeper', claims(claim({ causedBy: 'symptom' }, 'two'))),
      ],
      undefined,
    );
    expect(findings.map(({ id, object }) => `${id} ${object.id}`)).toEqual([
      'cause one',
      'cause two',
      'symptom two',
      'deeper two',
    ]);
  });

  test('are never lost or doubled, whoever names whom as the cause', async () => {
    const ids = ['a', 'b', 'c', 'd'] as const;
    const made = fc.record({
      id: fc.constantFrom(...ids),
      object: fc.constantFrom('x', 'y', 'z'),
      causedBy: fc.option(fc.constantFrom(...ids, 'nobody'), { nil: undefined }),
      outcome: fc.constantFrom('warn' as const, 'fail' as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(made, { maxLength: 12 }), async (all) => {
        const probes = ids.map((id) =>
          probe(
            id,
            claims(
              ...all
                .filter((one) => one.id === id)
                .map(({ object, causedBy, outcome }) =>
                  claim({ outcome, ...(causedBy === undefined ? {} : { causedBy }) }, object),
                ),
            ),
          ),
        );
        const { findings } = await diagnose(known, probes, undefined);
        const name = (one: { id: string; object: { id: string } | string }): string =>
          `${one.id} ${typeof one.object === 'string' ? one.object : one.object.id}`;
        expect(findings.map(name).toSorted()).toEqual(all.map(name).toSorted());
      }),
    );
  });

  test('keep their fingerprint over restarts, and share it with nothing else', async () => {
    const mismatch = PROBES.filter(({ id }) => id === 'daemon-mismatch');
    const host = (first: number, second: number, at: string): HostSnapshot => ({
      ...snapshot({
        'containerd.endpoint': endpoint({ state: 'answers' }, { ...heldBy([first, second]), checkedAt: at }),
        'containerd.identity': identity({}),
        'proc.daemons': daemons(daemon(first), daemon(second)),
      }),
      at,
    });
    const fingerprints = async (of: HostSnapshot): Promise<readonly string[]> =>
      (await diagnose(of, mismatch, undefined)).findings.map(({ fingerprint }) => fingerprint);
    const [before] = await fingerprints(host(812, 900, AT));
    const [after] = await fingerprints(host(4711, 4712, '2027-01-01T00:00:00Z'));
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(after).toBe(before);

    const objects: readonly Claim['object'][] = [
      { layer: 'containerd', namespace: null, kind: 'daemon', id: ADDRESS, name: null },
      { layer: 'docker', namespace: null, kind: 'daemon', id: ADDRESS, name: null },
      { layer: 'containerd', namespace: 'moby', kind: 'daemon', id: ADDRESS, name: null },
      { layer: 'containerd', namespace: null, kind: 'socket', id: ADDRESS, name: null },
      { layer: 'containerd', namespace: null, kind: 'daemon', id: `${ADDRESS}2`, name: null },
    ];
    const all = probe('p', claims(...objects.map((object) => claim({ object }))));
    const other = probe('q', claims(claim({ object: { ...ownObject } })));
    const { findings } = await diagnose(known, [all, other], undefined);
    expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(objects.length + 1);
    // A name is for people: with another one it is the same object.
    const named = probe('p', claims(claim({ object: { ...ownObject, name: 'shop' } })));
    const [again] = (await diagnose(known, [named], undefined)).findings;
    expect(findings.map(({ fingerprint }) => fingerprint)).toContain(again?.fingerprint);
  });
});

const ownObject: Claim['object'] = {
  layer: 'containerd',
  namespace: null,
  kind: 'daemon',
  id: ADDRESS,
  name: null,
};

describe('the verdict and the exit code', () => {
  type Outcome = ProbeOutcome['outcome'];
  const table: readonly (readonly [
    outcomes: readonly Outcome[],
    unread: number,
    verdict: string,
    exit: number,
  ])[] = [
    [[], 0, 'pass', 0],
    [['pass', 'pass'], 0, 'pass', 0],
    [['pass'], 1, 'partial', 5],
    [['pass', 'warn'], 0, 'warn', 4],
    [['warn'], 1, 'partial', 5],
    [['warn', 'skip'], 0, 'partial', 5],
    [['pass', 'skip'], 0, 'partial', 5],
    [['pass', 'error'], 0, 'partial', 5],
    [['fail'], 0, 'fail', 3],
    [['fail', 'warn', 'skip', 'error', 'pass'], 3, 'fail', 3],
  ];
  const answers: Readonly<Record<Outcome, () => ProbeAnswer>> = {
    pass: passes,
    skip: skips,
    warn: claims(claim({ outcome: 'warn' })),
    fail: claims(claim()),
    error: () => {
      throw new Error('broken');
    },
  };
  test.for(table)('of %o with %i unread facts are %s and %i', async ([outcomes, unread, verdict, exit]) => {
    const probes = outcomes.map((outcome, i) => probe(`p${i}`, answers[outcome]));
    const diagnosis = await diagnose(known, probes, again, unread);
    expect(diagnosis.probes.map(({ outcome }) => outcome)).toEqual(outcomes);
    expect({ verdict: diagnosis.verdict, exit: exitCodeOf(diagnosis) }).toEqual({ verdict, exit });
    expect(diagnosis.summary).not.toBe('');
    if (unread > 0) expect(diagnosis.summary).toContain('could not be read');
    if (outcomes.includes('skip')) expect(diagnosis.summary).toContain('could not be answered');
  });
});

describe('every probe of the program', () => {
  test('has an id, a question and an explanation, and needs no more than it wants', () => {
    expect(new Set(PROBES.map(({ id }) => id)).size).toBe(PROBES.length);
    for (const { id, title, explain, wants, needs } of PROBES) {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(title).not.toMatch(/[.?]$/);
      expect(explain.length).toBeGreaterThan(100);
      // One that can do without any single fact needs none, and says itself what it lacks.
      expect(wants.length).toBeGreaterThan(0);
      expect(wants).toEqual(expect.arrayContaining([...needs]));
    }
  });

  test('never passes, and never fails, where nothing is known', async () => {
    const nothing = await diagnose(snapshot({}), PROBES, undefined);
    expect(new Set(nothing.probes.map(({ outcome }) => outcome))).toEqual(new Set(['skip']));
    const absences = Object.fromEntries(wantsOf(PROBES).map((name) => [name, absent('x', AT)]));
    const none = await diagnose(snapshot(absences), PROBES, undefined);
    expect(none.findings).toEqual([]);
    expect(none.probes.filter(({ outcome }) => outcome === 'pass' || outcome === 'error')).toEqual([]);
  });

  test('leaves the snapshot as it was', async () => {
    const facets = {
      'containerd.endpoint': endpoint({ state: 'answers' }, heldBy([812, 900])),
      'containerd.version': version(),
      'containerd.identity': identity({}),
      'proc.daemons': seen({ items: [daemon(812), daemon(900)], gaps: [] }, '/proc', AT),
    };
    const host = deepFreeze(snapshot(facets));
    const { findings } = await diagnose(host, PROBES, async () => host);
    expect(findings.length).toBeGreaterThan(0);
  });
});

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
