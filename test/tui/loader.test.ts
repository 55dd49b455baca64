/** When what is shown is read again, by a clock that the test holds. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { wantedComparison } from '../../src/tui/comparison-loader.ts';
import { createLoader, type Loader, type Wish } from '../../src/tui/loader.ts';
import { initialState } from '../../src/tui/model.ts';
import type { Program } from '../../src/tui/program.ts';
import { hostOf } from './hosts.ts';

const STATE = initialState({ size: { columns: 80, rows: 24 }, title: { host: 'h', address: '/a' } }, 0);

let wish: Wish | undefined;
let told: () => void;
let reads: number[];
let readingMs: number;
let loader: Loader;

beforeEach(() => {
  vi.useFakeTimers();
  reads = [];
  readingMs = 0;
  wish = undefined;
  const program: Program = {
    state: () => STATE,
    send: () => undefined,
    stop: () => undefined,
    subscribe: (listener) => {
      told = listener;
      return () => undefined;
    },
  };
  loader = createLoader(
    program,
    () => wish,
    () => {
      reads.push(performance.now());
      return new Promise((resolve) => {
        setTimeout(resolve, readingMs);
      });
    },
  );
});

afterEach(() => {
  loader.stop();
  vi.useRealTimers();
});

const wished = (next: Wish | undefined): void => {
  wish = next;
  told();
};
const after = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

test('an arrow key that is held asks once, for where it stops', async () => {
  for (const key of ['a', 'b', 'c']) {
    wished({ key });
    await after(100);
  }
  expect(reads).toHaveLength(0);
  await after(50);
  expect(reads).toHaveLength(1);
});

test('what changed is read again five seconds after the last reading, and not before', async () => {
  wished({ key: 'a', basis: [1] });
  await after(150);
  expect(reads).toHaveLength(1);
  wished({ key: 'a', basis: [2] });
  await after(4990);
  wished({ key: 'a', basis: [3] });
  expect(reads).toHaveLength(1);
  await after(20);
  expect(reads).toHaveLength(2);
  await after(60_000);
  expect(reads).toHaveLength(2);
});

test('a reading that takes long rests ten times as long', async () => {
  readingMs = 2000;
  wished({ key: 'a', basis: [1] });
  await after(150);
  wished({ key: 'a', basis: [2] });
  await after(2000 + 19_990);
  expect(reads).toHaveLength(1);
  await after(20);
  expect(reads).toHaveLength(2);
});

test('who answers again is asked five seconds later, though the last reading waited long', async () => {
  readingMs = 4000;
  wished({ key: 'a', basis: [1], answering: 'timeout' });
  await after(4150);
  wished({ key: 'a', basis: [2], answering: 'timeout' });
  await after(1000);
  wished({ key: 'a', basis: [3], answering: 'seen' });
  await after(3990);
  expect(reads).toHaveLength(1);
  await after(20);
  expect(reads).toHaveLength(2);
});

test('another object is read at once, and the same by r', async () => {
  readingMs = 10_000;
  wished({ key: 'a', basis: [1] });
  await after(150);
  wished({ key: 'b', basis: [1] });
  await after(150);
  expect(reads).toHaveLength(2);
  await after(10_000);
  loader.reload();
  await after(150);
  expect(reads).toHaveLength(3);
});

test('nothing is read when nothing is wanted any more, nor after the end', async () => {
  wished({ key: 'a', basis: [1] });
  wished(undefined);
  await after(10_000);
  expect(reads).toHaveLength(0);
  wished({ key: 'a', basis: [1] });
  loader.stop();
  await after(10_000);
  expect(reads).toHaveLength(0);
});

test("Docker's files are looked at every thirty seconds, of a live host only", () => {
  const at = (now: number, host: HostSnapshot = hostOf({})): unknown =>
    wantedComparison({ ...STATE, view: 'reconcile', now, shown: { host, receivedAt: 0 } })?.basis?.[0];
  expect(at(29_999)).toBe(at(0));
  expect(at(30_000)).not.toBe(at(29_999));
  const recorded: HostSnapshot = { ...hostOf({}), from: 'bundle' };
  expect(at(30_000, recorded)).toBe(at(0, recorded));
});
