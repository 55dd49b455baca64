/** The space of new objects, of which most is garbage, in a process of its own. What the old space saves, bench:ui shows. */
import { execa } from 'execa';
import { expect, test } from 'vitest';

const MODULE = new URL('../../src/cli/small-heap.ts', import.meta.url).href;
// What a screen does: objects that live for a few frames, so that collections find survivors.
const PROGRAM = `
  const { getHeapSpaceStatistics } = await import('node:v8');
  if (process.argv.includes('bounded')) (await import(${JSON.stringify(MODULE)})).keepHeapSmall();
  const frames = [];
  for (let i = 0; i < 400; i += 1) {
    frames.push(Array.from({ length: 20_000 }, (_, n) => ({ n })));
    if (frames.length > 12) frames.shift();
    if (i % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  process.stdout.write(String(getHeapSpaceStatistics().find((s) => s.space_name === 'new_space').space_size));
`;

const newSpace = async (...args: readonly string[]): Promise<number> => {
  const { stdout } = await execa(process.execPath, [
    '--input-type=module',
    '-e',
    PROGRAM,
    'new-space',
    ...args,
  ]);
  return Number(stdout) / 1024 / 1024;
};

test('it grows to what is enough and not, as it would, to many times that', async () => {
  expect(await newSpace()).toBeGreaterThan(36);
  expect(await newSpace('bounded')).toBeLessThanOrEqual(36);
});
