import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HERE } from '../../src/sources/disk/disk.ts';
import { listDaemons } from '../../src/sources/proc/daemons.ts';
import { freezerFiles } from '../../src/sources/proc/frozen.ts';
import { boundAt, parseSocketTable } from '../../src/sources/proc/unix-sockets.ts';
import { readContainerdConfig } from '../../src/sources/system/containerd-config.ts';
import { daemon } from '../probes/made-up.ts';
import { foreignText } from '../text/foreign-text.ts';
import { nested, repetitive, soon } from './bounds.ts';

let folder: string;
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ctrscope-fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fresh = (): string => join(folder, String(++count));

const bytes = fc.uint8Array({ maxLength: 300 });
const word = fc.constantFrom(
  'containerd',
  '/usr/bin/containerd',
  'containerd-shim-runc-v2',
  'dockerd',
  '-a',
  '--address',
  '--address=',
  '-address',
  '-c',
  '--config',
  '-namespace',
  '-id',
  'start',
  'delete',
  'config',
  '--version',
  '/run/x.sock',
  '',
);
const cmdline = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .array(fc.oneof(word, foreignText), { maxLength: 12 })
      .map((argv) => Buffer.from(argv.join('\0'))),
  },
  { weight: 1, arbitrary: bytes },
);
const stat = fc.oneof(
  fc.constant('7 (containerd) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 0'),
  fc.constant('7 (a) b) ((c) T x'),
  foreignText,
);
const process = fc.record({ cmdline, stat, status: foreignText, cgroup: foreignText });

describe('processes with any command line and state', () => {
  test('are daemons or not; none of them ends the list', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(process, { maxLength: 4 }), bytes, (processes, table) =>
        soon(async () => {
          const proc = fresh();
          mkdirSync(join(proc, 'net'), { recursive: true });
          writeFileSync(join(proc, 'net/unix'), table);
          const all = [{ cmdline: Buffer.from('init'), stat: '', status: '', cgroup: '' }, ...processes];
          for (const [i, one] of all.entries()) {
            const dir = join(proc, String(i + 1));
            mkdirSync(join(dir, 'fd'), { recursive: true });
            writeFileSync(join(dir, 'cmdline'), one.cmdline);
            writeFileSync(join(dir, 'stat'), one.stat);
            writeFileSync(join(dir, 'status'), `NSpid:\t${one.status}\n`);
            writeFileSync(join(dir, 'cgroup'), one.cgroup);
            symlinkSync('socket:[5]', join(dir, 'fd/5'));
          }
          const { items, gaps } = await listDaemons({ path: proc });
          expect(gaps).toEqual([]);
          expect(items.length).toBeLessThanOrEqual(processes.length);
          for (const item of items) {
            expect(['containerd', 'dockerd', 'shim']).toContain(item.role);
            expect(item.pid).toBeGreaterThan(1);
            expect(item.argv.length).toBeGreaterThan(0);
            expect(item.ownPid === null || Number.isInteger(item.ownPid)).toBe(true);
          }
        }),
      ),
      { numRuns: 150 },
    );
  });

  test('that are hidden are said to be', async () => {
    const proc = fresh();
    mkdirSync(join(proc, 'net'), { recursive: true });
    writeFileSync(join(proc, 'net/unix'), 'Num RefCount Protocol Flags Type St Inode Path\n');
    mkdirSync(join(proc, '7'));
    writeFileSync(join(proc, '7/cmdline'), 'containerd\0');
    writeFileSync(
      join(proc, '7/stat'),
      '7 (containerd) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 0',
    );
    const { items, gaps } = await listDaemons({ path: proc });
    expect(items.map(({ role }) => role)).toEqual(['containerd']);
    expect(gaps).toEqual([
      expect.objectContaining({ state: 'denied', why: expect.stringContaining('hidepid') }),
    ]);
  });
});

describe('a table of sockets of any text', () => {
  const row = fc
    .tuple(
      fc.constantFrom('00010000', '00000000', 'zz'),
      fc.nat(),
      fc.oneof(foreignText, fc.constant('/run/a b.sock')),
    )
    .map(([flags, inode, path]) => `0000000000000000: 00000002 00000000 ${flags} 0001 01 ${inode} ${path}`);

  test('is read as far as it is one', async () => {
    const text = fc.oneof(
      foreignText,
      fc.array(row).map((rows) => rows.join('\n')),
      repetitive(['0: ', ' ', 'a', '\n']),
    );
    await fc.assert(
      fc.asyncProperty(text, (table) =>
        soon(() => {
          for (const [inode, path] of parseSocketTable(table)) {
            expect(inode).toMatch(/^\d+$/);
            expect(path.length).toBeLessThanOrEqual(table.length);
          }
        }),
      ),
    );
  });

  test('keeps blanks in a path, and only those that listen', () => {
    const table = [
      'Num       RefCount Protocol Flags    Type St Inode Path',
      '0000000000000000: 00000002 00000000 00010000 0001 01    77 /run/with blank  s.sock',
      '0000000000000000: 00000003 00000000 00000000 0001 03    78 /run/accepted.sock',
      '0000000000000000: 00000002 00000000 00010000 0001 01    79 /var/run/x.sock',
      '0000000000000000: 00000002 00000000 00010000 0001 01    80',
      '',
    ].join('\n');
    expect([...parseSocketTable(table)]).toEqual([
      ['77', '/run/with blank  s.sock'],
      ['79', '/run/x.sock'],
    ]);
  });

  test('names no place as bound that is another', async () => {
    const listens = (path: string): ReturnType<typeof daemon> => {
      const own = daemon(1);
      return {
        ...own,
        listens: own.listens.state === 'seen' ? { ...own.listens, value: [path] } : own.listens,
      };
    };
    await fc.assert(
      fc.asyncProperty(foreignText, foreignText, async (bound, asked) => {
        const here = await boundAt(listens(`/nowhere/${bound}`), `/nowhere/${asked}`, { path: folder });
        if (here) expect(`/nowhere/${bound}`).toBe(`/nowhere/${asked}`);
      }),
    );
  });
});

describe('cgroups of any text', () => {
  test('have few files, all below the hierarchies', async () => {
    const line = fc.tuple(
      fc.nat(),
      fc.constantFrom('freezer', 'cpu,freezer', '', 'name=systemd'),
      foreignText,
    );
    const text = fc.oneof(
      foreignText,
      fc
        .array(line)
        .map((lines) => lines.map(([n, controllers, path]) => `${n}:${controllers}:/${path}`).join('\n')),
    );
    await fc.assert(
      fc.asyncProperty(text, (cgroups) =>
        soon(() => {
          const files = freezerFiles(cgroups);
          expect(files.length).toBeLessThanOrEqual(2 * cgroups.split('\n').length);
          for (const file of files)
            expect(file).toMatch(/^\/sys\/fs\/cgroup\/[\s\S]*\/(freezer\.state|cgroup\.events)$/);
        }),
      ),
    );
  });
});

describe('a config file of any text', () => {
  const pair = fc
    .tuple(
      fc.constantFrom('version', 'root', 'state', 'address'),
      fc.oneof(fc.constantFrom('"/x"', '2', '[', '""', '99999999999999999999', 'nan', '{a=1}'), foreignText),
    )
    .map(([key, value]) => `${key} = ${value}`);
  const toml = fc.oneof(
    foreignText,
    bytes.map((raw) => Buffer.from(raw)),
    nested.map((text) => `a = ${text}`),
    fc
      .array(fc.oneof(pair, fc.constantFrom('[grpc]', '[plugins."io.containerd.server.v1.grpc"]', '[a.')))
      .map((lines) => lines.join('\n')),
  );

  test('is a config, or a reason why it is none', async () => {
    await fc.assert(
      fc.asyncProperty(toml, (text) =>
        soon(async () => {
          const file = fresh();
          writeFileSync(file, text);
          const config = await readContainerdConfig(HERE, file);
          expect(['seen', 'failed', 'truncated']).toContain(config.state);
          if (config.state === 'seen') {
            const { version, root, state, address } = config.value;
            expect(typeof version).toBe('number');
            for (const path of [root, state, address]) expect(path === null || path !== '').toBe(true);
          } else if ('why' in config) {
            expect(config.why?.length ?? 0).toBeLessThan(2_000);
          }
        }),
      ),
      { numRuns: 200 },
    );
  });

  test('that is not there is absent; one that is too large is cut', async () => {
    expect((await readContainerdConfig(HERE, fresh())).state).toBe('absent');
    const file = fresh();
    writeFileSync(file, '#'.repeat((1 << 20) + 1));
    expect((await readContainerdConfig(HERE, file)).state).toBe('truncated');
    expect((await readContainerdConfig(HERE, folder)).state).toBe('failed');
  });
});
