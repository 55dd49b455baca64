/** containerd's config as containerd itself puts it together: `containerd config dump` says the same of these files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';

import { seenValue } from '../../../src/host/observed.ts';
import { diskWithin } from '../../../src/sources/disk/disk.ts';
import { readContainerdConfig } from '../../../src/sources/system/containerd-config.ts';
import { nameMatches } from '../../../src/sources/system/glob.ts';
import { scratchFolder } from '../../bolt/scratch.ts';

const scratch = scratchFolder();
let number = 0;
let dir = '';

beforeEach(() => {
  number += 1;
  dir = scratch(`config-${number}`);
  mkdirSync(dir);
});

const file = (path: string, text: string): void => {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
};
const read = () => readContainerdConfig(diskWithin(dir), `${dir}/etc/c.toml`, dir);

const section = (id: string, path: string): string =>
  `[plugins."io.containerd.snapshotter.v1.${id}"]\nroot_path = "${path}"\n`;

describe('a config', () => {
  test('is what its last import says, each file once, with what only an earlier one says', async () => {
    file(
      'etc/c.toml',
      `version = 2\nroot = "/1"\nstate = "/s"\nimports = ["d/*.toml", "/etc/b.toml"]\n${section('native', '/n1')}`,
    );
    file('etc/d/2.toml', `root = "/2"\nimports = ["../c.toml"]\n${section('overlayfs', '/o')}`);
    file('etc/d/3.toml', 'root = "/3"\n[grpc]\naddress = "/run/3.sock"\n');
    file('etc/d/4.conf', 'root = "/4"');
    file('etc/b.toml', section('native', '/n2'));
    expect(seenValue(await read())).toEqual({
      version: 2,
      root: '/3',
      state: '/s',
      address: '/run/3.sock',
      snapshotters: new Map([
        ['native', '/n2'],
        ['overlayfs', '/o'],
      ]),
    });
  });

  test('calls plugins by their ids in version 1, and only there', async () => {
    file('etc/c.toml', '[plugins.overlayfs]\nroot_path = "/o"\n[plugins.cri]\nroot_path = "/c"\n');
    expect(seenValue(await read())?.snapshotters).toEqual(new Map([['overlayfs', '/o']]));
    file('etc/c.toml', 'version = 2\n[plugins.overlayfs]\nroot_path = "/o"\n');
    expect(seenValue(await read())?.snapshotters).toEqual(new Map());
  });

  test('without a pattern names a file that has to be there; with one, any number', async () => {
    file('etc/c.toml', 'root = "/1"\nimports = ["none*.toml"]');
    expect(seenValue(await read())?.root).toBe('/1');
    for (const name of ['none.toml', '?.toml']) {
      file('etc/c.toml', `root = "/1"\nimports = ["${name}"]`);
      expect(await read()).toMatchObject({ state: 'failed', why: expect.stringContaining('imports it') });
    }
  });

  test('has integers of any size, and no patterns but those that are read', async () => {
    file('etc/c.toml', 'root = "/1"\n[plugins.x]\nlimit = 9223372036854775807\n');
    expect(seenValue(await read())?.root).toBe('/1');
    file('etc/1.toml', 'root = "/2"');
    for (const pattern of ['[0-9]*.toml', '\\\\1*.toml']) {
      file('etc/c.toml', `root = "/1"\nimports = ["${pattern}"]`);
      expect(await read()).toMatchObject({ state: 'failed', why: expect.stringContaining('not read') });
    }
  });

  test('imports nothing from outside its root, nor without end', async () => {
    const outside = scratch(`outside-${number}`);
    mkdirSync(outside);
    writeFileSync(join(outside, 'x.toml'), 'root = "/outside"');
    file('etc/c.toml', `root = "/1"\nimports = ["${'../'.repeat(20)}${outside}/*.toml"]`);
    expect(seenValue(await read())?.root).toBe('/1');
    for (let i = 0; i < 100; i += 1) file(`etc/d/${i}.toml`, '');
    file('etc/c.toml', 'imports = ["d/*.toml"]');
    expect(await read()).toMatchObject({ state: 'truncated' });
    for (let i = 0; i < 300; i += 1) file(`etc/d/${i}.toml`, '');
    expect(await read()).toMatchObject({ state: 'failed', why: expect.stringContaining('more than') });
  });
});

test.each([
  ['*.toml', 'a.toml', true],
  ['*.toml', '.toml', true],
  ['*.toml', 'a.tomlx', false],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['?.toml', 'a.toml', true],
  ['?.toml', '.toml', false],
  ['', '', true],
  [`${'*a'.repeat(60)}b`, 'a'.repeat(250), false],
])('%s and %s', (pattern, name, matches) => {
  expect(nameMatches(pattern, name)).toBe(matches);
});
