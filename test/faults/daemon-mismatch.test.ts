import { rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

import { type Lab, startLab } from '../lab/lab.ts';
import { until } from '../lab/until.ts';
import { relay } from './fake-servers.ts';
import { chosenSuites, type Fault, isSilent, testFault } from './fault.ts';
import { doctor } from './program.ts';
import { type SecondContainerd, startSecond } from './second-containerd.ts';

const fault = (name: string, rest: Omit<Fault, 'probe' | 'name'>): void =>
  testFault({ probe: 'daemon-mismatch', name, ...rest });

describe('a daemon that answers in the place of another', () => {
  fault('a second daemon on the same address, undone as the finding says', {
    inject: async (lab) => {
      const second = await startSecond(lab, { address: lab.address });
      let advice = '';
      return {
        check: ({ title, next }) => {
          expect(title).toBe(
            `pid ${second.pid} answers at ${lab.address}; pid ${lab.containerdPid} serves the same address and cannot be reached`,
          );
          advice = next.find(({ command }) => command?.includes('kill -TERM'))?.command ?? '';
        },
        // The daemon that answers stays, and its socket file with it: a plain TERM would have taken that away.
        undo: async () => {
          expect(advice).toContain(`kill -TERM ${lab.containerdPid} `);
          await execa('sh', ['-c', advice]);
          expect(lab.containerdPid).toBeUndefined();
        },
      };
    },
    expected: (lab) => ({
      title: /serves the same address and cannot be reached$/,
      why: /The socket file was replaced/,
      layers: ['containerd', 'kernel', 'process'],
      first: new RegExp(`^ps -o pid,\\S+ -p (\\d+,)?${lab.containerdPid}\\b`),
    }),
  });

  fault('a second daemon on the same address, undone by restarts', {
    inject: async (lab) => {
      const second = await startSecond(lab, { address: lab.address });
      return {
        undo: async () => {
          await second.stop();
          await lab.restartContainerd();
        },
      };
    },
    expected: () => ({
      title: /serves the same address and cannot be reached$/,
      layers: ['containerd', 'kernel', 'process'],
    }),
  });

  fault('the socket file of another daemon moved over this one', {
    inject: async (lab) => {
      const second = await startSecond(lab);
      const aside = `${lab.address}.aside`;
      await rename(lab.address, aside);
      await rename(second.address, lab.address);
      return {
        check: ({ title }) => expect(title).toBe(another(lab, second)),
        undo: async () => {
          await rename(lab.address, second.address);
          await rename(aside, lab.address);
        },
      };
    },
    expected: () => ({
      title: /^what answers at .* is the containerd of another address/,
      why: /moved, linked or mounted over/,
      layers: ['containerd', 'kernel', 'process'],
    }),
  });

  fault('the socket file of another daemon mounted over this one', {
    inject: async (lab) => {
      const second = await startSecond(lab);
      await execa('mount', ['--bind', second.address, lab.address]);
      return {
        check: ({ title }) => expect(title).toBe(another(lab, second)),
        undo: async () => void (await execa('umount', [lab.address])),
      };
    },
    expected: () => ({
      title: /^what answers at .* is the containerd of another address/,
      layers: ['containerd', 'kernel', 'process'],
    }),
  });

  fault('a link to another daemon in the place of the socket file', {
    inject: async (lab) => {
      const second = await startSecond(lab);
      const aside = `${lab.address}.aside`;
      await rename(lab.address, aside);
      await symlink(second.address, lab.address);
      return { undo: () => rename(aside, lab.address) };
    },
    expected: (lab) => ({
      title: new RegExp(`pid ${lab.containerdPid} serves the same address and cannot be reached$`),
      layers: ['containerd', 'kernel', 'process'],
    }),
  });

  fault('a daemon that waits to take the address over', {
    inject: async (lab) => {
      // With the database of the first, whose lock it waits for.
      const second = await startSecond(lab, {
        address: lab.address,
        containerdRoot: lab.containerdRoot,
        answers: false,
      });
      return {
        check: ({ title }) =>
          expect(title).toBe(
            `pid ${second.pid} was started for ${lab.address}, which pid ${lab.containerdPid} serves`,
          ),
        undo: second.kill,
      };
    },
    expected: () => ({
      outcome: 'warn',
      title: /was started for/,
      layers: ['kernel', 'process'],
    }),
  });

  fault('a socket file moved to where nobody listens', {
    inject: async (lab) => {
      const moved = join(lab.root, 'moved.sock');
      await rename(lab.address, moved);
      return { undo: () => rename(moved, lab.address), doctor: { args: ['--address', moved] } };
    },
    expected: (lab) => ({
      outcome: 'warn',
      id: join(lab.root, 'moved.sock'),
      title: new RegExp(`leads to the containerd of another address \\(pid ${lab.containerdPid}\\)$`),
      layers: ['containerd', 'kernel', 'process'],
    }),
  });
});

describe('no false alarm comes of', () => {
  const quiet = (name: string, body: (lab: Lab) => Promise<void>): void => {
    for (const suite of chosenSuites(name)) {
      test(`${name} (${suite})`, async ({ onTestFinished }) => {
        const lab = await startLab({ suite });
        onTestFinished(() => lab.stop());
        await body(lab);
      });
    }
  };
  const passes = async (lab: Lab, address: string): Promise<void> =>
    isSilent(lab, { args: ['--address', address] }, 0, `at ${address}`);

  quiet('a link to the socket, of the file or of a folder', async (lab) => {
    const file = join(lab.root, 'link.sock');
    await symlink(lab.address, file);
    await passes(lab, file);
    const folder = join(lab.root, 'linked');
    await symlink(lab.root, folder);
    await passes(lab, join(folder, 'containerd.sock'));
  });

  quiet('a second daemon on an address of its own', async (lab) => {
    const second = await startSecond(lab);
    await passes(lab, second.address);
    await passes(lab, lab.address);
  });

  quiet('a daemon in other pid, mount and network namespaces', async (lab) => {
    const second = await startSecond(lab, {
      prefix: ['unshare', '--pid', '--fork', '--mount-proc', '--net', '--kill-child'],
    });
    await passes(lab, second.address);
    await passes(lab, lab.address);
  });

  quiet('a daemon in a container that names its own socket as this one does', async (lab) => {
    // In its mount namespace, an empty file system lies over the lab's root: same path, other file.
    const config = join(lab.root, 'inner.toml');
    await writeFile(config, innerConfig(lab));
    const script = [
      `mkdir -p ${lab.root}/inner`,
      `mount -t tmpfs tmpfs ${lab.root}/inner`,
      `cp ${config} ${lab.root}/inner/`,
      `mount --move ${lab.root}/inner ${lab.root}`,
      `exec ${lab.programs.containerd} --config ${lab.root}/inner.toml`,
    ].join(' && ');
    const inner = execa('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
      reject: false,
      stdio: 'ignore',
    });
    try {
      await until('two listen by the same name', async () => {
        const { stdout } = await execa('cat', ['/proc/net/unix']);
        const rows = stdout.split('\n').filter((line) => line.endsWith(` ${lab.address}`));
        return rows.length >= 2 ? true : undefined;
      });
      await passes(lab, lab.address);
    } finally {
      inner.kill('SIGKILL');
      await inner;
    }
  });

  quiet('a relay between, which only cannot be checked', async (lab) => {
    const relayed = await relay(join(lab.root, 'relay.sock'), lab.address);
    try {
      const { exitCode, document } = await doctor(lab, ['--address', relayed.path]);
      expect(document.findings).toEqual([]);
      expect(exitCode).toBe(5);
      expect(document.probes.find(({ id }) => id === 'daemon-mismatch')).toMatchObject({
        outcome: 'skip',
        reason: expect.stringContaining('a relay'),
      });
    } finally {
      await relayed.close();
    }
  });

  quiet('a restart', async (lab) => {
    await lab.restartContainerd();
    await passes(lab, lab.address);
    await rm(`${lab.address}.ttrpc`, { force: true });
    await passes(lab, lab.address);
  });
});

const another = (lab: Lab, second: SecondContainerd): string =>
  `what answers at ${lab.address} is the containerd of another address (pid ${second.pid}), not pid ${lab.containerdPid}, which listens under it`;

const innerConfig = (lab: Lab): string =>
  [
    'version = 2',
    `root = "${lab.root}/inner-root"`,
    `state = "${lab.root}/inner-state"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[grpc]',
    `  address = "${lab.address}"`,
    '[plugins."io.containerd.internal.v1.opt"]',
    `  path = "${lab.root}/inner-opt"`,
    ...(lab.suite === 'bookworm' ? [] : ['[plugins."io.containerd.nri.v1.nri"]', '  disable = true']),
    '',
  ].join('\n');
