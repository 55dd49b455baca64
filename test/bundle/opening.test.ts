/** The program with bundles that were touched, that want all memory, and that are none. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import {
  archiveOf,
  changed,
  entry,
  fileOf,
  filesIn,
  opened,
  rebuilt,
  SAMPLE,
  scratch,
  tarOf,
  whole,
} from './bundles.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/ctrscope.cjs');
const TASKS = 'host/containerd.tasks.jsonl';

describe('a bundle that was touched', () => {
  test('opens, and says which files are not what they were', async () => {
    const touched = new Map(await filesIn(SAMPLE));
    touched.set('report.md', 'all is well\n');
    touched.set('notes.txt', 'mine\n');
    touched.delete('inventory/tasks.json');
    const recorded = await opened(await rebuilt(touched));
    expect(recorded.altered).toEqual([
      'report.md is not what it was',
      'inventory/tasks.json is missing',
      'notes.txt was added',
    ]);
    expect((await whole(recorded)).facets['containerd.tasks']?.state).toBe('seen');
  });

  test('opens when somebody has unpacked and packed it again', async () => {
    const directory = scratch();
    execFileSync('tar', ['-xzf', SAMPLE, '-C', directory]);
    const again = join(scratch(), 'again.tar.gz');
    execFileSync('tar', ['-czf', again, '-C', directory, '.']);
    const recorded = await opened(again);
    expect(recorded.altered).toEqual([]);
    expect(await whole(recorded)).toEqual(await whole(await opened(SAMPLE)));
  });

  test('is said on stderr, and answers all the same', async () => {
    const path = await changed(SAMPLE, 'report.md', () => 'all is well\n', false);
    const answer = await program(['--bundle', path, 'get', 'namespaces', '-q']);
    expect(answer.exitCode).toBe(0);
    expect(answer.stdout).toBe('blog\nmoby\nshop\nstorage\n');
    expect(answer.stderr).toContain('altered since capture');
    expect(answer.stderr).toContain('report.md is not what it was');
  });
});
describe('memory', () => {
  const bombs: readonly (readonly [title: string, make: () => Promise<string> | string, says: RegExp])[] = [
    ['a gibibyte of zeros', () => zeros(1024), /500 times its size|more than 256/],
    [
      'a gibibyte in small files',
      async () => fileOf(gzipSync(await smallFiles())),
      /500 times|more than 256/,
    ],
    [
      'a line of 60 MiB',
      () => changed(SAMPLE, TASKS, () => `${randomText(60 << 20)}\n`),
      /longer than 8\.0 MiB/,
    ],
  ];

  test.for(bombs)('stays bounded with %s', { timeout: 60_000 }, async ([, make, says]) => {
    const path = await make();
    const { stdout, stderr, exitCode } = await execa(
      process.execPath,
      ['--import', measuring, PROGRAM, '--bundle', path, 'get', 'tasks'],
      { reject: false },
    );
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(says);
    const peak = Number(/peak (\d+) KiB/.exec(stderr)?.[1]);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(250 * 1024);
  });
});

describe('the program', () => {
  test.for([['get', 'tasks'], ['inspect', '--all'], ['report'], ['doctor'], ['get', 'images', '-o', 'json']])(
    'refuses a bad bundle with exit code 1 and one line: %s',
    async (args) => {
      for (const path of [fileOf('hello'), join(scratch(), 'none'), await archiveOf([entry('../x', 'y')])]) {
        const answer = await program(['--bundle', path, ...args]);
        expect(answer).toMatchObject({ exitCode: 1, stdout: '' });
        expect(answer.stderr.trim().split('\n')).toHaveLength(1);
        expect(answer.stderr).toMatch(/^ctrscope: \S+: it |^ctrscope: \S+: there is no such file/);
        expect(existsSync(join(process.cwd(), '..', 'x'))).toBe(false);
      }
    },
  );

  test('opens one bundle or disk at a time, and no live host beside it', async () => {
    for (const [args, says] of [
      [['--bundle', SAMPLE, '-a', '/run/x.sock', 'get', 'tasks'], /one of them/],
      [['--bundle', SAMPLE, 'api', 'list'], /api has no use for --bundle/],
      [['--bundle', SAMPLE, 'bundle', 'create'], /bundle create has no use for --bundle/],
      [['--bundle', SAMPLE, 'bundle', 'open', SAMPLE], /bundle open has no use for --bundle/],
      [
        ['--root', '/', '-a', '/run/x.sock', 'get', 'tasks'],
        /--address names .*, --root a disk: one of them/,
      ],
      [['--root', '/', '--bundle', SAMPLE, 'get', 'tasks'], /--bundle .*, --root a disk: one of them/],
      [['--root', '/', 'events'], /events has no use for --root/],
      [['--root', '/', 'api', 'list'], /api has no use for --root/],
      [['--root', '/', 'bundle', 'open', SAMPLE], /bundle open has no use for --root/],
    ] as const) {
      const answer = await program(args);
      expect(answer.exitCode, args.join(' ')).toBe(2);
      expect(answer.stderr).toMatch(says);
    }
  });
});

async function program(
  args: readonly string[],
): Promise<{ stdout: string; stderr: string; exitCode: number | undefined }> {
  const { stdout, stderr, exitCode } = await execa(process.execPath, [PROGRAM, ...args], {
    reject: false,
    stdin: 'ignore',
    stripFinalNewline: false,
    env: { CONTAINERD_NAMESPACE: undefined, FORCE_COLOR: undefined },
  });
  return { stdout, stderr, exitCode };
}

// The peak that the kernel counts for a program starts with that of whoever started it; this one does not.
const measuring = `data:text/javascript,${encodeURIComponent(
  `import { readFileSync } from 'node:fs';
   process.on('exit', () => process.stderr.write('peak ' + /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] + ' KiB\\n'));`,
)}`;

function zeros(mebibytes: number): string {
  const path = join(scratch(), 'zeros.gz');
  mkdirSync(join(path, '..'), { recursive: true });
  execFileSync('sh', ['-c', `head -c ${mebibytes}M /dev/zero | gzip -1 > "$0"`, path]);
  const link = `${path}.tar.gz`;
  symlinkSync(path, link);
  return link;
}

async function smallFiles(): Promise<Buffer> {
  return tarOf(Array.from({ length: 5 }, (_, i) => entry(`f${i}`, Buffer.alloc(60 << 20))));
}

function randomText(length: number): string {
  // Random enough to stay below the ratio, and quickly made.
  const block = Array.from({ length: 4096 }, () => Math.random().toString(36).slice(2)).join('');
  return block.repeat(Math.ceil(length / block.length)).slice(0, length);
}
