import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import { importSingleImage } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { identify, killProcesses } from '../lab/processes.ts';
import { until } from '../lab/until.ts';
import { droppingServer, type FakeServer, http1Server, silentServer } from './fake-servers.ts';
import { type Fault, type Injected, testFault } from './fault.ts';

const fault = (name: string, rest: Omit<Fault, 'probe' | 'name'>): void =>
  testFault({ probe: 'containerd-not-answering', name, ...rest });

describe('containerd that does not answer is told from', () => {
  fault('a daemon stopped by a signal', {
    inject: async (lab) => {
      const pid = pidOf(lab);
      process.kill(pid, 'SIGSTOP');
      await stateIs(pid, 'T');
      return { undo: async () => void process.kill(pid, 'SIGCONT') };
    },
    expected: (lab) => ({
      title: new RegExp(`^containerd is stopped \\(pid ${lab.containerdPid}, state T\\)$`),
      why: /nothing was sent for 300ms: a signal stopped/,
      layers: ['host', 'containerd', 'kernel', 'process'],
      first: new RegExp(`^kill -CONT ${lab.containerdPid}$`),
    }),
  });

  fault('a daemon frozen by its cgroup', {
    inject: async (lab) => {
      const freezer = join('/sys/fs/cgroup/freezer', `${lab.namespace}-frozen`);
      if (!existsSync('/sys/fs/cgroup/freezer')) throw new Error('needs the freezer of cgroup v1');
      const pid = pidOf(lab);
      mkdirSync(freezer);
      writeFileSync(join(freezer, 'cgroup.procs'), String(pid));
      const state = join(freezer, 'freezer.state');
      writeFileSync(state, 'FROZEN');
      await until('the cgroup is frozen', () =>
        readFileSync(state, 'utf8').trim() === 'FROZEN' ? true : undefined,
      );
      return { undo: async () => writeFileSync(state, 'THAWED') };
    },
    expected: (lab) => ({
      title: new RegExp(`^containerd is frozen by its cgroup \\(pid ${lab.containerdPid}\\)$`),
      layers: ['host', 'containerd', 'kernel', 'process', 'cgroup'],
      first: new RegExp(`^cat /sys/fs/cgroup/freezer/${lab.namespace}-frozen/freezer.state$`),
    }),
  });

  fault('a daemon that was killed, and left its containers running', {
    inject: async (lab) => {
      const image = await importSingleImage(lab);
      for (const id of ['a', 'b']) await lab.ctr(['run', '--detach', image, id, '/bin/sleep', '86400']);
      const process = identify(pidOf(lab));
      if (process !== undefined) await killProcesses([process]);
      return {
        undo: lab.startContainerd,
        check: ({ impact }) =>
          expect(impact).toMatch(/2 of its shims still run, and so do their containers\.$/),
      };
    },
    expected: (lab) => ({
      title: new RegExp(
        `: ${lab.address} \\(named by CONTAINERD_ADDRESS\\) is a socket file without a listener$`,
      ),
      why: /left by a daemon that was killed or crashed/,
      layers: ['host', 'containerd', 'kernel', 'process', 'shim'],
    }),
  });

  fault('a daemon that has stopped in order', {
    inject: async (lab) => {
      await lab.stopContainerd();
      return { undo: lab.startContainerd };
    },
    expected: (lab) => ({
      title: new RegExp(`: there is no socket ${lab.address} \\(named by CONTAINERD_ADDRESS\\)$`),
      layers: ['host', 'containerd', 'kernel', 'process'],
    }),
  });

  fault('a daemon whose socket file was moved away', {
    inject: async (lab) => {
      const aside = `${lab.address}.aside`;
      await rename(lab.address, aside);
      return { undo: () => rename(aside, lab.address) };
    },
    expected: (lab) => ({
      title: new RegExp(
        `^containerd runs \\(pid ${lab.containerdPid}\\), but its socket file ${lab.address} is gone$`,
      ),
      layers: ['host', 'kernel', 'process'],
      first: /^grep -F \S+containerd\.sock \/proc\/net\/unix$/,
    }),
  });

  fault('a daemon whose socket file was replaced by a dead one', {
    inject: async (lab) => {
      const stale = await staleSocket(lab);
      const undo = await replace(lab, () => rename(stale, lab.address));
      return { undo };
    },
    expected: (lab) => ({
      title: new RegExp(
        `^containerd runs \\(pid ${lab.containerdPid}\\), but .* was replaced by one that nobody listens on$`,
      ),
      layers: ['host', 'kernel', 'process'],
    }),
  });

  fault('a daemon that waits for its database and does not listen yet', {
    inject: async (lab) => {
      await lab.stopContainerd();
      const lock = await lockDatabase(lab);
      const started = lab.startContainerd();
      started.catch(() => {}); // awaited below
      await until('containerd of the lab runs', () => lab.containerdPid);
      return {
        undo: async () => {
          await lock();
          await started;
        },
      };
    },
    expected: (lab) => ({
      title: new RegExp(
        `^containerd runs \\(pid ${lab.containerdPid}\\), but does not listen on ${lab.address}$`,
      ),
      layers: ['host', 'kernel', 'process'],
    }),
  });

  fault('a path that is a file', {
    inject: (lab) => replaced(lab, async () => writeFileSync(lab.address, 'no socket')),
    expected: (lab) => covered(lab, 'a file'),
  });

  fault('a path that is a directory', {
    inject: async (lab) => {
      const undo = await replace(
        lab,
        async () => mkdirSync(lab.address),
        () => rmdir(lab.address),
      );
      return { undo };
    },
    expected: (lab) => ({ ...covered(lab, 'a directory'), why: /docker run -v/ }),
  });

  fault('a link that leads nowhere', {
    inject: (lab) => replaced(lab, async () => symlinkSync('/nowhere/at/all', lab.address)),
    expected: (lab) => covered(lab, 'a dangling link \\(to /nowhere/at/all\\)'),
  });

  fault('a socket that accepts and never answers', {
    inject: (lab) => replacedBy(lab, silentServer),
    expected: (lab) => ({
      title: new RegExp(
        `^something accepts connections at ${lab.address} and never answers; it is no containerd`,
      ),
      why: new RegExp(`containerd \\(pid ${lab.containerdPid}\\) bound it before`),
      layers: ['host', 'containerd', 'kernel', 'process'],
      first: /^ss -xlp src /,
    }),
  });

  fault('a socket that drops every connection', {
    inject: (lab) => replacedBy(lab, droppingServer),
    expected: (lab) => ({
      title: new RegExp(`^${lab.address} accepts connections and closes them at once$`),
      why: new RegExp(`taken the place of containerd \\(pid ${lab.containerdPid}\\)`),
      layers: ['host', 'containerd', 'kernel', 'process'],
    }),
  });

  fault('a socket that speaks HTTP/1', {
    inject: (lab) => replacedBy(lab, http1Server),
    expected: (lab) => ({
      title: new RegExp(`^${lab.address} does not speak gRPC$`),
      why: /^It answered "HTTP\/1\.1 400 Bad Request"\./,
      layers: ['host', 'containerd', 'kernel', 'process'],
    }),
  });

  fault("containerd's ttrpc socket in the place of its gRPC one", {
    inject: async (lab) => ({
      undo: async () => {},
      doctor: { args: ['--address', `${lab.address}.ttrpc`] },
    }),
    expected: (lab) => ({
      title: new RegExp(
        `^${lab.address}\\.ttrpc (is a socket of containerd|does not speak gRPC|accepts connections and closes)`,
      ),
      why: new RegExp(`It is a socket of containerd \\(pid ${lab.containerdPid}\\)`),
      id: `${lab.address}.ttrpc`,
      layers: ['host', 'containerd', 'kernel', 'process'],
      first: new RegExp(`^ctrscope doctor --address ${lab.address}$`),
    }),
  });

  fault('an environment that names another place than where the daemon is', {
    inject: async (lab) => ({
      undo: async () => {},
      doctor: { options: { env: { CONTAINERD_ADDRESS: elsewhere(lab) } } },
      check: ({ next }) => {
        const commands = next.map(({ command }) => command);
        expect(commands).toContainEqual(expect.stringMatching(/^ctrscope doctor --address \//));
      },
    }),
    expected: (lab) => ({
      title: new RegExp(
        `^no containerd listens: there is no socket ${elsewhere(lab)} \\(named by CONTAINERD_ADDRESS\\)$`,
      ),
      why: /Other containerds run here: \//,
      id: elsewhere(lab),
      layers: ['host', 'containerd', 'kernel', 'process'],
    }),
  });
});

const pidOf = (lab: Lab): number => {
  const pid = lab.containerdPid;
  if (pid === undefined) throw new Error(`containerd of lab ${lab.tag} does not run`);
  return pid;
};

const elsewhere = (lab: Lab): string => join(lab.root, 'elsewhere.sock');

const covered = (lab: Lab, is: string): ReturnType<Fault['expected']> => ({
  title: new RegExp(
    `^${lab.address} is ${is}, not a socket; containerd \\(pid ${lab.containerdPid}\\) listens on the one that was there$`,
  ),
  layers: ['host', 'containerd', 'kernel', 'process'],
});

/** Puts something in the place of the socket file; the daemon lives on, its own file aside. */
const replace = async (
  lab: Lab,
  put: () => Promise<void>,
  remove: () => Promise<void> = () => rm(lab.address, { force: true }),
): Promise<() => Promise<void>> => {
  const aside = `${lab.address}.aside`;
  await rename(lab.address, aside);
  await put();
  return async () => {
    await remove();
    await rename(aside, lab.address);
  };
};

const replaced = async (lab: Lab, put: () => Promise<void>): Promise<Injected> => ({
  undo: await replace(lab, put),
});

const replacedBy = async (lab: Lab, serve: (path: string) => Promise<FakeServer>): Promise<Injected> => {
  let server: FakeServer | undefined;
  const undo = await replace(
    lab,
    async () => {
      server = await serve(lab.address);
    },
    async () => server?.close(), // which removes its file
  );
  return { undo };
};

/** A socket file whose server was killed. */
const staleSocket = async (lab: Lab): Promise<string> => {
  const path = join(lab.root, 'stale.sock');
  rmSync(path, { force: true });
  const serve = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.stdout.write('up'))`;
  const child = spawn(process.execPath, ['-e', serve], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
  return path;
};

/** Holds the lock that containerd takes of its database; the result lets it go. */
const lockDatabase = async (lab: Lab): Promise<() => Promise<void>> => {
  const database = join(lab.containerdRoot, 'io.containerd.metadata.v1.bolt/meta.db');
  const child = spawn('flock', ['--exclusive', database, 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return async () => {
    child.stdin.end();
    await ended;
  };
};

const stateIs = (pid: number, state: string): Promise<true> =>
  until(`process ${pid} is in state ${state}`, () => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith(state) ? true : undefined;
  });
