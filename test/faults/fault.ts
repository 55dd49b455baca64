import { createHash } from 'node:crypto';

import { describe, expect, type TestContext, test } from 'vitest';

import type { Finding, Layer } from '../../src/host/finding.ts';
import { labUnavailable } from '../lab/available.ts';
import { type Lab, type LabOptions, startLab } from '../lab/lab.ts';
import { skipReason, suites } from '../lab/shared.ts';
import { SUITES, type Suite } from '../lab/suites.ts';
import { isNamedOnDisk, isSilentOnDisk } from './disk-copy.ts';
import { ctrscope, doctor, type RunOptions } from './program.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Set on each test of a fault: a line of the table that the run ends with. */
    fault?: { readonly probe: string; readonly fault: string; readonly suite: Suite };
  }
}

/** One thing that goes wrong on a host, and what doctor has to say of it. */
export type Fault = {
  readonly probe: string;
  readonly name: string;
  readonly options?: Omit<LabOptions, 'suite' | 'tag' | 'kept'>;
  /** The suites that can have it. @default all */
  readonly on?: readonly Suite[];
  /** What the lab has before it is first looked at. */
  readonly prepare?: (lab: Lab) => Promise<void>;
  /** How doctor is run on the healthy lab, during the fault and after it. */
  readonly doctor?: (lab: Lab) => Promise<Doctor> | Doctor;
  /** The exit code of the healthy lab, where this user cannot see enough for a pass. @default 0 */
  readonly healthyExit?: 0 | 5;
  /** Makes the fault. What it returns undoes it and waits until that is so. */
  readonly inject: (lab: Lab) => Promise<Injected>;
  readonly expected: (lab: Lab) => Expected;
  /** Whether what the daemons have written shows it too: doctor is asked of a copy of that as well. @default false */
  readonly onDisk?: boolean;
};

export type Doctor = { readonly args?: readonly string[]; readonly options?: RunOptions };

export type Injected = {
  readonly undo: () => Promise<void>;
  /** Looks at the finding of the fault further than {@link Expected} does. */
  readonly check?: (finding: Finding) => void;
  /** Where only the fault's own doctor is run differently: another address, another user. */
  readonly doctor?: Doctor;
};

export type Expected = {
  readonly title: RegExp;
  readonly why?: RegExp;
  /** @default 'fail' */
  readonly outcome?: 'fail' | 'warn';
  /** @default 'containerd' */
  readonly layer?: Layer;
  /** @default null */
  readonly namespace?: string;
  /** @default 'daemon' */
  readonly kind?: string;
  /** What the finding is about. @default the lab's address */
  readonly id?: string;
  /** @default null */
  readonly name?: string;
  readonly layers: readonly Layer[];
  /** The command of the first next step. */
  readonly first?: RegExp;
};

/**
 * Healthy, then the fault, then healthy again: silent, named by exactly this probe on exactly this object, silent.
 * In `once` mode on one suite, which changes from commit to commit; in `full` mode on all.
 */
export const testFault = (fault: Fault): void => {
  const reason = labUnavailable();
  const chosen = chosenSuites(fault.name, fault.on);
  for (const suite of chosen) {
    test(`${fault.probe}: ${fault.name} (${suite})`, async (context) => {
      context.task.meta.fault = { probe: fault.probe, fault: fault.name, suite };
      await run(fault, suite, context);
    });
  }
  if (chosen.length === 0) {
    describe.skip(`${fault.probe}: skipped: ${reason ?? 'no suite is there'}`, () => {
      test(fault.name, () => {});
    });
  }
};

/** The suites that a fault is tried on in this run. */
export const chosenSuites = (name: string, among: readonly Suite[] = SUITES): readonly Suite[] => {
  const there = suites().filter((suite) => among.includes(suite) && skipReason(suite) === undefined);
  if (process.env['CTRSCOPE_TESTS'] === 'full' || there.length === 0) return there;
  const hash = createHash('sha256').update(name).digest().readUInt32BE(0);
  const suite = there[(hash + Number(process.env['CTRSCOPE_ROTATION'] ?? 0)) % there.length];
  return suite === undefined ? [] : [suite];
};

const run = async (fault: Fault, suite: Suite, { onTestFinished }: TestContext): Promise<void> => {
  const lab = await startLab({ ...fault.options, suite });
  onTestFinished(() => lab.stop());
  await fault.prepare?.(lab);
  const usual = (await fault.doctor?.(lab)) ?? {};
  const silent = async (when: string): Promise<void> => {
    await isSilent(lab, usual, fault.healthyExit ?? 0, when);
    if (fault.onDisk === true) await isSilentOnDisk(lab, when);
  };
  await silent('before the fault');

  const injected = await fault.inject(lab);
  let undone = false;
  const undo = async (): Promise<void> => {
    if (!undone) await injected.undo();
    undone = true;
  };
  try {
    const expected = fault.expected(lab);
    const how = injected.doctor ?? usual;
    const finding = await isNamed(lab, how, fault.probe, expected);
    injected.check?.(finding);
    await isTold(lab, how, finding);
    if (fault.onDisk === true) await isNamedOnDisk(lab, finding);
  } finally {
    await undo();
  }
  await silent('after the fault');
};

/** Doctor finds nothing, and leaves nothing unasked that it could have asked. */
export const isSilent = async (
  lab: Lab,
  { args, options }: Doctor,
  exit: number,
  when: string,
): Promise<void> => {
  const { exitCode, document, stdout, stderr } = await doctor(lab, args, options);
  expect(document.findings, `${when}: ${stdout}${stderr}`).toEqual([]);
  expect({ exitCode, verdict: document.verdict }, `${when}: ${stdout}${stderr}`).toEqual({
    exitCode: exit,
    verdict: exit === 0 ? 'pass' : 'partial',
  });
  const outcomes = document.probes.map(({ id, outcome }) => `${id}: ${outcome}`);
  expect(outcomes.length).toBeGreaterThanOrEqual(3);
  if (exit === 0) expect(outcomes.filter((line) => !line.endsWith(': pass'))).toEqual([]);
};

const HARM = ['reads', 'writes', 'disrupts'];

const isNamed = async (lab: Lab, how: Doctor, probe: string, expected: Expected): Promise<Finding> => {
  const { exitCode, document, stdout, stderr } = await doctor(lab, how.args, how.options);
  const said = stdout + stderr;
  const { outcome = 'fail', layer = 'containerd', namespace = null, kind = 'daemon' } = expected;
  const { id = lab.address, name = null } = expected;
  expect(
    document.findings.map((finding) => finding.id),
    said,
  ).toEqual([probe]);
  const [finding] = document.findings;
  if (finding === undefined) throw new Error('unreachable');
  expect(finding.title).toMatch(expected.title);
  if (expected.why !== undefined) expect(finding.why).toMatch(expected.why);
  expect(finding.outcome).toBe(outcome);
  expect(finding.object).toEqual({ layer, namespace, kind, id, name });
  expect(finding.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  for (const text of [finding.why, finding.impact]) expect(text).toMatch(/\S.*\.$/);

  const layers = finding.evidence.map(({ layer }) => layer);
  expect(layers).toEqual(expect.arrayContaining([...expected.layers]));
  for (const evidence of finding.evidence) {
    for (const field of ['source', 'field', 'value'] as const) expect(evidence[field], said).not.toBe('');
    expect(Date.parse(evidence.at)).toBeGreaterThan(0);
  }
  expect(finding.next.length, 'a finding says what to do').toBeGreaterThan(0);
  const effects = finding.next.map(({ effect }) => HARM.indexOf(effect));
  expect(effects, 'the least harmful first').toEqual(effects.toSorted());
  for (const { text } of finding.next) expect(text).not.toBe('');
  if (expected.first !== undefined) expect(finding.next[0]?.command).toMatch(expected.first);

  // A warning beside what could not be read is not "warnings only".
  const unread = document.unknown.length > 0 || document.probes.some((p) => p.outcome === 'skip');
  expect(exitCode, said).toBe(outcome === 'fail' ? 3 : unread ? 5 : 4);
  expect(document.verdict).toBe(outcome === 'fail' ? 'fail' : unread ? 'partial' : 'warn');
  expect(document.summary).toContain(finding.title);
  expect(document.probes.find((p) => p.id === probe)?.outcome).toBe(outcome);
  expect(document.probes.filter((p) => p.outcome === 'error')).toEqual([]);
  return finding;
};

// For people: the same finding, its title first and its next steps in words.
const isTold = async (lab: Lab, how: Doctor, finding: Finding): Promise<void> => {
  const { stdout } = await ctrscope(lab, ['doctor', ...(how.args ?? [])], how.options);
  const [verdict = ''] = stdout.split('\n');
  expect(verdict).toMatch(finding.outcome === 'fail' ? /^✗ FAIL: / : /^(! WARN|\? PARTIAL): /);
  expect(stdout).toContain(`[${finding.id}`);
  // Daemons of others come and go: a step that names one is another the next time.
  const lasting = finding.next.filter(({ text }) => !/\bpid \d|^name the right socket/.test(text));
  expect(stdout).toMatch(/^ {4}next +\S/m);
  for (const { text } of lasting) expect(stdout).toContain(text);
};
