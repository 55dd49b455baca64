import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

import { afterEach, describe, expect, test } from 'vitest';

import { droppingServer, type FakeServer, http1Server, silentServer } from '../faults/fake-servers.ts';
import { chosenSuites } from '../faults/fault.ts';
import { asNobody } from '../faults/nobody.ts';
import { ctrscope, type RunOptions } from '../faults/program.ts';
import type { Lab } from '../lab/lab.ts';
import { identify, killProcesses } from '../lab/processes.ts';
import { sharedLab } from '../lab/shared.ts';
import { until } from '../lab/until.ts';
import { answerOf, isClear, isInert } from './answers.ts';

/** What can be wrong at an address, and what has to be said of it. */
type Sick = {
  readonly address: string;
  readonly words: RegExp;
  readonly options?: RunOptions;
  readonly undo?: () => Promise<void> | void;
  /** Commands that are answered from its files. */
  readonly onDisk?: readonly string[];
};

const SOCKETS: Readonly<Record<string, (lab: Lab) => Promise<Sick>>> = {
  'a containerd that is stopped': async (lab) => {
    const pid = pidOf(lab);
    process.kill(pid, 'SIGSTOP');
    return {
      address: lab.address,
      words: /connected, but nothing came within \d+\.\ds; the daemon is stopped or hung/,
      undo: () => void process.kill(pid, 'SIGCONT'),
      // Its process is there, and says which files are its own.
      onDisk: ['get namespaces', 'get containers', 'get images', 'get snapshots', 'inspect --all'],
    };
  },
  'a containerd that was killed': async (lab) => {
    await kill(lab);
    return {
      address: lab.address,
      words: /connection refused; the socket file is there, but no process listens on it/,
      undo: lab.startContainerd,
    };
  },
  'a socket without permission': async (lab) => ({
    address: lab.address,
    words: /permission denied; opening the socket needs root or its group/,
    options: await asNobody(lab),
  }),
  'a folder that may not be searched': async (lab) => {
    const folder = join(lab.root, 'closed');
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o700);
    return {
      address: join(folder, 'c.sock'),
      words: /permission denied/,
      options: await asNobody(lab),
    };
  },
  'a path that is a file': async (lab) => {
    const address = join(lab.root, 'file.sock');
    writeFileSync(address, 'no socket');
    return { address, words: /the path is a file, not a socket/ };
  },
  'a path that is a directory': async (lab) => {
    const address = join(lab.root, 'directory.sock');
    mkdirSync(address);
    return { address, words: /the path is a directory, not a socket/ };
  },
  'a link that leads nowhere': async (lab) => {
    const address = join(lab.root, 'link.sock');
    symlinkSync('/nowhere', address);
    return { address, words: /the path is a dangling link \(to \/nowhere\), not a socket/ };
  },
  'a path below a file': async (lab) => ({
    address: join(lab.containerdConfig, 'c.sock'),
    words: /there is no such socket/,
  }),
  'a path that is not there': async (lab) => ({
    address: join(lab.root, 'nobody.sock'),
    words: /there is no such socket/,
  }),
  'a path that no socket can have': async (lab) => ({
    address: join(lab.root, 'x'.repeat(120)),
    words: /a path of \d{3} bytes is too long for a socket \(107\)/,
  }),
  'a socket that accepts and never answers': (lab) =>
    served(silentServer, join(lab.root, 'silent.sock'), /connected, but nothing came within \d+\.\ds/),
  'a socket that has more connections waiting than it holds': async (lab) => {
    const address = join(lab.root, 'full.sock');
    return {
      address,
      words: /nothing came within \S+; the daemon is stopped or hung/,
      undo: await fullSocket(address),
    };
  },
  'a socket that drops every connection': (lab) =>
    served(droppingServer, join(lab.root, 'drop.sock'), /the connection was accepted and closed at once/),
  'a socket that speaks HTTP/1': (lab) =>
    served(
      http1Server,
      join(lab.root, 'http1.sock'),
      /what listens there does not speak gRPC \(it said "HTTP\/1\.1 400 Bad Request"\)/,
    ),
  'a name that would act on a terminal': async (lab) => ({
    address: join(lab.root, 'e\u001b[31m\u202ex.sock'),
    words: /e\\x1b\[31m\\u202ex\.sock: there is no such socket/,
  }),
};

const COMMANDS: readonly (readonly string[])[] = [
  ['get', 'namespaces'],
  ['get', 'containers'],
  ['get', 'tasks'],
  ['get', 'images'],
  ['get', 'snapshots'],
  ['get', 'plugins'],
  ['inspect', '--all'],
  ['api', 'ping'],
  ['api', 'call', 'containerd.services.version.v1.Version/Version'],
];

for (const suite of chosenSuites('what a socket can be')) {
  describe(`what a socket can be (${suite})`, () => {
    const lab = sharedLab(suite);
    const undone: (() => Promise<void> | void)[] = [];
    afterEach(async () => {
      for (const undo of undone.splice(0)) await undo();
    });

    test.for(Object.keys(SOCKETS))(
      '%s: each command says what, where and what next, and ends',
      async (name) => {
        const sick = await SOCKETS[name]?.(lab());
        if (sick === undefined) throw new Error('unreachable');
        if (sick.undo !== undefined) undone.push(sick.undo);
        const { address, words, options, onDisk = [] } = sick;
        const at = ['--address', address];
        const shown = address.replace('\u001b', '\\x1b').replace('\u202e', '\\u202e');

        await inPairs(COMMANDS, async (command) => {
          const run = await ctrscope(lab(), [...command, ...at], options);
          const isOnDisk = onDisk.includes(command.join(' '));
          expect(run.exitCode, run.stderr).toBe(isOnDisk ? 5 : 1);
          if (!isOnDisk) expect(run.stdout).toBe('');
          isInert(run);
          isClear(run, shown, words);
        });

        // A document says the same, and has no list that could be taken for an empty one.
        const answer = await answerOf(lab(), ['get', 'containers', ...at], options);
        expect(answer.exitCode).toBe(onDisk.length > 0 ? 5 : 1);
        expect(answer.items).toEqual(onDisk.length > 0 ? [] : undefined);
        expect(answer.unknown.length).toBeGreaterThan(0);
        for (const { reason } of answer.unknown) {
          expect(reason).toContain(`at ${address}: `);
          if (!/[\u001b]/.test(address)) expect(reason).toMatch(words);
        }
        isInert(answer);

        // The report has the rest of the picture: the host, the finding, what took how long.
        const report = await answerOf(lab(), ['report', ...at], options);
        expect(report.exitCode, report.stderr).toBe(3);
        expect(report.document).toMatchObject({ kind: 'report', verdict: 'fail', inventory: {} });
        expect(report.document['findings']).toHaveLength(1);
        expect(report.document['timings']).toContainEqual(
          expect.objectContaining({ facet: 'host.system', outcome: 'seen' }),
        );
        for (const format of ['text', 'markdown']) {
          const told = await ctrscope(lab(), ['report', '-o', format, ...at], options);
          expect(told.exitCode).toBe(3);
          expect(told.stdout).toMatch(/^(✗ FAIL: |## FAIL: )/);
          expect(told.stdout).toMatch(/host.*kernel/);
          isInert(told);
        }
      },
    );

    test('an address that is no path is refused as such, before anything is asked', async () => {
      for (const address of ['tcp://127.0.0.1:1', 'containerd.sock', '']) {
        const { exitCode, stderr } = await ctrscope(lab(), ['get', 'tasks', '--address', address]);
        expect(exitCode).toBe(2);
        expect(stderr).toContain('expected an absolute path or unix://PATH');
      }
      const env = { CONTAINERD_ADDRESS: 'tcp://127.0.0.1:1' };
      const run = await ctrscope(lab(), ['get', 'tasks'], { env });
      expect(run.exitCode).toBe(1);
      isClear(run, 'tcp://127.0.0.1:1', /only unix sockets can be read/);
      expect((await ctrscope(lab(), ['doctor'], { env })).exitCode).toBe(3);
    });
  });
}

const pidOf = (lab: Lab): number => {
  const pid = lab.containerdPid;
  if (pid === undefined) throw new Error(`containerd of lab ${lab.tag} does not run`);
  return pid;
};

const kill = async (lab: Lab): Promise<void> => {
  const process = identify(pidOf(lab));
  if (process !== undefined) await killProcesses([process]);
};

const served = async (
  serve: (path: string) => Promise<FakeServer>,
  path: string,
  words: RegExp,
): Promise<Sick> => {
  const server = await serve(path);
  return { address: path, words, undo: server.close };
};

/** A stopped process that listens, with as many connections as the kernel keeps for it; the result ends it. */
const fullSocket = async (path: string): Promise<() => Promise<void>> => {
  const listen = `require('node:net').createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => process.stdout.write('up'))`;
  const child = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGSTOP');
  const waiting: Socket[] = [];
  await until(`the backlog of ${path} is full`, async () => {
    const socket = connect({ path });
    waiting.push(socket);
    return await new Promise<true | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined));
      socket.once('error', (error: NodeJS.ErrnoException) =>
        resolve(error.code === 'EAGAIN' ? true : undefined),
      );
    });
  });
  return async () => {
    for (const socket of waiting) socket.destroy();
    child.kill('SIGKILL');
    await ended;
  };
};

/** Two at a time: most of them only wait. */
const inPairs = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
  const entries = items.values();
  const worker = async (): Promise<void> => {
    for (const item of entries) await work(item);
  };
  await Promise.all([worker(), worker(), worker()]);
};
