/** The same fault asked of the disk alone: a copy of what the lab's daemons have written, with none of them to ask. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';

import type { Finding } from '../../src/host/finding.ts';
import type { Lab } from '../lab/lab.ts';
import { type DoctorDocument, doctor } from './program.ts';

/** A folder with what both daemons have written so far, laid out as a host's file system; the next one takes its place. */
export const diskOf = (lab: Lab): string => {
  const root = join(lab.root, 'disk');
  const data = join(root, 'var/lib');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  // What is mounted below Docker's directory is not on the disk.
  execFileSync('cp', ['-ax', lab.containerdRoot, join(data, 'containerd')]);
  if (lab.dockerRoot !== undefined) execFileSync('cp', ['-ax', lab.dockerRoot, join(data, 'docker')]);
  return root;
};

/** What doctor says of such a disk. */
export const examineDisk = async (root: string): Promise<DoctorDocument> =>
  (await doctor({ env: {} }, ['--root', root])).document;

/** Nothing is wrong on the disk; what only a daemon could say is left open. */
export const isSilentOnDisk = async (lab: Lab, when: string): Promise<void> => {
  const { findings, probes } = await examineDisk(diskOf(lab));
  expect(findings, `on the disk, ${when}`).toEqual([]);
  expect(
    probes.filter(({ outcome }) => outcome === 'error'),
    when,
  ).toEqual([]);
};

/** The disk alone says of the same object that the same is wrong, and what it tells to run is for a disk. */
export const isNamedOnDisk = async (lab: Lab, live: Finding): Promise<void> => {
  const root = diskOf(lab);
  const { findings, probes } = await examineDisk(root);
  const own = (path: string): string => path.replace(`${lab.dockerRoot}/`, `${root}/var/lib/docker/`);
  expect(
    findings.map(({ id, outcome, object }) => ({ id, outcome, object })),
    'on the disk',
  ).toEqual([{ id: live.id, outcome: live.outcome, object: { ...live.object, id: own(live.object.id) } }]);
  const [finding] = findings;
  expect(finding?.title).toBe(own(live.title));
  for (const { text, command } of finding?.next ?? []) {
    if (command === null) continue;
    if (command.startsWith('ctrscope ')) expect(command).toContain(`--root ${root}`);
    else if (/^(docker|ctr|journalctl|dmesg)\b/.test(command)) {
      expect(text).toMatch(/^when its host runs again: /);
    }
  }
  expect(probes.filter(({ outcome }) => outcome === 'error')).toEqual([]);
};
