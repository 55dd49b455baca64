/** What the documents show of a host that does not run: the host itself, and the commands of a document asked of it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { execa } from 'execa';
import { shellWord } from '../../src/text/shell.ts';
import type { Lab } from '../lab/lab.ts';
import { identify, killProcesses } from '../lab/processes.ts';
import type { Seeded } from '../lab/seed.ts';
import { until } from '../lab/until.ts';
import { command, type Document, programEnvironment } from './program.ts';

/** Where the documents have the disk. */
export const SHOWN_ROOT = '/mnt/web-1';

/** More than what reconcile takes for a moment. */
const REST_MS = 6000;

/** A disk with what both daemons of a lab have left. */
export type StoppedHost = {
  readonly root: string;
  /** The container that the documents ask about, and the folder of what it has written. */
  readonly containerId: string;
  readonly snapshotFolder: string;
};

/** Kills the daemons as a crash would, and copies their data to where a disk would have it. */
export const stoppedHost = async (lab: Lab, { docker }: Seeded, root: string): Promise<StoppedHost> => {
  const daemons = [lab.dockerdPid, lab.containerdPid].flatMap((pid) => identify(pid ?? 0) ?? []);
  if (daemons.length !== 2) throw new Error('both daemons have to run, to be killed');
  await killProcesses(daemons);
  const data = join(root, 'var/lib');
  mkdirSync(data, { recursive: true });
  // What is mounted below Docker's directory is not on the disk.
  for (const [from, name] of [
    [lab.containerdRoot, 'containerd'],
    [lab.dockerRoot ?? '', 'docker'],
  ] as const) {
    execFileSync('cp', ['-ax', from, join(data, name)]);
  }
  // What has changed within moments is not compared: it may be seen half.
  const killedAt = Date.now();
  await until('nothing is new any more', () => Date.now() - killedAt > REST_MS || undefined);
  const containerId = docker?.containers.find(({ name }) => name === 'shop-web')?.id ?? '';
  return { root, containerId, snapshotFolder: await folderOf(root, containerId) };
};

// Numbers are given out as snapshots are made; `owner` says whose each is.
async function folderOf(root: string, containerId: string): Promise<string> {
  const folders = join(root, 'var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots');
  const numbers = execFileSync('ls', [folders], { encoding: 'utf8' }).split('\n').filter(Boolean);
  for (const number of numbers) {
    const [file, args] = command(['--root', root, 'owner', join(folders, number), '-o', 'json']);
    const { stdout } = await execa(file, args, { reject: false, env: programEnvironment({ env: {} }) });
    const { items = [] } = JSON.parse(stdout) as Document;
    if (items.some(({ kind, id }) => kind === 'snapshot' && id === containerId)) return number;
  }
  throw new Error(`no folder of a snapshot is that of container ${containerId}`);
}

/** A command of a document, with all that it prints and its exit code. */
export type Shown = { readonly args: readonly string[]; readonly text: string };

const BLOCK = /^```\n\$ ctrscope (.*)\n([\s\S]*?)^```$/gm;

/** The blocks of a document that ask the disk something. */
export const shownIn = (markdown: string): Shown[] =>
  [...markdown.matchAll(BLOCK)]
    .map(([, args = '', text = '']) => ({ args: args.split(' '), text }))
    .filter(({ args }) => args.includes(SHOWN_ROOT));

/** The same commands asked of this host, whose objects have other ids. */
export const asked = async (shown: readonly Shown[], host: StoppedHost): Promise<Shown[]> => {
  const answers: Shown[] = [];
  for (const { args, text } of shown) {
    const own = args.map((arg) => ownWord(arg, host));
    const [file, all] = command(own.map((arg) => arg.replaceAll(SHOWN_ROOT, host.root)));
    // Both streams into one, as a terminal has them.
    const { stdout, exitCode } = await execa('sh', ['-c', 'exec "$@" 2>&1', 'sh', file, ...all], {
      env: programEnvironment({ env: {} }),
      reject: false,
    });
    const end = text.includes('$ echo $?') ? `$ echo $?\n${exitCode}\n` : '';
    answers.push({ args: own, text: `${shortened(stdout)}\n${end}` });
  }
  return answers;
};

/** The document with these answers in the place of its own. */
export const withAnswers = (markdown: string, answers: readonly Shown[]): string => {
  const left = [...answers];
  return markdown.replaceAll(BLOCK, (block, args: string) => {
    if (!args.split(' ').includes(SHOWN_ROOT)) return block;
    const answer = left.shift();
    return answer === undefined
      ? block
      : `\`\`\`\n$ ctrscope ${answer.args.map(shellWord).join(' ')}\n${answer.text}\`\`\``;
  });
};

/** Lines without what differs from one host, or one moment, to the next; in an order that does not hang on ids. */
export const stableLines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) =>
      line
        .replace(/lab-[0-9a-f]{6}/g, 'lab-TAG')
        .replace(/\b[0-9a-f]{64}\b/g, 'HEX')
        .replace(/snapshots\/\d+|folder \d+/g, 'FOLDER')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replace(/\b([\d.]+(ms|[smhd]))+\b/g, 'AGE')
        .replace(/\b[\d.]+ ([KMG]i)?B\b/g, 'SIZE')
        .replace(/ +/g, ' ')
        .trim(),
    )
    .toSorted();

const ownWord = (word: string, host: StoppedHost): string =>
  word
    .replace(/snapshots\/\d+/, `snapshots/${host.snapshotFolder}`)
    .replace(/(?<!sha256:)\b[0-9a-f]{64}\b/, host.containerId);

/** Lines of one kind that are shown. */
const MOST_ALIKE = 2;

// A document is to be read: how long each facet took is left out, and so is the same sentence about object after object.
function shortened(text: string): string {
  const lines = text.replace(/\n\nTIMINGS\n[\s\S]*$/, '').split('\n');
  const isAlike = (line: string): boolean => line.startsWith('ctrscope: unknown: snapshot ');
  const alike = lines.filter(isAlike);
  if (alike.length <= MOST_ALIKE) return lines.join('\n');
  const last = alike[MOST_ALIKE - 1];
  return lines
    .filter((line) => !isAlike(line) || alike.indexOf(line) < MOST_ALIKE)
    .flatMap((line) =>
      line === last ? [line, `(and ${alike.length - MOST_ALIKE} more of the same kind)`] : [line],
    )
    .join('\n');
}
