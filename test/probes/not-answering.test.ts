import { describe, expect, test } from 'vitest';

import { notAnswering } from '../../probes/containerd/not-answering.ts';
import type { DaemonProcess, Endpoint, SocketAnswer } from '../../src/host/daemon.ts';
import type { Claim } from '../../src/host/finding.ts';
import { pid } from '../../src/host/ids.ts';
import { absent, seen, unknown } from '../../src/host/observed.ts';
import {
  ADDRESS,
  AT,
  claimOf,
  daemon,
  daemons,
  endpoint,
  heldBy,
  noVersion,
  shim,
  snapshot,
  version,
} from './made-up.ts';

const asked = (
  answer: SocketAnswer,
  more: Partial<Endpoint> = {},
  running: readonly DaemonProcess[] = [],
  said = noVersion(),
): Claim =>
  claimOf(
    notAnswering,
    snapshot({
      'containerd.endpoint': endpoint(answer, more),
      'containerd.version': said,
      'proc.daemons': daemons(...running),
    }),
  );

const own = daemon(812);
const elsewhere = daemon(900, {
  address: '/run/k3s/containerd/containerd.sock',
  listens: seen(['/run/k3s/containerd/containerd.sock'], '/proc/900/fd', AT),
});

describe('containerd-not-answering', () => {
  test('passes when containerd gave its version, however slow the socket was', () => {
    for (const answer of [{ state: 'answers' }, { state: 'silent', ms: 300 }] as const) {
      const host = snapshot({ 'containerd.endpoint': endpoint(answer), 'containerd.version': version() });
      expect(notAnswering.run(host)).toMatchObject({ outcome: 'pass' });
    }
  });

  test('skips what it cannot know', () => {
    expect(notAnswering.run(snapshot({}))).toMatchObject({ outcome: 'skip' });
    expect(notAnswering.run(snapshot({ 'containerd.endpoint': absent('x', AT) }))).toMatchObject({
      outcome: 'skip',
    });
    const denied = {
      'containerd.endpoint': endpoint({ state: 'denied' }),
      'containerd.version': noVersion('denied'),
    };
    expect(notAnswering.run(snapshot(denied))).toEqual({
      outcome: 'skip',
      reason: 'the socket may not be opened; see socket-permission',
    });
    // A recording without the version is no daemon without one.
    expect(
      notAnswering.run(snapshot({ 'containerd.endpoint': endpoint({ state: 'answers' }) })),
    ).toMatchObject({
      outcome: 'skip',
    });
  });

  const titles: readonly (readonly [
    what: string,
    claim: () => Claim,
    title: string | RegExp,
    first: string | null,
  ])[] = [
    [
      'no socket',
      () => asked({ state: 'missing' }),
      `containerd is not running: there is no socket ${ADDRESS}`,
      'journalctl -u containerd -n 50 --no-pager',
    ],
    [
      'a stale file',
      () => asked({ state: 'refused' }),
      `containerd is not running: ${ADDRESS} is a socket file without a listener`,
      'journalctl -u containerd -n 50 --no-pager',
    ],
    [
      'no socket, while another containerd runs',
      () => asked({ state: 'missing' }, { origin: 'environment' }, [elsewhere]),
      `no containerd listens: there is no socket ${ADDRESS} (named by CONTAINERD_ADDRESS)`,
      'ctrscope doctor --address /run/k3s/containerd/containerd.sock',
    ],
    [
      'a socket file that is gone',
      () => asked({ state: 'missing' }, heldBy([812]), [own]),
      `containerd runs (pid 812), but its socket file ${ADDRESS} is gone`,
      `grep -F ${ADDRESS} /proc/net/unix`,
    ],
    [
      'a socket file that a dead one replaced',
      () => asked({ state: 'refused' }, heldBy([812]), [own]),
      `containerd runs (pid 812), but its socket file ${ADDRESS} was replaced by one that nobody listens on`,
      `grep -F ${ADDRESS} /proc/net/unix`,
    ],
    [
      'a daemon that does not listen yet',
      () => asked({ state: 'refused' }, {}, [daemon(812, { listens: seen([], '/proc/812/fd', AT) })]),
      `containerd runs (pid 812), but does not listen on ${ADDRESS}`,
      'journalctl -u containerd -n 50 --no-pager',
    ],
    [
      'a stopped daemon',
      () => asked({ state: 'silent', ms: 300 }, heldBy([812]), [daemon(812, { state: 'T' })]),
      'containerd is stopped (pid 812, state T)',
      'kill -CONT 812',
    ],
    [
      'a traced daemon',
      () => asked({ state: 'silent', ms: 300 }, heldBy([812]), [daemon(812, { state: 't' })]),
      'containerd is held by a debugger (pid 812, state t)',
      'grep TracerPid /proc/812/status',
    ],
    [
      'a frozen daemon',
      () =>
        asked({ state: 'silent', ms: 300 }, heldBy([812]), [
          daemon(812, { state: 'D', frozenBy: '/sys/fs/cgroup/freezer/a b/freezer.state' }),
        ]),
      'containerd is frozen by its cgroup (pid 812)',
      "cat '/sys/fs/cgroup/freezer/a b/freezer.state'",
    ],
    [
      'a blocked daemon',
      () => asked({ state: 'silent', ms: 300 }, heldBy([812]), [daemon(812, { state: 'D' })]),
      'containerd waits for the kernel (pid 812, state D)',
      'head /proc/812/task/*/wchan',
    ],
    [
      'a hung daemon',
      () => asked({ state: 'silent', ms: 300 }, heldBy([812]), [own]),
      `containerd accepts connections at ${ADDRESS} and does not answer`,
      'head /proc/812/task/*/wchan',
    ],
    [
      'silence of somebody else',
      () => asked({ state: 'silent', ms: 300 }, heldBy([], 1)),
      `something accepts connections at ${ADDRESS} and never answers; it is no containerd that can be seen`,
      `ss -xlp src ${ADDRESS}`,
    ],
    [
      'silence of somebody in its place',
      () => asked({ state: 'silent', ms: 300 }, heldBy([812], 2), [own]),
      `something accepts connections at ${ADDRESS} and never answers; it is no containerd that can be seen`,
      `ss -xlp src ${ADDRESS}`,
    ],
    [
      "silence of containerd's other socket",
      () => asked({ state: 'silent', ms: 300 }, heldBy([812]), [daemon(812, { address: '/run/other.sock' })]),
      `${ADDRESS} is a socket of containerd (pid 812), but not its gRPC one`,
      'ctrscope doctor --address /run/other.sock',
    ],
    [
      'a directory',
      () => asked({ state: 'notSocket', is: 'a directory' }),
      `${ADDRESS} is a directory, not a socket`,
      `ls -ld ${ADDRESS}`,
    ],
    [
      'a file over a living socket',
      () => asked({ state: 'notSocket', is: 'a file' }, heldBy([812]), [own]),
      `${ADDRESS} is a file, not a socket; containerd (pid 812) listens on the one that was there`,
      `ls -ld ${ADDRESS}`,
    ],
    [
      'another protocol',
      () => asked({ state: 'foreign', said: 'HTTP/1.1 400 Bad Request' }, heldBy([], 1)),
      `${ADDRESS} does not speak gRPC`,
      'ctrscope doctor --address PATH',
    ],
    [
      'dropped connections',
      () => asked({ state: 'dropped' }),
      `${ADDRESS} accepts connections and closes them at once`,
      'ctrscope doctor --address PATH',
    ],
    [
      'an address that is no path',
      () => asked({ state: 'failed', why: 'only unix sockets can be read' }),
      `${ADDRESS} cannot be connected to: only unix sockets can be read`,
      'ctrscope doctor --address PATH',
    ],
    [
      'another gRPC server',
      () => asked({ state: 'answers' }, {}, [], noVersion('unsupported')),
      `what speaks gRPC at ${ADDRESS} is not containerd`,
      `ss -xlp src ${ADDRESS}`,
    ],
    [
      'a gRPC server that answers nonsense',
      () => asked({ state: 'answers' }, {}, [], noVersion('failed')),
      `${ADDRESS} speaks gRPC, but does not answer as containerd does`,
      `ss -xlp src ${ADDRESS}`,
    ],
    [
      'a daemon without time to answer',
      () => asked({ state: 'answers' }, {}, [], noVersion('timeout')),
      `containerd at ${ADDRESS} accepts calls, but did not answer one within 2.0s`,
      `ctrscope api ping --address ${ADDRESS}`,
    ],
  ];
  test.for(titles)('names %s', ([, claim, title, first]) => {
    const made = claim();
    expect(made.title).toBe(title);
    expect(made.outcome).toBe('fail');
    expect(made.object).toEqual({
      layer: 'containerd',
      namespace: null,
      kind: 'daemon',
      id: ADDRESS,
      name: null,
    });
    expect(made.next[0]?.command).toBe(first);
    expect(made.evidence.length).toBeGreaterThanOrEqual(2);
    const harm = made.next.map(({ effect }) => ['reads', 'writes', 'disrupts'].indexOf(effect));
    expect(harm).toEqual(harm.toSorted());
  });

  test('warns only, when it was given less than a second to answer', () => {
    expect(asked({ state: 'answers' }, {}, [], noVersion('timeout', 100))).toMatchObject({
      outcome: 'warn',
      confidence: 'likely',
    });
  });

  test('does not call a listener dead that it was not allowed to see', () => {
    const unseen = {
      listeners: unknown('denied', '/proc/812/fd', 'needs root', AT, 0),
      listening: seen(1, '/proc/net/unix', AT),
    };
    expect(asked({ state: 'missing' }, unseen).title).toBe(
      `a daemon runs, but its socket file ${ADDRESS} is gone`,
    );
    expect(asked({ state: 'missing' }, unseen).confidence).toBe('likely');
    expect(asked({ state: 'silent', ms: 300 }, unseen).title).toBe(
      `containerd accepts connections at ${ADDRESS} and does not answer`,
    );
  });

  test('takes neither a container’s daemon nor a child before its exec for the one of this address', () => {
    const inContainer = daemon(30, { sameRoot: false, listens: seen([], '/proc/30/fd', AT) });
    const forked = daemon(901, { ppid: pid(900), listens: seen([], '/proc/901/fd', AT) });
    const claim = asked({ state: 'missing' }, {}, [inContainer, forked, elsewhere]);
    expect(claim.title).toBe(`no containerd listens: there is no socket ${ADDRESS}`);
    expect(claim.why).toContain('(pid 900).');
  });

  test('counts the shims that still run, of this containerd only', () => {
    const running = [shim(1), shim(2), shim(3, { address: '/run/other.sock' })];
    expect(asked({ state: 'refused' }, {}, running).impact).toContain('2 of its shims still run');
    expect(asked({ state: 'refused' }, {}, running).evidence).toContainEqual(
      expect.objectContaining({ layer: 'shim', value: '2' }),
    );
  });

  test('names no unit that it does not know', () => {
    const claim = asked({ state: 'missing' }, { address: '/tmp/own.sock' });
    expect(claim.next.map(({ command }) => command)).toEqual([null, null]);
  });

  test('puts no foreign word into a command', () => {
    const address = "/run/x'; reboot #/c.sock";
    for (const state of ['missing', 'dropped'] as const) {
      const other = daemon(900, { address, listens: seen([address], '/proc/900/fd', AT) });
      const commands = asked({ state }, {}, [other]).next.map(({ command }) => command ?? '');
      const named = commands.find((command) => command.includes('reboot'));
      expect(named).toBe(`ctrscope doctor --address '/run/x'\\''; reboot #/c.sock'`);
    }
  });

  test('lists no more than a few of many other daemons', () => {
    const many = Array.from({ length: 40 }, (_, i) => daemon(1000 + i, { address: `/run/c${i}.sock` }));
    const claim = asked({ state: 'missing' }, {}, many);
    expect(claim.why).toMatch(/35 more\.$/);
    expect(claim.next.length).toBeLessThan(8);
  });
});
