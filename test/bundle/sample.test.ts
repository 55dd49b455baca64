import { statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { WANTED_AT_ONCE } from '../../src/bundle/capture.ts';
import { facet } from '../../src/host/snapshot.ts';
import { filesIn, opened, SAMPLE, whole } from './bundles.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/ctrscope.cjs');

const report = async (
  args: readonly string[],
): Promise<{ stdout: string; stderr: string; exitCode?: number }> => {
  const { stdout, stderr, exitCode } = await execa(process.execPath, [PROGRAM, ...args], {
    reject: false,
    stdin: 'ignore',
    env: { CONTAINERD_ADDRESS: undefined, CONTAINERD_NAMESPACE: undefined, FORCE_COLOR: undefined },
  });
  return { stdout, stderr, ...(exitCode === undefined ? {} : { exitCode }) };
};

// A bundle stays readable: when this fails, it is the reading that has to change, not the sample.
test('the sample host opens, untouched, with every facet known', async () => {
  const recorded = await opened(SAMPLE);
  expect(recorded.altered).toEqual([]);
  const host = await whole(recorded);
  for (const name of WANTED_AT_ONCE) expect(['seen', 'absent'], name).toContain(facet(host, name).state);
  expect(facet(host, 'containerd.containers')).toMatchObject({ value: { gaps: [] } });
  const bodies = facet(host, 'containerd.bodies');
  expect(bodies.state === 'seen' ? bodies.value.items.length : 0).toBe(14);
});

test('the sample host is shown as a healthy one with containers in every state', async () => {
  const { stdout, exitCode } = await report(['bundle', 'open', SAMPLE]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^✓ PASS/);
  expect(stdout).toContain('web-1, Debian GNU/Linux 12');
  for (const state of ['running', 'paused', 'created', 'exited 3', 'no task'])
    expect(stdout).toContain(state);
  const { stdout: inspected } = await report(['--bundle', SAMPLE, 'inspect', 'shop-db']);
  expect(inspected).toContain('shop-db');
});

test('the sample host is small, and an ordinary host by its paths and names', async () => {
  expect(statSync(SAMPLE).size).toBeLessThan(200 * 1024);
  for (const [path, content] of await filesIn(SAMPLE)) {
    if (!path.startsWith('host/') && !path.startsWith('inventory/')) continue;
    expect(content.match(/ctrscope|\/root\/|\/tmp\/|lab-[0-9a-f]|canary|hunter/)?.[0], path).toBeUndefined();
  }
});
