/**
 * What the terminal UI costs on a real containerd: first paint, key to frame, CPU and memory while nobody touches it.
 *
 *     npm run bench:ui -- [CONTAINERS] [IDLE MINUTES]      by default 1000 and 10
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';

import { importSingleImage } from '../lab/images.ts';
import { startLab } from '../lab/lab.ts';
import { until } from '../lab/until.ts';

const [containers = 1000, minutes = 10] = process.argv.slice(2).map(Number);
const RUNNING = 12;
const KEYS = 200;
const [COLUMNS, ROWS] = [160, 50];
const program = fileURLToPath(new URL('../../dist/ctrscope.cjs', import.meta.url));

const scratch = await mkdtemp(join(tmpdir(), 'ctrscope-bench-ui-'));
await using lab = await startLab({ suite: 'trixie' });
process.stderr.write(`filling a containerd with ${containers} containers, ${RUNNING} of them running\n`);
const image = await importSingleImage(lab, lab.namespace);
for (let i = 0; i < containers; i += 1) {
  const command = i < RUNNING ? ['run', '-d'] : ['containers', 'create'];
  await lab.ctr([...command, image, `bench-${i}`, '/bin/sleep', '36000']);
}

// `script` makes the terminal; what is written to it is kept, and when.
const pidFile = join(scratch, 'pid');
const command = `stty rows ${ROWS} cols ${COLUMNS}; echo $$ > ${pidFile}; exec '${process.execPath}' '${program}' -a '${lab.address}'`;
const child = spawn('script', ['-qec', command, '/dev/null'], {
  env: { ...process.env, ...lab.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', CI: 'true' },
  stdio: ['pipe', 'pipe', 'ignore'],
});
try {
  const started = performance.now();
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  let paintedAt = started;
  child.stdout.on('data', (chunk: Buffer) => {
    paintedAt = performance.now();
    terminal.write(chunk);
  });
  const isWhole = (): true | undefined => {
    const buffer = terminal.buffer.active;
    const lines = Array.from({ length: ROWS }, (_, y) => buffer.getLine(y)?.translateToString(true) ?? '');
    return lines.some((line) => line.includes(`Containers ${containers}`)) ? true : undefined;
  };
  await until('the list is painted', isWhole, { deadlineMs: 60_000, everyMs: 1 });
  const firstPaint = paintedAt - started;
  const pid = Number(await readFile(pidFile, 'utf8'));

  const times: number[] = [];
  for (let i = 0; i < KEYS; i += 1) {
    await pause(120); // so that no picture of a snapshot is taken for the key's
    const pressed = performance.now();
    child.stdin.write(i % 20 === 19 ? 'g' : 'j');
    await until('the key is painted', () => (paintedAt > pressed ? true : undefined), { everyMs: 0 });
    times.push(paintedAt - pressed);
  }
  times.sort((a, b) => a - b);
  const percentile = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;

  const before = await cpuSeconds(pid);
  const from = performance.now();
  await pause(minutes * 60_000);
  const seconds = (performance.now() - from) / 1000;
  const share = ((await cpuSeconds(pid)) - before) / seconds;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const rows: readonly (readonly [string, string])[] = [
    ['containers', String(containers)],
    ['first paint', `${firstPaint.toFixed(0)} ms`],
    [
      `key to frame, ${KEYS} keys`,
      `p50 ${percentile(0.5).toFixed(1)} ms, p99 ${percentile(0.99).toFixed(1)} ms`,
    ],
    [`CPU, idle for ${minutes} min`, `${(share * 100).toFixed(2)} % of a core`],
    ['resident memory', `${mebibytes(status, 'VmRSS')} MiB, at most ${mebibytes(status, 'VmHWM')} MiB`],
  ];
  process.stdout.write('| what | |\n| --- | --- |\n');
  for (const [what, value] of rows) process.stdout.write(`| ${what} | ${value} |\n`);
} finally {
  child.stdin.write('q');
  child.kill();
  await rm(scratch, { recursive: true, force: true });
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime, proc(5); the unit is USER_HZ, 100 on every Linux that matters.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function mebibytes(status: string, key: string): string {
  const [, kib] = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status) ?? [];
  return (Number(kib) / 1024).toFixed(0);
}
