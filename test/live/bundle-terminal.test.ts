import { beforeAll, describe, expect, test } from 'vitest';

import { SAMPLE } from '../bundle/bundles.ts';
import { labUnavailable } from '../lab/available.ts';
import { command } from './program.ts';
import { openTmux, type TmuxScreen, thenLeft } from './tmux.ts';

const reason = labUnavailable();

describe(`a bundle in a terminal${reason === undefined ? '' : `, skipped: ${reason}`}`, {
  skip: reason !== undefined,
}, () => {
  let screen: TmuxScreen;

  beforeAll(async () => {
    // No daemon of this machine is there to be asked by mistake.
    const alone = 'unset CONTAINERD_ADDRESS DOCKER_HOST\n';
    screen = await openTmux(`${alone}${thenLeft(command(['bundle', 'open', SAMPLE]))}`, 160, 50);
    return () => screen.close();
  }, 120_000);

  test('is called one, with its host and age', async () => {
    const text = await screen.shows(/running .* web/);
    expect(text.split('\n')[0]).toMatch(/BUNDLE web-1 .* captured \S+ ago/);
    expect(text).toMatch(/exited 3 .* exited/);
    expect(text).not.toMatch(/disconnected/);
  });

  test('has the spec of a container, read from the bundle', async () => {
    await screen.press('/', 'w', 'o', 'r', 'k', 'e', 'r', 'Enter');
    await screen.shows(/Containers <1\/14>/);
    await screen.press('x');
    await screen.shows(/snapshot present/);
    await screen.press(']');
    await screen.shows(/cpu .*quota|"quota"|quota\s+50000|ociVersion/);
    await screen.press('Escape');
  });

  test('can be looked through, and is left', async () => {
    await screen.press('5');
    await screen.shows(/busybox:1\.36/);
    await screen.press('q');
    await screen.shows(/left with 0/);
  });
});
