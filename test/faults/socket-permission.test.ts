import { chmodSync, linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { type Lab, startLab } from '../lab/lab.ts';
import { chosenSuites, type Doctor, type Fault, isSilent, testFault } from './fault.ts';
import { asNobody, NOBODY } from './nobody.ts';
import { doctor } from './program.ts';

const fault = (name: string, rest: Omit<Fault, 'probe' | 'name'>): void =>
  testFault({ probe: 'socket-permission', name, ...rest });

describe('a socket that may not be opened', () => {
  fault('nobody on a socket of root, as containerd makes it', {
    inject: async (lab) => ({ undo: async () => {}, doctor: { options: await asNobody(lab) } }),
    expected: (lab) => ({
      ...denied(lab),
      why: /^The file is 0660, uid 0, gid 0; this process is uid 65534 with the groups 65534\.$/,
    }),
  });

  // Nobody sees no file descriptors of root's processes: what is healthy is then not whole.
  fault('a socket file without any permission', {
    healthyExit: 5,
    doctor: openToAll,
    inject: async (lab) => {
      chmodSync(lab.address, 0);
      return { undo: async () => chmodSync(lab.address, 0o666) };
    },
    expected: (lab) => ({ ...denied(lab), why: /^The file is 0000, uid 0, gid 0;/ }),
  });

  fault('a folder on the way that may not be searched', {
    healthyExit: 5,
    doctor: async (lab) => {
      mkdirSync(inFolder(lab).folder, { mode: 0o711 });
      const { options } = await openToAll(lab);
      linkSync(lab.address, inFolder(lab).address);
      return { args: ['--address', inFolder(lab).address], ...(options === undefined ? {} : { options }) };
    },
    inject: async (lab) => {
      chmodSync(inFolder(lab).folder, 0o700);
      return { undo: async () => chmodSync(inFolder(lab).folder, 0o711) };
    },
    expected: (lab) => ({
      ...denied(lab),
      id: inFolder(lab).address,
      why: new RegExp(`the folder ${inFolder(lab).folder} \\(0700, uid 0, gid 0\\) may not be searched`),
      first: new RegExp(`^sudo ctrscope doctor --address ${inFolder(lab).address}$`),
    }),
  });

  fault('a socket of a group that nobody is not in', {
    healthyExit: 5,
    doctor: openToAll,
    inject: async (lab) => {
      const { chown } = await import('node:fs/promises');
      await chown(lab.address, 0, 4242);
      chmodSync(lab.address, 0o660);
      return {
        undo: async () => {
          await chown(lab.address, 0, 0);
          chmodSync(lab.address, 0o666);
        },
        check: ({ next }) =>
          expect(next.map(({ command }) => command)).toEqual([
            `sudo ctrscope doctor --address ${lab.address}`,
            'getent group 4242',
          ]),
      };
    },
    expected: (lab) => ({ ...denied(lab), why: /^The file is 0660, uid 0, gid 4242;/ }),
  });
});

describe('somebody without rights on a healthy daemon', () => {
  for (const suite of chosenSuites('nobody on a healthy daemon')) {
    test(`is told what could not be checked, and that is no pass (${suite})`, async ({ onTestFinished }) => {
      const lab = await startLab({ suite });
      onTestFinished(() => lab.stop());
      const { options = {} } = await openToAll(lab);
      const { exitCode, document } = await doctor(lab, [], options);
      expect({ exitCode, verdict: document.verdict }).toEqual({ exitCode: 5, verdict: 'partial' });
      expect(document.probes).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ id: 'containerd-not-answering', outcome: 'pass' }),
          expect.objectContaining({ id: 'socket-permission', outcome: 'pass' }),
          expect.objectContaining({
            id: 'daemon-mismatch',
            outcome: 'skip',
            reason: `who listens at ${lab.address} cannot be read: needs root`,
          }),
          // What containerd answers may be asked by whoever may open its socket; its files are root's.
          expect.objectContaining({ id: 'image-incomplete', outcome: 'pass' }),
          expect.objectContaining({ id: 'ingest-stuck', outcome: 'pass' }),
          ...FILE_PROBES.map((id) => expect.objectContaining({ id, outcome: 'skip' })),
        ]),
      );

      // Where the processes of others cannot even be listed, there is as little to compare.
      const hidden = await doctor(lab, [], {
        ...options,
        prefix: [
          ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c'],
          'mount -t proc -o hidepid=2 proc /proc && exec "$@"',
          'sh',
          ...(options.prefix ?? []),
        ],
      });
      expect({ exitCode: hidden.exitCode, findings: hidden.document.findings }).toEqual({
        exitCode: 5,
        findings: [],
      });
      expect(hidden.document.probes.find(({ id }) => id === 'daemon-mismatch')).toMatchObject({
        outcome: 'skip',
        reason: expect.stringMatching(/hidepid/),
      });

      // The same daemon, for root: everything could be read, and nothing is wrong.
      await isSilent(lab, {}, 0, 'for root');
    });
  }
});

const FILE_PROBES = [
  'meta-db-corrupt',
  'meta-db-empty',
  'snapshotter-db-missing',
  'snapshot-dir-missing',
  'content-blob-missing',
  'content-blob-corrupt',
  'content-orphan-file',
];

async function openToAll(lab: Lab): Promise<Doctor> {
  chmodSync(lab.address, 0o666);
  return { options: await asNobody(lab) };
}

const inFolder = (lab: Lab): { folder: string; address: string } => ({
  folder: join(lab.root, 'closed'),
  address: join(lab.root, 'closed', 'c.sock'),
});

const denied = (lab: Lab): ReturnType<Fault['expected']> => ({
  title: new RegExp(`^permission denied on ${lab.root}/\\S+ for uid ${NOBODY}$`),
  kind: 'socket',
  layers: ['host', 'process'],
  first: new RegExp(`^sudo ctrscope doctor --address ${lab.address}$`),
});
