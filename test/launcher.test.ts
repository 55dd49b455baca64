/** The launcher keeps the code that V8 has compiled, where nobody but the user can write. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KINDS } from '../src/host/kinds/index.ts';

const DIST = join(import.meta.dirname, '../dist');
const PROGRAM = join(DIST, 'ctrscope.cjs');
const LAUNCHER = readFileSync(join(import.meta.dirname, '../scripts/launcher.cjs'), 'utf8');

// Without a terminal and a command it is the report.
const KEPT = 'cli-report-version';

describe.skipIf(!existsSync(PROGRAM))('compiled code', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'ctrscope-launcher-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const run = (...args: readonly string[]) =>
    execa(process.execPath, [PROGRAM, ...args], {
      env: { XDG_CACHE_HOME: home },
      extendEnv: true,
      reject: false,
    });
  const folder = (): string => {
    const all = join(home, 'ctrscope');
    const [build = ''] = readdirSync(all);
    return join(all, build);
  };

  test('is kept by a run that did its work, for the user alone, and taken by the next', async () => {
    const first = await run('--version');
    const file = join(folder(), KEPT);
    expect(readdirSync(folder())).toEqual([KEPT]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    const { ino } = statSync(file);
    expect((await run('--version')).stdout).toBe(first.stdout);
    expect(statSync(file).ino).toBe(ino); // Neither refused nor written anew.
  });

  test('is not kept by a run that failed', async () => {
    expect((await run('get', 'nonsense')).exitCode).toBe(2);
    expect(existsSync(join(home, 'ctrscope'))).toBe(false);
  });

  test('of other builds is removed when it is old, and nothing else', async () => {
    const monthAgo = new Date(Date.now() - 30 * 86_400_000);
    const [old, young] = ['0123456789abcdef-v20.19.0-x64', 'fedcba9876543210-v24.0.0-x64'];
    for (const name of [old, young, 'notes']) {
      mkdirSync(join(home, 'ctrscope', name), { recursive: true, mode: 0o700 });
      if (name !== young) utimesSync(join(home, 'ctrscope', name), monthAgo, monthAgo);
    }
    await run('--version');
    const names = readdirSync(join(home, 'ctrscope'));
    expect(names).toHaveLength(3);
    expect(names).toEqual(expect.arrayContaining([young, 'notes']));
  });

  test.for([
    ['of something else', () => Buffer.from('not what V8 has written')],
    ['empty', () => Buffer.alloc(0)],
    ['cut short', (kept) => kept.subarray(0, kept.length / 2)],
    // A disk that was full, or lost its power: V8 crashes on these.
    ['zeros after its first page', (kept) => kept.fill(0, 4096)],
    ['altered in places', (kept) => kept.map((byte, i) => (i > 5000 && i % 997 === 0 ? byte ^ 0x55 : byte))],
  ] as const satisfies readonly (readonly [string, (kept: Buffer) => Uint8Array])[])(
    'that is %s is compiled anew',
    async ([, damaged]) => {
      const { stdout } = await run('--version');
      const file = join(folder(), KEPT);
      const kept = readFileSync(file);
      writeFileSync(file, damaged(Buffer.from(kept)));
      expect(await run('--version')).toMatchObject({ exitCode: 0, stdout });
      expect(statSync(file).size).toBeGreaterThan(100_000);
    },
  );

  test('that cannot take its place leaves nothing behind', async () => {
    await run('--version');
    rmSync(join(folder(), KEPT));
    mkdirSync(join(folder(), KEPT));
    expect((await run('--version')).exitCode).toBe(0);
    expect(readdirSync(folder())).toEqual([KEPT]);
  });

  test.skipIf(process.geteuid?.() !== 0)("is not kept in another user's home, as under sudo", async () => {
    chownSync(home, 65_534, 65_534);
    const { exitCode } = await execa(process.execPath, [PROGRAM, '--version'], {
      env: { HOME: home, XDG_CACHE_HOME: '' },
      extendEnv: true,
    });
    expect({ exitCode, left: readdirSync(home) }).toEqual({ exitCode: 0, left: [] });
  });

  describe('of somebody else', () => {
    beforeEach(async () => {
      await run('--version');
      writeFileSync(join(folder(), KEPT), foreignCode());
    });

    test('would be run, if it were ours', async () => {
      expect((await run('--version')).stdout).toBe('foreign');
    });

    test.for([
      ['a file that others can write to', () => chmodSync(join(folder(), KEPT), 0o666)],
      ['a folder that others can write to', () => chmodSync(folder(), 0o777)],
      ['a folder above it that others can write to', () => chmodSync(join(home, 'ctrscope'), 0o777)],
      [
        'a link',
        () => {
          const elsewhere = join(home, 'elsewhere');
          writeFileSync(elsewhere, readFileSync(join(folder(), KEPT)));
          rmSync(join(folder(), KEPT));
          symlinkSync(elsewhere, join(folder(), KEPT));
        },
      ],
    ] as const)('is not run from %s', async ([, make]) => {
      make();
      const { exitCode, stdout } = await run('--version');
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    });
  });

  // V8 takes code for any source of the length that it was compiled from.
  function foreignCode(): Buffer {
    const wrap = '(function(exports,require,module,__filename,__dirname){\n})'.length;
    const length = readFileSync(join(DIST, 'cli.cjs'), 'latin1').length + wrap;
    const source = `(function(){process.stdout.write('foreign')})`;
    const script = `const { Script } = require('node:vm');
      const script = new Script(${JSON.stringify(source)}.padEnd(${length}));
      const data = script.createCachedData();
      const sum = Buffer.alloc(4);
      sum.writeUInt32LE(require('node:zlib').crc32(data));
      process.stdout.write(Buffer.concat([data, sum]));`;
    return execFileSync(process.execPath, ['-e', script]);
  }
});

test.for(KINDS.map(({ name }) => name).filter((name) => name !== 'reconcile'))(
  'the launcher keeps code for get %s by itself',
  (name) => {
    expect(LAUNCHER).toMatch(new RegExp(`KINDS = .*\\b${name}\\b`));
  },
);
