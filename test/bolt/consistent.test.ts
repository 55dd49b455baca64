import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readConsistently } from '../../src/bolt/consistent.ts';
import { BoltError } from '../../src/bolt/damage.ts';
import { type Database, openDatabase } from '../../src/bolt/database.ts';
import { until } from '../lab/until.ts';
import { buildFile, type FileSpec, fileBytes } from './build-file.ts';
import { describeReference, makeFile, provideReference, reference } from './reference.ts';
import { scratchFolder } from './scratch.ts';

const scratch = scratchFolder();

const VERSIONS: readonly FileSpec[] = [1n, 2n, 3n, 4n, 5n].map((txid) => ({
  root: 3,
  txids: [2n * txid, 2n * txid + 1n],
  pages: { 3: { leaf: [{ key: 'number', value: String(txid) }] } },
}));

/** Reads the one value, after changing the file as often as the test wants. */
function* number(database: Database, change: () => void): Generator<void, string> {
  const root = database.root();
  root.next();
  const value = root.valueText();
  yield;
  change();
  return value;
}

test('a file that does not change is read once', async () => {
  const path = buildFile(scratch('quiet.db'), VERSIONS[0] as FileSpec);
  expect(await readConsistently(path, (database) => number(database, () => {}))).toEqual({
    value: '1',
    txid: 3n,
    torn: false,
    tries: 1,
    salvaged: false,
    damage: [],
    unlisted: 0,
  });
});

test('a transaction that is finished meanwhile makes the file be read again', async () => {
  const path = buildFile(scratch('once.db'), VERSIONS[0] as FileSpec);
  let changes = 0;
  const change = (): void => {
    changes += 1;
    if (changes === 1) writeFileSync(path, fileBytes(VERSIONS[1] as FileSpec));
  };
  const { value, torn, tries, txid } = await readConsistently(path, (database) => number(database, change));
  expect({ value, torn, tries, txid }).toEqual({ value: '2', torn: false, tries: 2, txid: 5n });
});

test('a file that changes each time is read three times, and called torn', async () => {
  const path = buildFile(scratch('always.db'), VERSIONS[0] as FileSpec);
  let version = 0;
  const change = (): void => writeFileSync(path, fileBytes(VERSIONS[++version] as FileSpec));
  const { value, torn, tries } = await readConsistently(path, (database) => number(database, change));
  expect({ value, torn, tries }).toEqual({ value: '3', torn: true, tries: 3 });
});

test('damage that is met while the file changes is not blamed on the file', async () => {
  const path = buildFile(scratch('moving.db'), VERSIONS[0] as FileSpec);
  let version = 0;
  const read = readConsistently(path, function* (database) {
    yield;
    writeFileSync(path, fileBytes(VERSIONS[++version] as FileSpec));
    database.file.load(2, 77);
  });
  await expect(read).rejects.toMatchObject({ code: 'torn' });
  await expect(read).rejects.toThrow('the file changed during each of 3 readings');
});

test('a long reading can be given up', async () => {
  const path = buildFile(scratch('abort.db'), VERSIONS[0] as FileSpec);
  const controller = new AbortController();
  let closed = false;
  const read = readConsistently(
    path,
    function* () {
      try {
        for (;;) yield;
      } finally {
        closed = true;
      }
    },
    { signal: controller.signal },
  );
  setTimeout(() => controller.abort(new Error('enough')), 50);
  await expect(read).rejects.toThrow('enough');
  expect(closed).toBe(true);
});

test('others get their turn during a long reading', async () => {
  const path = buildFile(scratch('turns.db'), VERSIONS[0] as FileSpec);
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 5);
  await readConsistently(path, function* () {
    for (const end = performance.now() + 300; performance.now() < end; ) yield;
  });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(8);
});

test('the file is closed whatever happens', async () => {
  const path = buildFile(scratch('closed.db'), VERSIONS[0] as FileSpec);
  const opened: number[] = [];
  const open = (): number => {
    const fd = openSync(path, 'r');
    opened.push(fd);
    return fd;
  };
  const fail = function* (): Generator<void, never> {
    yield;
    throw new Error('reader at fault');
  };
  await expect(readConsistently({ path, open }, fail)).rejects.toThrow('reader at fault');
  writeFileSync(path, 'not a database');
  await expect(readConsistently({ path, open }, fail)).rejects.toThrow(BoltError);
  for (const fd of opened) expect(() => readFileSync(fd)).toThrow('EBADF');
});

describeReference('a file that the Go library writes with hardly a pause', () => {
  interface Writer extends AsyncDisposable {
    readonly process: ChildProcess;
    /** How many transactions it has finished, once it has ended. */
    readonly transactions: Promise<number>;
  }

  const startWriter = async (path: string, millis: number): Promise<Writer> => {
    const child = spawn(await provideReference(), ['write', path, String(millis)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = once(child, 'close');
    while (!said.includes('writing')) await pause(10);
    return {
      process: child,
      transactions: ended.then(() => Number(said.trim().split('\n').at(-1))),
      [Symbol.asyncDispose]: async () => {
        child.kill('SIGKILL');
        await ended;
      },
    };
  };

  /** The numbers that are in it; one, when it is of one transaction. */
  function* numbersOf(database: Database): Generator<void, { keys: number; numbers: ReadonlySet<string> }> {
    const bucket = database.bucket('numbers');
    const numbers = new Set<string>();
    let keys = 0;
    while (bucket?.next() === true) {
      keys += 1;
      numbers.add(bucket.value().subarray(0, 8).toString('hex'));
      yield;
    }
    return { keys, numbers };
  }

  test('is of one transaction whenever it is not called torn, and never stops the reader', async () => {
    const path = scratch('busy.db');
    await using writer = await startWriter(path, 4000);
    const seen = { whole: 0, torn: 0, damaged: 0 };
    const sizes = new Set<number>();
    for (const end = performance.now() + 3000; performance.now() < end; ) {
      sizes.add(statSync(path).size);
      try {
        const { value, torn, damage } = await readConsistently(path, numbersOf);
        if (torn) seen.torn += 1;
        else {
          seen.whole += 1;
          expect(damage).toEqual([]);
          expect([value.keys, value.numbers.size]).toEqual([60, 1]);
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'torn' });
        seen.damaged += 1;
      }
    }
    expect(await writer.transactions).toBeGreaterThan(100);
    expect(seen.whole).toBeGreaterThan(5);
    expect(sizes.size).toBeGreaterThan(1);
  });

  test('is read while it is locked, and our reading locks nobody out', async () => {
    const path = await makeFile('images', scratch('locked.db'), 100);
    {
      await using _writer = await startWriter(path, 60_000);
      const locks = readFileSync('/proc/locks', 'utf8')
        .split('\n')
        .filter((line) => line.includes(`:${statSync(path).ino} `));
      expect(locks).toEqual([expect.stringContaining('FLOCK  ADVISORY  WRITE')]);
      const { keys } = await until('a reading that no transaction disturbs', async () => {
        const { value, torn } = await readConsistently(path, numbersOf).catch(() => ({
          value: undefined,
          torn: true,
        }));
        return torn ? undefined : value;
      });
      expect(keys).toBe(60);
    }
    using database = openDatabase(path);
    expect(database.root().next()).toBe(true);
    // The library's exclusive lock would wait for any lock of ours, and gives up after five seconds.
    await expect(reference('write', path, '1')).resolves.toContain('writing');
    expect(readFileSync('/proc/locks', 'utf8')).not.toContain(`:${statSync(path).ino} `);
  });
});
