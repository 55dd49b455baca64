import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { SAMPLE } from '../bundle/bundles.ts';
import { labUnavailable } from '../lab/available.ts';
import { provideLeafTool } from '../lab/leaf-tools.ts';
import { until } from '../lab/until.ts';
import { command } from './program.ts';

const reason = labUnavailable();

describe(`a bundle in a terminal${reason === undefined ? '' : `, skipped: ${reason}`}`, {
  skip: reason !== undefined,
}, () => {
  let folder = '';
  let tmux = '';
  const control = async (...args: string[]): Promise<string> =>
    (await execa(tmux, ['-S', join(folder, 'tmux'), '-f', '/dev/null', ...args])).stdout;
  const shows = (what: RegExp): Promise<string> =>
    until(
      `the screen shows ${what}`,
      async () => {
        const text = await control('capture-pane', '-p', '-t', 'ui');
        return what.test(text) ? text : undefined;
      },
      { deadlineMs: 20_000, everyMs: 50 },
    );

  beforeAll(async () => {
    tmux = await provideLeafTool('tmux');
    folder = await mkdtemp(join(tmpdir(), 'bundle-ui-'));
    const [file, args] = command(['bundle', 'open', SAMPLE]);
    const quoted = [file, ...args].map((word) => `'${word}'`).join(' ');
    const script = join(folder, 'run.sh');
    // No daemon of this machine is there to be asked by mistake.
    await writeFile(
      script,
      `unset CONTAINERD_ADDRESS DOCKER_HOST\n${quoted}\necho "left with $?"\nexec cat\n`,
    );
    await control('new-session', '-d', '-s', 'ui', '-x', '160', '-y', '50', `sh '${script}'`);
  }, 120_000);
  afterAll(async () => {
    if (tmux !== '') await control('kill-server').catch(() => undefined);
    if (folder !== '') await rm(folder, { recursive: true, force: true });
  });

  test('is called one, with its host and age', async () => {
    const text = await shows(/running .* web/);
    expect(text.split('\n')[0]).toMatch(/BUNDLE web-1 .* captured \S+ ago/);
    expect(text).toMatch(/exited 3 .* exited/);
    expect(text).not.toMatch(/disconnected/);
  });

  test('has the spec of a container, read from the bundle', async () => {
    await control('send-keys', '-t', 'ui', '/', 'w', 'o', 'r', 'k', 'e', 'r', 'Enter');
    await shows(/Containers <1\/14>/);
    await control('send-keys', '-t', 'ui', ']');
    await control('send-keys', '-t', 'ui', ']');
    await shows(/cpu .*quota|"quota"|quota\s+50000|ociVersion/);
    await control('send-keys', '-t', 'ui', 'Escape');
  });

  test('can be looked through, and is left', async () => {
    await control('send-keys', '-t', 'ui', '5');
    await shows(/busybox:1\.36/);
    await control('send-keys', '-t', 'ui', 'q');
    await shows(/left with 0/);
  });
});
