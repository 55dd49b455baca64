import { expect, test } from 'vitest';

import { formatPlatform, normalizePlatform } from '../../src/host/platform.ts';

const parts = (
  os: string,
  architecture: string,
  variant: string = '',
): Parameters<typeof formatPlatform>[0] => ({
  os,
  architecture,
  variant,
});

test.for([
  ['linux', 'amd64', '', 'linux/amd64'],
  ['linux', 'arm', 'v7', 'linux/arm/v7'],
  ['windows', 'amd64', '', 'windows/amd64'],
  ['', '', '', 'unknown'],
  ['linux', '', '', 'linux'],
] as const)('%s, %s and %j are written as %s', ([os, architecture, variant, text]) => {
  expect(formatPlatform(parts(os, architecture, variant))).toBe(text);
});

test.for([
  ['Linux', 'x86_64', '', 'linux/amd64'],
  ['linux', 'AMD64', 'v1', 'linux/amd64'],
  ['linux', 'amd64', 'v3', 'linux/amd64/v3'],
  ['linux', 'i386', '', 'linux/386'],
  ['linux', 'aarch64', '', 'linux/arm64'],
  ['linux', 'arm64', 'v8', 'linux/arm64'],
  ['linux', 'arm64', '8', 'linux/arm64'],
  ['linux', 'arm', '', 'linux/arm/v7'],
  ['linux', 'arm', '6', 'linux/arm/v6'],
  ['linux', 'armhf', '', 'linux/arm/v7'],
  ['linux', 'armel', '', 'linux/arm/v6'],
  ['linux', 'constructor', '', 'linux/constructor'],
  ['linux', '__proto__', '', 'linux/__proto__'],
] as const)('%s, %s and %j of a config mean %s', ([os, architecture, variant, text]) => {
  expect(formatPlatform(normalizePlatform(parts(os, architecture, variant)))).toBe(text);
});
