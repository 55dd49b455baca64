/**
 * Ratios of DESIGN's speed targets, each pair measured in turns within one run: what is compared drifts together, so the
 * ratio holds on a noisy machine where single times do not. Prints a table; judges nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { importSingleImage } from '../lab/images.ts';
import { type Lab, startLab } from '../lab/lab.ts';

const NAMESPACES = 3;
const CONTAINERS = 300;
const RUNNING = 12;
const program = fileURLToPath(new URL('../../dist/ctrscope.cjs', import.meta.url));

interface Row {
  readonly what: string;
  readonly against: string;
  readonly ours: number;
  readonly theirs: number;
  readonly target: string;
}

const scratch = await mkdtemp(join(tmpdir(), 'ctrscope-bench-'));
await using lab = await startLab({ suite: 'bookworm' });
try {
  process.stderr.write(`filling a containerd with ${CONTAINERS} containers in ${NAMESPACES} namespaces\n`);
  const namespaces = await fill(lab);
  const oneCall = await bundledCall();
  const ctr = (args: string): string => `ctr -a ${lab.address} ${args}`;
  const rows: Row[] = [
    pair(
      '--version',
      'node -e 0',
      node(program, '--version'),
      [process.execPath, '-e', '0'],
      'at most + 25 ms',
    ),
    pair(
      'get namespaces',
      'a bundled script, one grpc-js call',
      node(program, '-a', lab.address, 'get', 'namespaces'),
      node(oneCall, lab.address),
      'at most + 60 ms',
    ),
    pair(
      `get containers (${CONTAINERS})`,
      'ctr: ns ls, then c ls and t ls of each',
      node(program, '-a', lab.address, 'get', 'containers', '-o', 'json'),
      shell([ctr('ns ls'), ...namespaces.flatMap((n) => [ctr(`-n ${n} c ls`), ctr(`-n ${n} t ls`)])]),
      'ratio at most 1',
    ),
    pair(
      `inspect --all (${CONTAINERS})`,
      'ctr: c info of each',
      node(program, '-a', lab.address, 'inspect', '--all', '-o', 'json'),
      shell(
        namespaces.map((n) => `for c in $(${ctr(`-n ${n} c ls -q`)}); do ${ctr(`-n ${n} c info $c`)}; done`),
      ),
      'ratio at most 0.1',
      3,
    ),
  ];
  print(rows);
  // These need no daemon; each ends with a row of this table.
  for (const bench of ['bolt.ts', 'verify.ts']) process.stdout.write(`${lastLine(bench)}\n`);
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function fill(into: Lab): Promise<string[]> {
  const names = Array.from({ length: NAMESPACES }, (_, i) => `${into.namespace}-${i}`);
  for (const namespace of names) {
    const image = await importSingleImage(into, namespace);
    for (let i = 0; i < CONTAINERS / NAMESPACES; i += 1) {
      const command = i < RUNNING / NAMESPACES ? ['run', '-d'] : ['containers', 'create'];
      await into.ctr([...command, image, `bench-${i}`, '/bin/sleep', '3600'], { namespace });
    }
  }
  return names;
}

// What the least possible program of our kind costs: grpc-js in a bundle, one call, no argument parsing.
async function bundledCall(): Promise<string> {
  const outfile = join(scratch, 'one-call.cjs');
  await writeFile(
    join(scratch, 'one-call.js'),
    `const { Client, credentials } = require('@grpc/grpc-js');
     const client = new Client('unix:' + process.argv[2], credentials.createInsecure());
     client.makeUnaryRequest('/containerd.services.namespaces.v1.Namespaces/List', (b) => b, (b) => b, Buffer.alloc(0),
       (error, bytes) => { if (error) throw error; console.log(bytes.length); client.close(); });`,
  );
  await build({
    entryPoints: [join(scratch, 'one-call.js')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    nodePaths: [fileURLToPath(new URL('../../node_modules', import.meta.url))],
    logLevel: 'error',
  });
  return outfile;
}

function node(...args: string[]): string[] {
  return [process.execPath, ...args];
}

function shell(commands: readonly string[]): string[] {
  return ['/bin/sh', '-c', commands.join('\n')];
}

function pair(
  what: string,
  against: string,
  ours: readonly string[],
  theirs: readonly string[],
  target: string,
  runs: number = 15,
): Row {
  const times: { readonly ours: number[]; readonly theirs: number[] } = { ours: [], theirs: [] };
  once(ours);
  once(theirs);
  for (let i = 0; i < runs; i += 1) {
    times.ours.push(once(ours));
    times.theirs.push(once(theirs));
  }
  return { what, against, ours: median(times.ours), theirs: median(times.theirs), target };
}

function once([command = '', ...args]: readonly string[]): number {
  const started = performance.now();
  const run = spawnSync(command, args, { env: { ...process.env, ...lab.env }, maxBuffer: 1 << 30 });
  if (run.status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${run.status}: ${run.stderr}`);
  return performance.now() - started;
}

function lastLine(bench: string): string {
  const run = spawnSync(process.execPath, [join(import.meta.dirname, bench)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (run.status !== 0) throw new Error(`${bench}: exit ${run.status}`);
  return run.stdout.trimEnd().split('\n').at(-1) ?? '';
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

function print(rows: readonly Row[]): void {
  process.stdout.write('| what | against | ours ms | theirs ms | difference | ratio | target |\n');
  process.stdout.write('| --- | --- | --: | --: | --: | --: | --- |\n');
  for (const { what, against, ours, theirs, target } of rows) {
    const cells = [
      ours.toFixed(0),
      theirs.toFixed(0),
      `${(ours - theirs).toFixed(0)}`,
      (ours / theirs).toFixed(2),
    ];
    process.stdout.write(`| ${what} | ${against} | ${cells.join(' | ')} | ${target} |\n`);
  }
}
