import { describe, expect, test } from 'vitest';

import { dockerRepositories } from '../../probes/docker/repositories.ts';
import type { DockerReferenceFile } from '../../src/host/docker-disk.ts';
import type { Claim, ProbeAnswer } from '../../src/host/finding.ts';
import { absent, type Gap, seen, unknown } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import type { World } from '../host/reconcile/containers.ts';
import { AT } from '../host/reconcile/objects.ts';
import { graphdriverWorld, hostOf, storeWorld } from '../host/reconcile/world.ts';

const PATH = '/var/lib/docker/image/overlay2/repositories.json';
const HARM = ['reads', 'writes', 'disrupts'];

const file = (more: Partial<DockerReferenceFile> = {}): DockerReferenceFile => ({
  driver: 'overlay2',
  path: PATH,
  size: 400n,
  names: 3,
  refused: null,
  dropped: [],
  droppedCount: 0,
  ...more,
});

const CUT = file({ refused: { offset: 60, what: 'a text that does not end' }, size: 71n, names: 1 });
const DROPPED = file({
  dropped: [{ offset: 30, what: 'a:1: the image is null, not a text' }],
  droppedCount: 2,
});
const GONE = file({ size: null, names: 0 });

type Parts = Parameters<typeof hostOf>[1];

const hostWith = (
  files: readonly DockerReferenceFile[],
  { gaps = [], world = graphdriverWorld(), ...parts }: Parts & { gaps?: Gap[]; world?: World } = {},
): HostSnapshot =>
  hostOf(world, { 'docker.referenceFiles': seen({ items: files, gaps }, 'x', AT), ...parts });

const OFFLINE = unknown('offline', '/mnt/web 1', 'read from the disk', AT, 0);
const onDisk = (files: readonly DockerReferenceFile[]): HostSnapshot => {
  const world = graphdriverWorld();
  world.from = 'disk';
  return hostWith(files, { world, 'docker.endpoint': OFFLINE, 'docker.discovery': OFFLINE });
};

const claimIn = (answer: ProbeAnswer): Claim => {
  if (answer.outcome !== 'claims') throw new Error(JSON.stringify(answer));
  const [claim] = answer.claims;
  expect(answer.claims).toHaveLength(1);
  if (claim === undefined) throw new Error('unreachable');
  return claim;
};
const claimOf = (host: HostSnapshot): Claim => claimIn(dockerRepositories.run(host));

describe('a repositories.json', () => {
  test('that is whole passes, with the number of its names', () => {
    expect(dockerRepositories.run(hostWith([file()]))).toEqual({
      outcome: 'pass',
      reason: '3 names in 1 file',
    });
  });

  test.each([
    ['is cut off', CUT, 'fail', `${PATH} is damaged at byte 60 of 71: dockerd does not start with it`],
    [
      'is empty',
      file({ size: 0n, names: 0, refused: { offset: 0, what: 'the end' } }),
      'fail',
      `${PATH} is empty: dockerd does not start with it`,
    ],
    [
      'has names that lead nowhere',
      DROPPED,
      'warn',
      `${PATH} has 2 entries that dockerd drops: the image has no such name`,
    ],
    [
      'is gone',
      GONE,
      'warn',
      `${PATH} is gone, and there are images: the next start of dockerd knows no name of them`,
    ],
  ] as const)(
    'that %s is named with its place and a way out, live and on a disk',
    (_, one, outcome, title) => {
      for (const host of [hostWith([one]), onDisk([one])]) {
        const claim = claimOf(host);
        expect(claim).toMatchObject({
          title,
          outcome,
          confidence: 'certain',
          object: { layer: 'docker', namespace: null, kind: 'file', id: PATH, name: 'repositories.json' },
        });
        expect(claim.evidence.map(({ source }) => source)).toContain(PATH);
        expect(claim.evidence.at(-1)).toMatchObject({ field: 'dockerd' });
        for (const { value } of claim.evidence) expect(value).not.toBe('');
        for (const text of [claim.why, claim.impact]) expect(text).toMatch(/^\S.*\.$/);
        const effects = claim.next.map(({ effect }) => HARM.indexOf(effect));
        expect(effects).toEqual(effects.toSorted());
        expect(effects[0]).toBe(0);
        expect(claim.next.map(({ command }) => command ?? '').join('\n')).not.toMatch(/prune|rm |undefined/);
      }
    },
  );

  test('is written anew by a dockerd that runs, and put back where none does', () => {
    expect(claimOf(hostWith([CUT])).next.at(-1)).toMatchObject({
      effect: 'writes',
      text: expect.stringMatching(/^before dockerd is restarted, let it write all names anew/),
    });
    const dead = claimOf(onDisk([CUT]));
    expect(dead.next.at(-1)).toMatchObject({
      effect: 'disrupts',
      text: expect.stringContaining('Prune nothing before that'),
    });
    expect(dead.next[0]?.command).toBe("ctrscope --root '/mnt/web 1' reconcile");
  });

  test('of a store that is not in use hurts nobody yet', () => {
    const claim = claimOf(hostWith([CUT], { world: storeWorld({ before: true }) }));
    expect(claim).toMatchObject({
      outcome: 'warn',
      impact: expect.stringMatching(/^None as long as Docker uses another image store than overlay2\. /),
    });
  });

  test('is no certain failure where it is not known which store is in use', () => {
    const doubt = unknown('failed', 'docker.root', 'two drivers', AT, 0);
    const world = graphdriverWorld();
    const root = world.root.state === 'seen' ? { ...world.root.value, mode: doubt } : undefined;
    if (root === undefined) throw new Error('it is there');
    const parts = { 'docker.endpoint': OFFLINE, 'docker.root': seen(root, '/x', AT) };
    expect(claimOf(hostWith([CUT], parts))).toMatchObject({ outcome: 'fail', confidence: 'likely' });
  });

  test('that may not be read, or is too long to be, is neither damaged nor whole', () => {
    for (const [state, why] of [
      ['denied', 'reading it needs root'],
      ['truncated', 'it has 10.0 GiB'],
    ] as const) {
      const gap: Gap = {
        ...unknown(state, PATH, why, AT, 0),
        object: { kind: 'graphdriver', id: 'overlay2' },
      };
      expect(dockerRepositories.run(hostWith([], { gaps: [gap] }))).toMatchObject({
        outcome: 'skip',
        reason: expect.stringContaining(why),
      });
      // What is found in another driver's file is said all the same.
      expect(claimOf(hostWith([CUT], { gaps: [gap] })).outcome).toBe('fail');
    }
    const denied = unknown('denied', PATH, 'no', AT, 1);
    expect(dockerRepositories.run(hostWith([], { 'docker.referenceFiles': denied })).outcome).toBe('skip');
  });

  test('is not asked for where there is no Docker, or no graphdriver', () => {
    const none = absent('/proc', AT, 'no Docker runs here');
    expect(
      dockerRepositories.run(
        hostWith([], { 'docker.endpoint': none, 'docker.root': none, 'docker.referenceFiles': none }),
      ).outcome,
    ).toBe('pass');
    const unused = absent('/var/lib/docker/image', AT, 'no graphdriver was used in this data directory');
    expect(
      dockerRepositories.run(hostWith([], { world: storeWorld(), 'docker.referenceFiles': unused })),
    ).toEqual({ outcome: 'pass', reason: 'no graphdriver was used in this data directory' });
    const denied = unknown('denied', 'GET /_ping', 'permission denied', AT, 1);
    expect(
      dockerRepositories.run(
        hostWith([], { 'docker.endpoint': denied, 'docker.root': denied, 'docker.referenceFiles': denied }),
      ).outcome,
    ).toBe('skip');
  });

  test('has a path that a shell takes as one word', () => {
    const path = "/mnt/it's/repositories.json";
    const commands = claimOf(hostWith([{ ...CUT, path }])).next.flatMap(({ command }) => command ?? []);
    expect(commands).toContain(
      `cp -a '/mnt/it'\\''s/repositories.json' '/mnt/it'\\''s/repositories.json'.damaged`,
    );
  });
});
