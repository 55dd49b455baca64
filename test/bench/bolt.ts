/**
 * Reading a meta.db of 100,000 objects against the Go bbolt library walking the same file: `node test/bench/bolt.ts [OBJECTS]`.
 * Each measurement is a fresh process, the two in turns, the file in the kernel's cache; both visit every bucket, key and
 * value once and count the same. Prints a table; judges nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { provideReference } from '../bolt/reference.ts';

const RUNS = 11;
const objects = Number(process.argv[2] ?? 100_000);

interface Run {
  /** Opening and walking, as the program itself has measured. */
  readonly inside: number;
  /** From start to exit. */
  readonly whole: number;
  /** Of the processor. */
  readonly cpu: number;
  readonly maxRssMiB: number;
  readonly counted: string;
}

const scratch = await mkdtemp(join(tmpdir(), 'ctrscope-bench-'));
try {
  const reference = await provideReference();
  const file = join(scratch, 'meta.db');
  // Every image of this kind of file comes with a blob: two objects.
  spawnSync(reference, ['make', 'images', file, String(objects / 2)], { stdio: 'inherit' });
  const size = (await stat(file)).size;
  const bundle = join(scratch, 'bolt-walk.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, '../bolt/read-whole.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'error',
  });
  const go = (): Run => run(reference, ['walk', file, '1']);
  const walk = (): Run => run(process.execPath, [bundle, 'walk', file]);
  const objectsOf = (): Run => run(process.execPath, [bundle, 'objects', file]);
  go();
  const runs = Array.from({ length: RUNS }, () => ({ go: go(), walk: walk(), objects: objectsOf() }));
  const column = (name: 'go' | 'walk' | 'objects', value: keyof Omit<Run, 'counted'>): number =>
    median(runs.map((each) => each[name][value]));
  const [first] = runs;
  if (first === undefined || first.go.counted !== first.walk.counted) {
    throw new Error(`not the same was read: ${first?.go.counted} and ${first?.walk.counted}`);
  }
  process.stdout.write(
    `${objects} objects, ${(size / 2 ** 20).toFixed(0)} MiB; keys, buckets, bytes: ${first.go.counted}; median of ${RUNS}\n`,
  );
  for (const [name, value] of [
    ['open and walk, ms', 'inside'],
    ['whole process, ms', 'whole'],
    ['processor time, ms', 'cpu'],
    ['resident at most, MiB', 'maxRssMiB'],
  ] as const) {
    const [theirs, ours, read] = [column('go', value), column('walk', value), column('objects', value)];
    const ratio = (ours / theirs).toFixed(2);
    const target = value === 'inside' ? '  (target: at most 1.5)' : '';
    process.stdout.write(
      `${name.padEnd(22)}  Go ${fixed(theirs)}  ours ${fixed(ours)}  ratio ${ratio}${target}  ours, as objects ${fixed(read)}\n`,
    );
  }
  // As the tables of the other benches.
  const [theirs, ours] = [column('go', 'inside'), column('walk', 'inside')];
  process.stdout.write(
    `| meta.db, ${objects} objects: open and walk | Go bbolt, the same file | ${ours.toFixed(0)} | ${theirs.toFixed(0)} | ${(ours - theirs).toFixed(0)} | ${(ours / theirs).toFixed(2)} | ratio at most 1.5 |\n`,
  );
} finally {
  await rm(scratch, { recursive: true, force: true });
}

function run(program: string, args: readonly string[]): Run {
  const started = performance.now();
  const { stdout, status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  const whole = performance.now() - started;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  const words = stdout.trim().split(' ');
  const [inside = 0, cpu = 0, kib = 0] = words.slice(-3).map(Number);
  return {
    inside: inside / 1e6,
    whole,
    cpu: cpu / 1e6,
    maxRssMiB: kib / 1024,
    counted: words.slice(0, -3).join(' '),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function fixed(value: number): string {
  return value.toFixed(0).padStart(5);
}
