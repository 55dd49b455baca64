/**
 * `verify --full` against sha256sum over the same blobs, one process for each core: `node test/bench/verify.ts [MIB]`. The
 * program is bundled as in dist/; only its two facets come from a folder, so that no daemon's work is measured. Both read
 * from the kernel's cache, in turns. Prints a table; judges nothing.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { blobFiles, putBlob } from '../content/store.ts';

const RUNS = 7;
const mib = Number(process.argv[2] ?? 512);

const scratch = await mkdtemp(join(tmpdir(), 'ctrscope-bench-'));
try {
  const root = join(scratch, 'store');
  mkdirSync(root);
  // As images are: a few large layers, some of medium size, and many small manifests and configs.
  const sizes = [
    ...Array.from({ length: 4 }, () => mib / 8),
    ...Array.from({ length: 16 }, () => mib / 32),
    ...Array.from({ length: 300 }, () => 4 / 1024),
  ];
  const records = sizes.map((size) => {
    const bytes = randomBytes(size * (1 << 20));
    return { namespace: 'bench', digest: putBlob(root, bytes), size: bytes.length };
  });
  writeFileSync(join(root, 'records.json'), JSON.stringify(records));

  const program = join(scratch, 'verify.cjs');
  await build({
    entryPoints: {
      verify: join(import.meta.dirname, '../content/verify-main.ts'),
      'hash-worker': join(import.meta.dirname, '../../src/sources/content/hash-worker.ts'),
    },
    outdir: scratch,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    define: { 'import.meta.url': '"file:///"', __VERSION__: '"bench"' },
    logLevel: 'error',
  });

  // The largest first and dealt out in turns: no core is idle for long.
  const cores = availableParallelism();
  const files = blobFiles(root).toSorted((a, b) => Number(b.size - a.size));
  const hands = Array.from({ length: cores }, (_, core) =>
    files.flatMap(({ path }, i) => (i % cores === core ? [path] : [])),
  );
  const script = `${hands.map((hand) => `sha256sum ${hand.join(' ')} > /dev/null &`).join('\n')}\nwait\n`;
  writeFileSync(join(scratch, 'sha256sum.sh'), script);

  const ours = (): number => once(process.execPath, [program, root, '--full']);
  const theirs = (): number => once('/bin/sh', [join(scratch, 'sha256sum.sh')]);
  ours();
  theirs();
  const runs = Array.from({ length: RUNS }, () => ({ ours: ours(), theirs: theirs() }));
  const [our, their] = [median(runs.map((run) => run.ours)), median(runs.map((run) => run.theirs))];
  const what = `verify --full (${files.length} blobs, ${mib} MiB and more, ${cores} cores)`;
  process.stdout.write('| what | against | ours ms | theirs ms | difference | ratio | target |\n');
  process.stdout.write('| --- | --- | --: | --: | --: | --: | --- |\n');
  process.stdout.write(
    `| ${what} | sha256sum, one process per core | ${our.toFixed(0)} | ${their.toFixed(0)} | ${(our - their).toFixed(0)} | ${(our / their).toFixed(2)} | ratio at most 1 |\n`,
  );
} finally {
  await rm(scratch, { recursive: true, force: true });
}

function once(command: string, args: readonly string[]): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}: ${stderr}`);
  return performance.now() - started;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
