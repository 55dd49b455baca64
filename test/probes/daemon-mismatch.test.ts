import { describe, expect, test } from 'vitest';

import { daemonMismatch } from '../../probes/containerd/daemon-mismatch.ts';
import type { ServerIdentity } from '../../src/host/containerd.ts';
import type { DaemonProcess, Endpoint, SocketAnswer } from '../../src/host/daemon.ts';
import type { Claim, ProbeAnswer } from '../../src/host/finding.ts';
import { pid } from '../../src/host/ids.ts';
import { absent, seen, unknown } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import {
  ADDRESS,
  AT,
  claimOf,
  daemon,
  daemons,
  database,
  endpoint,
  heldBy,
  identity,
  noVersion,
  PIDNS,
  snapshot,
  version,
} from './made-up.ts';

const host = (
  running: readonly DaemonProcess[],
  held: Pick<Endpoint, 'listeners' | 'listening'>,
  said: Partial<ServerIdentity>,
): HostSnapshot =>
  snapshot({
    'containerd.endpoint': endpoint({ state: 'answers' }, held),
    'containerd.version': version(),
    'containerd.identity': identity(said),
    'proc.daemons': daemons(...running),
  });

const run = (...args: Parameters<typeof host>): ProbeAnswer => daemonMismatch.run(host(...args));
const claim = (...args: Parameters<typeof host>): Claim => claimOf(daemonMismatch, host(...args));

/** As 1.7 says it. */
const byPid = (number: number): Partial<ServerIdentity> => ({ pid: pid(number), pidns: PIDNS });
/** As 1.6 says it. */
const byDatabase = (number: number): Partial<ServerIdentity> => ({ database: database(number) });

const other = daemon(900, {
  address: '/run/other.sock',
  listens: seen(['/run/other.sock', '/run/other.sock.ttrpc'], '/proc/900/fd', AT),
});

describe('daemon-mismatch passes when', () => {
  test('the process that bound the socket is the one that answers, by pid or by database', () => {
    expect(run([daemon(812)], heldBy([812]), byPid(812))).toEqual({
      outcome: 'pass',
      reason: `pid 812 listens at ${ADDRESS} and answers, by its pid`,
    });
    expect(run([daemon(812)], heldBy([812]), byDatabase(812))).toEqual({
      outcome: 'pass',
      reason: `pid 812 listens at ${ADDRESS} and answers, by its database`,
    });
  });

  test('the daemon counts its pid in a namespace of its own', () => {
    const inside = daemon(5000, { ownPid: pid(7), pidns: 4026532999n, sameRoot: false });
    const said = { pid: pid(7), pidns: 4026532999n };
    // The containerd that has this pid in our namespace is another one.
    expect(run([daemon(7), inside], heldBy([5000]), said)).toMatchObject({ outcome: 'pass' });
  });

  test('other daemons serve other addresses', () => {
    expect(run([daemon(812), other], heldBy([812]), byPid(812))).toMatchObject({ outcome: 'pass' });
  });

  test('a child of the daemon is just about to run something else', () => {
    const forked = daemon(813, { ppid: pid(812) });
    expect(run([daemon(812), forked], heldBy([812, 813]), byPid(812))).toMatchObject({ outcome: 'pass' });
  });

  test('a daemon of a container was told the same path', () => {
    const inContainer = daemon(30, { sameRoot: false, listens: seen([], '/proc/30/fd', AT) });
    expect(run([daemon(812), inContainer], heldBy([812], 2), byPid(812))).toMatchObject({ outcome: 'pass' });
  });

  test('a socket was slow, but the daemon answered', () => {
    const slow = {
      ...host([daemon(812)], heldBy([812]), byPid(812)).facets,
      'containerd.endpoint': endpoint({ state: 'silent', ms: 300 }, heldBy([812])),
    };
    expect(daemonMismatch.run(snapshot(slow))).toMatchObject({ outcome: 'pass' });
  });
});

describe('daemon-mismatch skips when', () => {
  const silentStates: readonly SocketAnswer[] = [
    { state: 'silent', ms: 300 },
    { state: 'foreign', said: 'x' },
    { state: 'dropped' },
    { state: 'refused' },
    { state: 'missing' },
    { state: 'denied' },
    { state: 'notSocket', is: 'a file' },
    { state: 'failed', why: 'x' },
  ];
  test.for(silentStates)('nothing answers: %o', (answer) => {
    const facets = {
      'containerd.endpoint': endpoint(answer, heldBy([812, 900])),
      'containerd.version': noVersion(),
      'proc.daemons': daemons(daemon(812), daemon(900)),
    };
    expect(daemonMismatch.run(snapshot(facets))).toEqual({
      outcome: 'skip',
      reason: `nothing answers at ${ADDRESS}`,
    });
  });

  test('who listens may not be read', () => {
    const listeners = unknown('denied', '/proc/812/fd', 'needs root', AT, 0);
    expect(run([daemon(812)], { ...heldBy([812]), listeners }, byPid(812))).toEqual({
      outcome: 'skip',
      reason: `who listens at ${ADDRESS} cannot be read: needs root`,
    });
  });

  test('the daemon names nothing that can be compared', () => {
    expect(run([daemon(812)], heldBy([812]), {})).toMatchObject({ outcome: 'skip' });
    // A pid without its namespace could be anybody's.
    expect(run([daemon(812)], heldBy([812]), { pid: pid(812) })).toMatchObject({ outcome: 'skip' });
    // A database under a name that leads elsewhere, or of another root, proves nothing.
    expect(run([daemon(812)], heldBy([812]), { database: '/linked/meta.db' })).toMatchObject({
      outcome: 'skip',
    });
    const inContainer = daemon(812, { sameRoot: false });
    expect(run([inContainer], heldBy([812]), byDatabase(812))).toMatchObject({ outcome: 'skip' });
  });

  test('the daemon did not say who it is', () => {
    const facets = {
      'containerd.endpoint': endpoint({ state: 'answers' }, heldBy([812])),
      'containerd.identity': unknown('timeout', 'Introspection.Server', 'too slow', AT, 2000),
      'proc.daemons': daemons(daemon(812)),
    };
    expect(daemonMismatch.run(snapshot(facets))).toEqual({
      outcome: 'skip',
      reason: 'the daemon does not say who it is: too slow',
    });
  });

  test('the daemon runs where its process cannot be seen', () => {
    expect(run([], heldBy([]), { pid: pid(1), pidns: 5n })).toMatchObject({ outcome: 'skip' });
    expect(run([other], heldBy([]), { pid: pid(1), pidns: 5n })).toMatchObject({ outcome: 'skip' });
  });

  test('something else listens by that name: a relay', () => {
    expect(run([other], heldBy([], 1), byPid(900))).toMatchObject({
      outcome: 'skip',
      reason: expect.stringContaining('a relay'),
    });
  });

  test('the daemon that answers is in a container, its socket mounted here on purpose', () => {
    const inContainer = daemon(30, { sameRoot: false, ownPid: pid(7), pidns: 5n });
    expect(run([inContainer], heldBy([]), { pid: pid(7), pidns: 5n })).toMatchObject({ outcome: 'skip' });
  });

  test('a rootless daemon shows no socket at all', () => {
    const rootless = daemon(812, { listens: seen([], '/proc/812/fd', AT), address: '/run/user/1/x.sock' });
    expect(run([rootless], heldBy([]), byPid(812))).toMatchObject({ outcome: 'skip' });
  });
});

describe('daemon-mismatch claims', () => {
  const expectSound = (made: Claim, layers: readonly string[]): void => {
    expect(made.object).toEqual({
      layer: 'containerd',
      namespace: null,
      kind: 'daemon',
      id: ADDRESS,
      name: null,
    });
    expect(new Set(made.evidence.map(({ layer }) => layer))).toEqual(new Set(layers));
    const harm = made.next.map(({ effect }) => ['reads', 'writes', 'disrupts'].indexOf(effect));
    expect(harm).toEqual(harm.toSorted());
  };

  test('that a second daemon took the address, and how to end the first without losing the socket', () => {
    const made = claim([daemon(812), daemon(900)], heldBy([812, 900]), byPid(900));
    expect(made).toMatchObject({
      outcome: 'fail',
      confidence: 'certain',
      title: `pid 900 answers at ${ADDRESS}; pid 812 serves the same address and cannot be reached`,
    });
    expectSound(made, ['containerd', 'kernel', 'process']);
    expect(made.next.map(({ command }) => command)).toContainEqual(
      `mv ${ADDRESS} ${ADDRESS}.aside && kill -TERM 812 && tail --pid=812 -f /dev/null; mv ${ADDRESS}.aside ${ADDRESS}`,
    );
  });

  test('which of two it is by the database, before 1.7', () => {
    expect(claim([daemon(812), daemon(900)], heldBy([812, 900]), byDatabase(812)).title).toBe(
      `pid 812 answers at ${ADDRESS}; pid 900 serves the same address and cannot be reached`,
    );
  });

  test('that only one of two can be reached, when nothing says which; and then stops neither', () => {
    const made = claim([daemon(812), daemon(900)], heldBy([812, 900]), {});
    expect(made.title).toBe(
      `2 containerds (pids 812, 900) serve ${ADDRESS}; only one of them can be reached`,
    );
    expectSound(made, ['kernel', 'process']);
    expect(made.next.map(({ command }) => command ?? '').join()).not.toContain('kill');
  });

  test.for([byPid(900), byDatabase(900)])(
    'that the socket of another daemon lies over this one: %o',
    (said) => {
      const made = claim([daemon(812), other], heldBy([812]), said);
      expect(made).toMatchObject({
        outcome: 'fail',
        title: `what answers at ${ADDRESS} is the containerd of another address (pid 900), not pid 812, which listens under it`,
        why: expect.stringContaining('/run/other.sock'),
      });
      expectSound(made, ['containerd', 'kernel', 'process']);
    },
  );

  test('that a daemon of another namespace answers in the place of this one', () => {
    const made = claim([daemon(812)], heldBy([812]), { pid: pid(1), pidns: 5n });
    expect(made.title).toBe(`what answers at ${ADDRESS} is not pid 812, which listens under it`);
    expectSound(made, ['containerd', 'kernel', 'process']);
  });

  test('that the socket file of another address was moved here: a warning, for it works', () => {
    const made = claim([other], heldBy([]), byPid(900));
    expect(made).toMatchObject({
      outcome: 'warn',
      title: `${ADDRESS} leads to the containerd of another address (pid 900)`,
    });
    expectSound(made, ['containerd', 'kernel', 'process']);
  });

  test('that a second daemon waits to take the address over: a warning, for it has not', () => {
    const waiting = daemon(900, {
      listens: seen([], '/proc/900/fd', AT),
      // It has opened the database whose lock it waits for.
      database: seen(database(812), '/proc/900/fd', AT),
    });
    for (const said of [byPid(812), byDatabase(812)]) {
      const made = claim([daemon(812), waiting], heldBy([812]), said);
      expect(made).toMatchObject({
        outcome: 'warn',
        confidence: 'likely',
        title: `pid 900 was started for ${ADDRESS}, which pid 812 serves`,
      });
      expectSound(made, ['containerd', 'kernel', 'process']);
    }
  });

  test('nothing that would run as a command of somebody else', () => {
    const address = "/run/'$(reboot)'.sock";
    const facets = {
      ...host([daemon(812), daemon(900)], heldBy([812, 900]), byPid(900)).facets,
      'containerd.endpoint': endpoint({ state: 'answers' }, { ...heldBy([812, 900]), address }),
    };
    const commands = claimOf(daemonMismatch, snapshot(facets)).next.map(({ command }) => command ?? '');
    expect(commands.filter((command) => command.includes('reboot')).join()).toContain(
      `'/run/'\\''$(reboot)'\\''.sock'`,
    );
  });

  test('the same of a recording in which processes had less to tell', () => {
    const made = claim(
      [
        daemon(812, { database: absent('/proc/812/fd', AT) }),
        daemon(900, { database: absent('/proc/900/fd', AT) }),
      ],
      heldBy([812, 900]),
      byPid(900),
    );
    expect(made.title).toMatch(/^pid 900 answers/);
  });
});
