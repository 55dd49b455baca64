/** A tree that somebody else has made: whatever is in it, nothing outside of it is read, and nothing waits. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';

import type { Disk } from '../../../src/host/disk.ts';
import { diskWithin, HERE } from '../../../src/sources/disk/disk.ts';
import { BY_DESCRIPTOR, BY_PATH } from '../../../src/sources/disk/walk.ts';
import { scratchFolder } from '../../bolt/scratch.ts';

const SECRET = 'of the host';

describe.each([
  ['by descriptor', BY_DESCRIPTOR],
  ['by path', BY_PATH],
] as const)('a disk within a root, %s', (_, steps) => {
  const scratch = scratchFolder();
  let number = 0;
  let root = '';
  let outside = '';
  let disk: Disk;
  let descriptors = 0;

  beforeEach(() => {
    number += 1;
    root = scratch(`${number}/root`);
    outside = scratch(`${number}/outside`);
    mkdirSync(root, { recursive: true });
    writeFileSync(outside, SECRET);
    disk = diskWithin(root, steps);
    descriptors = openDescriptors();
    // Each way there was has been closed, whether it led somewhere or not.
    return () => expect(openDescriptors()).toBe(descriptors);
  });

  const file = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const link = (path: string, target: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  };
  const textOf = (path: string): string => Buffer.from(disk.read(`${root}/${path}`, 100).bytes).toString();

  test('reads what is there', () => {
    file('a/b/c', 'text');
    expect(textOf('a/b/c')).toBe('text');
    expect(textOf('/a//./b/../b/c')).toBe('text');
    expect(disk.read(join(root, 'a/b/c'), 2)).toMatchObject({ size: 4n, bytes: Buffer.from('te') });
    expect(disk.stat(join(root, 'a/b/c'))).toMatchObject({ kind: 'file', size: 4n });
    expect(disk.stat(join(root, 'a'))).toMatchObject({ kind: 'folder' });
    expect(disk.stat(root)).toMatchObject({ kind: 'folder' });
    expect(disk.list(join(root, 'a'))).toEqual(['b']);
    const fd = disk.open(join(root, 'a/b/c'));
    const bytes = Buffer.alloc(4);
    readSync(fd, bytes, 0, 4, 0);
    closeSync(fd);
    expect(bytes.toString()).toBe('text');
  });

  test('follows links as the system would whose root it is', () => {
    file('var/data/x', 'inside');
    link('lib', 'var/data');
    link('abs', '/var/data');
    link('var/up', '../../../../../var/data/x');
    link('var/deep/abs', '/var/data');
    link('chain', '/abs/../data/../../lib/x');
    for (const path of ['lib/x', 'abs/x', 'var/up', 'var/deep/abs/x', 'chain'])
      expect(textOf(path), path).toBe('inside');
    expect(disk.list(join(root, 'abs'))).toEqual(['x']);
  });

  test.each([
    ['an absolute link to a file', () => link('x', outside)],
    ['a relative link to a file', () => link('x', '../outside')],
    ['a link to a folder above', () => link('d', '..'), 'd/outside'],
    ['a link to the root of the machine', () => link('d', '/'), () => `d${outside}`],
    [
      'links one after another',
      () => [link('a', '../b'), link('b', '../c'), link('c', '../../outside')],
      'a',
    ],
    ['the way of a process to its root', () => link('d', '/proc/self/root'), () => `d${outside}`],
  ] as const)('does not leave it by %s', (_title, make, path: string | (() => string) = 'x') => {
    make();
    const place = typeof path === 'string' ? path : path();
    expect(() => textOf(place)).toThrow(/^ENOENT/);
    expect(() => disk.stat(join(root, place))).toThrow(/^ENOENT/);
    expect(() => disk.list(join(root, place))).toThrow(/^ENOENT/);
  });

  test('does not leave it by a path, and has no file of another disk', () => {
    expect(() => disk.read(`${root}/../outside`, 100)).toThrow(/^ENOENT/);
    expect(() => disk.read(outside, 100)).toThrow(/^EXDEV/);
    expect(() => disk.read(`${root}x/outside`, 100)).toThrow(/^EXDEV/);
    expect(() => disk.read(`${root}/a\0b`, 100)).toThrow(/^ENOENT/);
  });

  test('gives up links that lead to each other', () => {
    link('a', 'b');
    link('b', 'a');
    link('self', 'self/self/self');
    link('d/again', '../d/again/x');
    for (const path of ['a', 'self', 'd/again']) expect(() => textOf(path), path).toThrow(/^ELOOP/);
    // As many as a kernel follows, and one more.
    file('l0', 'end');
    for (let i = 1; i <= 41; i += 1) link(`l${i}`, `l${i - 1}`);
    expect(textOf('l40')).toBe('end');
    expect(() => textOf('l41')).toThrow(/^ELOOP/);
    // Links that multiply: 40 of them are walked through all the same.
    for (let i = 1; i < 30; i += 1) link(`m${i}`, `m${i - 1}/m${i - 1}/`.repeat(100));
    expect(() => textOf('m29')).toThrow(/^(ELOOP|ENOENT|ENAMETOOLONG|ENOTDIR)/);
  });

  test('opens no FIFO, no device and no socket', async () => {
    execFileSync('mkfifo', [join(root, 'fifo')]);
    link('to-fifo', 'fifo');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
    expect(() => textOf('fifo')).toThrow(/EFTYPE: a FIFO, no regular file/);
    expect(() => textOf('to-fifo')).toThrow(/EFTYPE/);
    expect(() => textOf('socket')).toThrow(/EFTYPE: a socket/);
    expect(() => disk.read(root, 1)).toThrow(/EISDIR/);
    expect(() => diskWithin('/dev', steps).open('/dev/zero')).toThrow(/EFTYPE: a device/);
    expect(disk.stat(join(root, 'fifo')).kind).toBe('other');
    expect(() => disk.list(join(root, 'fifo'))).toThrow(/ENOTDIR: a FIFO, no folder/);
    await new Promise((resolve) => server.close(resolve));
  });

  test('goes as deep as somebody builds, and no deeper than it can hold', () => {
    const deep = 'd/'.repeat(200);
    file(`${deep}x`, 'deep');
    expect(textOf(`${deep}x`)).toBe('deep');
    expect(() => textOf('./'.repeat(5000))).toThrow(/^ENAMETOOLONG/);
    link('w', `${'d/../'.repeat(800)}w`);
    expect(() => textOf('w')).toThrow(/^(ENAMETOOLONG|ELOOP)/);
    let way = root;
    for (let i = 0; i < 300; i += 1) {
      way = join(way, 'e');
      mkdirSync(way);
    }
    expect(() => disk.stat(way)).toThrow(/^ENAMETOOLONG/);
  });

  test('lists a folder of thousands, and can stop in it', () => {
    mkdirSync(join(root, 'many'));
    for (let i = 0; i < 5000; i += 1) writeFileSync(join(root, 'many', `f${i}`), '');
    expect(disk.list(join(root, 'many'))).toHaveLength(5000);
    using folder = disk.folder(join(root, 'many'));
    let seen = 0;
    for (const { name, kind } of folder.entries()) {
      expect(kind).toBe('file');
      expect(folder.stat(name)).toMatchObject({ kind: 'file', size: 0n });
      seen += 1;
      if (seen === 10) break;
    }
    expect(seen).toBe(10);
  });

  test('shows what is in a folder itself, not what it leads to', () => {
    link('d/out', outside);
    mkdirSync(join(root, 'd/sub'));
    using folder = disk.folder(join(root, 'd'));
    expect([...folder.entries()].toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: 'out', kind: 'link' },
      { name: 'sub', kind: 'folder' },
    ]);
    expect(folder.stat('out').kind).toBe('link');
    expect(() => folder.stat('../outside')).toThrow(/^EINVAL/);
    expect(() => folder.stat('..')).toThrow(/^EINVAL/);
    expect(() => folder.stat('gone')).toThrow(`ENOENT: no such file or directory, '${root}/d/gone'`);
  });

  test('names the path that was asked for, and not the way it took', () => {
    file('x', '');
    link('loop', 'loop');
    for (const path of ['gone/a', 'x/a', 'loop']) {
      expect(() => textOf(path)).toThrow(`'${join(root, path)}'`);
      expect(() => textOf(path)).not.toThrow('/proc/self');
    }
  });

  test('says what may not be read', () => {
    file('closed/x', '');
    file('open', 'text');
    chmodSync(scratch('.'), 0o711);
    chmodSync(join(root, 'closed'), process.getuid?.() === 0 ? 0o700 : 0o000);
    asNobody(() => {
      expect(textOf('open')).toBe('text');
      expect(() => textOf('closed/x')).toThrow(/^EACCES/);
      expect(() => disk.list(join(root, 'closed'))).toThrow(/^EACCES/);
      expect(disk.stat(join(root, 'closed')).kind).toBe('folder');
    });
    chmodSync(join(root, 'closed'), 0o700);
  });

  test('reads what somebody inside would read, whatever tree it is', () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const target = fc.array(fc.constantFrom('a', 'b', 'c', '..', '.', ''), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(names, { minLength: 1, maxLength: 3 }), fc.option(target)), {
          maxLength: 12,
        }),
        fc.array(fc.constantFrom('a', 'b', 'c', '..'), { minLength: 1, maxLength: 6 }),
        (entries, asked) => {
          rmSync(root, { recursive: true, force: true });
          mkdirSync(root);
          for (const [path, to] of entries) {
            try {
              if (to === null) file(path.join('/'), 'inside');
              else link(path.join('/'), to.join('/') || '/');
            } catch {
              // A file stands where a folder would have to be, or the other way round.
            }
          }
          let text: string;
          try {
            text = textOf(asked.join('/'));
          } catch (error) {
            expect(error).toMatchObject({ code: expect.stringMatching(/^E(NOENT|NOTDIR|LOOP|ISDIR)$/) });
            return;
          }
          expect(text).toBe('inside');
        },
      ),
      { numRuns: 200 },
    );
  });
});

test('a folder that becomes a link while somebody reads below it does not lead out', () => {
  const scratch = join(process.env['TMPDIR'] ?? '/tmp', `ctrscope-race-${process.pid}`);
  const root = join(scratch, 'root');
  try {
    mkdirSync(join(root, 'a'), { recursive: true });
    mkdirSync(join(scratch, 'b'));
    writeFileSync(join(root, 'a/x'), 'inside');
    writeFileSync(join(scratch, 'b/x'), SECRET);
    symlinkSync(join(scratch, 'b'), join(root, 'link'));
    // Exchanged between two steps: the place that was reached stays the same.
    const exchanging = {
      ...BY_DESCRIPTOR,
      next: (...[folder, name]: Parameters<typeof BY_DESCRIPTOR.next>) => {
        const place = BY_DESCRIPTOR.next(folder, name);
        if (name === 'a') {
          renameSync(join(root, 'a'), join(root, 'was-a'));
          renameSync(join(root, 'link'), join(root, 'a'));
        }
        return place;
      },
    };
    const text = diskWithin(root, exchanging).read(join(root, 'a/x'), 100).bytes;
    expect(Buffer.from(text).toString()).toBe('inside');
    expect(() => diskWithin(root).read(join(root, 'a/x'), 100)).toThrow(/^ENOENT/);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});

test("this machine's files are read like any other", () => {
  expect(HERE.list('/proc/self/fd').length).toBeGreaterThan(2);
  expect(HERE.stat('/').kind).toBe('folder');
  expect(Buffer.from(HERE.read(import.meta.filename, 3).bytes).toString()).toBe('/**');
});

/** What somebody without any right sees of files that root has made. */
const asNobody = (look: () => void): void => {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  try {
    look();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
};

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
