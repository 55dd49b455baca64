import { describe, expect, test } from 'vitest';

import { socketPermission } from '../../probes/containerd/socket-permission.ts';
import type { Endpoint, SocketAnswer } from '../../src/host/daemon.ts';
import type { Claim } from '../../src/host/finding.ts';
import { absent, seen, unknown } from '../../src/host/observed.ts';
import { ADDRESS, AT, claimOf, endpoint, snapshot } from './made-up.ts';

const denied = (more: Partial<Endpoint>): Claim =>
  claimOf(socketPermission, snapshot({ 'containerd.endpoint': endpoint({ state: 'denied' }, more) }));

const file = (mode: number, uid: number, gid: number): Pick<Endpoint, 'file'> => ({
  file: seen({ mode, uid, gid }, `stat ${ADDRESS}`, AT),
});

const USER = { uid: 1000, gids: [1000, 998] };
const commands = ({ next }: Claim): readonly (string | null)[] => next.map(({ command }) => command);

describe('socket-permission', () => {
  const outcomes: readonly (readonly [SocketAnswer, 'pass' | 'skip'])[] = [
    [{ state: 'answers' }, 'pass'],
    [{ state: 'silent', ms: 300 }, 'pass'],
    [{ state: 'foreign', said: 'HTTP/1.1' }, 'pass'],
    [{ state: 'dropped' }, 'pass'],
    [{ state: 'refused' }, 'pass'],
    [{ state: 'missing' }, 'skip'],
    [{ state: 'notSocket', is: 'a directory' }, 'skip'],
    [{ state: 'failed', why: 'only unix sockets can be read' }, 'skip'],
  ];
  test.for(outcomes)('answers %o with %s', ([answer, outcome]) => {
    expect(socketPermission.run(snapshot({ 'containerd.endpoint': endpoint(answer) }))).toMatchObject({
      outcome,
    });
  });

  test('skips where no address is known', () => {
    expect(socketPermission.run(snapshot({}))).toMatchObject({ outcome: 'skip' });
  });

  test('names the file, the user and the safe step first', () => {
    const claim = denied({ self: USER, ...file(0o660, 0, 0) });
    expect(claim).toMatchObject({
      title: `permission denied on ${ADDRESS} for uid 1000`,
      outcome: 'fail',
      why: 'The file is 0660, uid 0, gid 0; this process is uid 1000 with the groups 1000, 998.',
      object: { layer: 'containerd', kind: 'socket', id: ADDRESS },
    });
    expect(commands(claim)).toEqual(['sudo ctrscope doctor']);
    expect(claim.evidence.map(({ layer }) => layer)).toEqual(['host', 'host', 'process']);
  });

  test('offers a group only where the file gives it the right, and says what that means', () => {
    expect(commands(denied({ self: USER, ...file(0o660, 0, 4242) }))).toEqual([
      'sudo ctrscope doctor',
      'getent group 4242',
    ]);
    expect(denied({ self: USER, ...file(0o660, 0, 4242) }).next[1]?.text).toMatch(/root in all but name/);
    expect(commands(denied({ self: USER, ...file(0o640, 0, 4242) }))).toEqual(['sudo ctrscope doctor']);
  });

  test('never advises to open the socket for everybody', () => {
    for (const mode of [0, 0o600, 0o640, 0o660]) {
      expect(JSON.stringify(denied({ self: USER, ...file(mode, 0, 4242) }).next)).not.toMatch(
        /chmod|666|777/,
      );
    }
  });

  test('names the folder where the file could not even be looked at', () => {
    const why = 'the folder /run/closed (0700, uid 0, gid 0) may not be searched';
    const claim = denied({ self: USER, file: unknown('denied', `stat ${ADDRESS}`, why, AT, 0) });
    expect(claim.why).toBe(`For this process, uid 1000 with the groups 1000, 998, ${why}.`);
    expect(claim.evidence).toContainEqual(expect.objectContaining({ value: why }));
  });

  test.for([
    ['the owner', 1000, 0, 0o600],
    ['a member of the group', 0, 998, 0o660],
    ['everybody', 0, 0, 0o666],
  ] as const)('blames something else where %s may write the file', ([, uid, gid, mode]) => {
    const claim = denied({ self: USER, ...file(mode, uid, gid) });
    expect(claim.why).toMatch(/something else forbids it/);
  });

  test('knows that a member of the group is not asked as one of the others', () => {
    expect(denied({ self: USER, ...file(0o606, 0, 998) }).why).toMatch(
      /^The file is 0606, uid 0, gid 998; this/,
    );
    expect(denied({ self: USER, ...file(0o066, 1000, 998) }).why).toMatch(/^The file is 0066/);
  });

  test('does not send root to sudo', () => {
    const claim = denied({ self: { uid: 0, gids: [0] }, ...file(0o660, 0, 0) });
    expect(claim.why).toMatch(/^Root itself was refused/);
    expect(commands(claim).join()).not.toContain('sudo');
  });

  test('keeps the address that was named, quoted, for sudo drops the environment', () => {
    const claim = denied({ self: USER, origin: 'environment', address: '/run/a b/c.sock' });
    expect(commands(claim)[0]).toBe("sudo ctrscope doctor --address '/run/a b/c.sock'");
  });

  test('says so when the file was gone at the second glance', () => {
    expect(denied({ self: USER, file: absent('stat', AT) }).why).toMatch(/was gone/);
  });
});
