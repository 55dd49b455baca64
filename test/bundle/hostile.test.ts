import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { BUNDLE_VERSION, LIMITS } from '../../src/bundle/layout.ts';
import { openRecordedHost } from '../../src/collect/recorded.ts';
import {
  archiveOf,
  changed,
  entry,
  fileOf,
  filesIn,
  opened,
  rebuilt,
  SAMPLE,
  scratch,
  tarOf,
} from './bundles.ts';

let files: ReadonlyMap<string, string>;
let real: Buffer;
beforeAll(async () => {
  real = readFileSync(SAMPLE);
  files = await filesIn(SAMPLE);
});

const good = (): ReturnType<typeof entry>[] => [...files].map(([name, content]) => entry(name, content));
const sized = (tar: Buffer, at: number, size: number): Buffer => {
  // The header's size and its checksum, of which tar-stream would write only true ones.
  const copy = Buffer.from(tar);
  copy.write(`${size.toString(8).padStart(11, '0')} `, at + 124, 'latin1');
  copy.write('        ', at + 148, 'latin1');
  const sum = copy.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  return copy;
};

const CASES: readonly (readonly [title: string, make: () => Promise<string> | string, says: RegExp])[] = [
  ['that is not there', () => join(scratch(), 'none.tar.gz'), /no such file/],
  ['that is a directory', () => scratch(), /it is a directory/],
  ['that is a pipe', () => pipe(), /no regular file/],
  ['that is empty', () => fileOf(''), /it is empty/],
  ['that is text', () => fileOf('hello'), /no gzip file/],
  ['that is a tar without gzip', () => fileOf(gunzipSync(real)), /no gzip file/],
  ['that is gzipped text', () => fileOf(gzipSync('hello '.repeat(500))), /no tar archive/],
  ['that is gzipped nothing', () => fileOf(gzipSync('')), /no version\.json/],
  [
    'that is another archive',
    () => archiveOf([entry('etc/passwd', 'x')]),
    /no bundle of ctrscope: it has no version/,
  ],
  ['whose end is missing', () => fileOf(real.subarray(0, real.length >> 1)), /cut off/],
  ['whose beginning only is there', () => fileOf(real.subarray(0, 15)), /cut off/],
  ['whose tar is cut off', async () => fileOf(gzipSync((await tarOf(good())).subarray(0, 5000))), /cut off/],
  ['that is damaged', () => fileOf(flipped(real, real.length >> 1)), /damaged|no tar archive|cut off/],
  [
    'with a path out of it',
    () => archiveOf([...good(), entry('../../etc/cron.d/x', 'x')]),
    /path "\.\.\/\.\./,
  ],
  ['with a path up in it', () => archiveOf([...good(), entry('host/../../x', 'x')]), /path "host\/\.\./],
  ['with an absolute path', () => archiveOf([...good(), entry('/etc/cron.d/x', 'x')]), /path "\/etc/],
  [
    'with a path of odd characters',
    () => archiveOf([entry('host/\u001b[2J', 'x'), ...good()]),
    /path "host\/\\x1b\[2J"/,
  ],
  [
    'with a path without end',
    () => archiveOf([entry(`${'a'.repeat(90)}/`.repeat(40), 'x'), ...good()]),
    /path "a+/,
  ],
  [
    'with a symbolic link',
    () =>
      archiveOf([
        ...good(),
        { header: { name: 'host/x', type: 'symlink', linkname: '/etc/shadow' }, content: '' },
      ]),
    /no plain file in it but a symlink/,
  ],
  [
    'with a hard link',
    () =>
      archiveOf([{ header: { name: 'version.json', type: 'link', linkname: 'x' }, content: '' }, ...good()]),
    /but a link/,
  ],
  [
    'with a device',
    () => archiveOf([...good(), { header: { name: 'host/x', type: 'block-device' }, content: '' }]),
    /but a block-device/,
  ],
  [
    'with a pipe in it',
    () => archiveOf([{ header: { name: 'x', type: 'fifo' }, content: '' }]),
    /but a fifo/,
  ],
  [
    'with the same file twice',
    () => archiveOf([...good(), entry('version.json', '{}')]),
    /version\.json twice/,
  ],
  [
    'with the same file by another name',
    () => archiveOf([...good(), entry('./version.json', '{}')]),
    /version\.json twice/,
  ],
  [
    'with very many files',
    () => archiveOf([...good(), ...Array.from({ length: 1000 }, (_, i) => entry(`f${i}`))]),
    /more than 1000 files/,
  ],
  [
    'with a file that claims to be huge',
    async () => fileOf(gzipSync(sized(await tarOf(good()), 0, 8 * 2 ** 30 - 1))),
    /README\.txt has 8\.0 GiB, more than 64\.0 MiB/,
  ],
  [
    'with a file that claims more than there is',
    async () => fileOf(gzipSync(sized(await tarOf([entry('a', 'x'), ...good()]), 0, 60 << 20))),
    /cut off/,
  ],
  [
    'with a file that claims less than there is',
    async () => fileOf(gzipSync(sized(await tarOf([entry('a', 'x'.repeat(5000)), ...good()]), 0, 5))),
    /no tar archive/,
  ],
  ['without a version', () => without('version.json'), /it has no version\.json/],
  ['without a manifest', () => without('manifest.json'), /it has no manifest\.json/],
  [
    'whose version is no JSON',
    () => changed(SAMPLE, 'version.json', () => '{'),
    /version\.json: it is not JSON/,
  ],
  [
    'whose version says nothing',
    () => changed(SAMPLE, 'version.json', () => '[]'),
    /version\.json: expected an object/,
  ],
  [
    'of a later version',
    () => version({ schemaVersion: BUNDLE_VERSION + 1, tool: { name: 'ctrscope', version: '9.1.0' } }),
    /written by ctrscope 9\.1\.0 with schema version 2; this program reads up to 1: open it with that one or a later one/,
  ],
  [
    'of a later version that looks otherwise',
    () => changed(SAMPLE, 'version.json', () => '{"schemaVersion":77,"tool":"\\u001b[2J"}'),
    /written by a later ctrscope with schema version 77/,
  ],
  ['of version zero', () => version({ schemaVersion: 0 }), /schemaVersion is no version/],
  ['of a version in words', () => version({ schemaVersion: '1' }), /schemaVersion is no version/],
  ['captured at no time', () => version({ capturedAt: '\u001b[31m' }), /\.capturedAt: expected a time/],
  [
    'whose manifest is no JSON',
    () => changed(SAMPLE, 'manifest.json', () => 'x', false),
    /manifest\.json: it is not/,
  ],
  [
    'whose manifest lists nothing',
    () => changed(SAMPLE, 'manifest.json', () => '{}', false),
    /manifest\.json: \.files/,
  ],
];

describe('a bundle', () => {
  test.for(CASES)('%s is refused in one sentence', async ([, make, says]) => {
    const path = await make();
    const error = await openRecordedHost(path, {}).then(
      () => undefined,
      (refusal: unknown) => refusal,
    );
    expect(error).toBeInstanceOf(Error);
    const { message } = error as Error;
    expect(message).toMatch(says);
    expect(message.startsWith(`${path}: `)).toBe(true);
    expect(message).not.toMatch(/[\0-\x1f]/);
    // The sentence is ours: nothing of Node's words about types and properties is in it.
    expect(message).not.toMatch(/Cannot read|is not a function|undefined|\[object/);
  });
});

const TASKS = 'host/containerd.tasks.jsonl';
const lines = (change: (lines: string[]) => readonly string[]) => (content: string) =>
  change(content.split('\n')).join('\n');

const FACETS: readonly (readonly [title: string, change: (content: string) => string, says: RegExp])[] = [
  ['empty', () => '', /it is empty/],
  ['not JSON', lines((all) => all.with(1, '{"id":')), /line 2: not JSON as a bundle has it/],
  ['binary', () => '\u0000\u0001\u0002\n', /line 1: not JSON/],
  ['without an end', (content) => content.slice(0, -1), /line \d+ has no end/],
  ['of empty lines', lines((all) => all.with(1, '')), /line 2: not JSON/],
  [
    'of other things',
    lines((all) => all.with(1, '{"a":1}')),
    /line 2: \.namespace: expected text, found nothing/,
  ],
  [
    'of the wrong types',
    lines((all) => all.with(1, all[1]?.replace(/"terminal":(true|false)/, '"terminal":"no"') ?? '')),
    /line 2: \.terminal: expected true or false, found "no"/,
  ],
  [
    'with states that there are not',
    lines((all) =>
      all.with(
        1,
        all[1]
          ?.replace('"RUNNING"', '"FLYING"')
          .replace('"PAUSED"', '"FLYING"')
          .replace('"STOPPED"', '"FLYING"')
          .replace('"CREATED"', '"FLYING"') ?? '',
      ),
    ),
    /line 2: \.status\.value: expected CREATED, RUNNING/,
  ],
  [
    'of another facet',
    lines((all) => all.with(0, all[0]?.replace('"containerd.tasks"', '"containerd.images"') ?? '')),
    /line 1: expected containerd\.tasks/,
  ],
  [
    'whose first line is an item',
    lines((all) => all.slice(1)),
    /line 1: \.facet: expected text, found nothing/,
  ],
  [
    'of a line that is too long',
    () => `{"facet":"${'x'.repeat(LIMITS.lineBytes)}"}\n`,
    /line 1 is longer than 8\.0 MiB/,
  ],
  [
    'nested without end',
    lines((all) => all.with(1, `${'['.repeat(500_000)}${']'.repeat(500_000)}`)),
    /line 2: not JSON as a bundle has it \(it is nested deeper than/,
  ],
  [
    'with a number without end',
    lines((all) => all.with(1, `{"$int":"${'9'.repeat(100_000)}"}`)),
    /line 2: .*an integer is no digits/,
  ],
  [
    'with a number in words',
    lines((all) => all.with(1, '{"$int":"many"}')),
    /line 2: not JSON as a bundle has it/,
  ],
  [
    'whose time is an escape',
    (content) => content.replace(/"at":"[^"]*"/, '"at":"\\u001b[2J"'),
    /line 1: \.at: expected a time/,
  ],
];

describe('a facet', () => {
  test.for(FACETS)('%s is refused with its file and line', async ([, change, says]) => {
    const path = await changed(SAMPLE, TASKS, change);
    const recorded = await opened(path);
    const error = await recorded.collect(['containerd.tasks']).then(
      () => undefined,
      (refusal: unknown) => refusal,
    );
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(says);
    expect((error as Error).message.startsWith(`${path}: ${TASKS}: `)).toBe(true);
    expect((error as Error).message).not.toMatch(/[\0-\x1f]/);
    // The others can be read all the same.
    expect((await recorded.collect(['containerd.images'])).facets['containerd.images']?.state).toBe('seen');
  });

  test('that is not UTF-8 is refused', async () => {
    const { gzipSync: gzip } = await import('node:zlib');
    const all = good().map((one) =>
      one.header.name === TASKS ? { ...one, content: Buffer.from([0x7b, 0xff, 0xfe, 0x0a]) } : one,
    );
    const recorded = await opened(fileOf(gzip(await tarOf(all))));
    await expect(recorded.collect(['containerd.tasks'])).rejects.toThrow(/line 1 is not UTF-8/);
  });
});

function pipe(): string {
  const path = join(scratch(), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

async function without(name: string): Promise<string> {
  const fewer = new Map(files);
  fewer.delete(name);
  return rebuilt(fewer);
}

async function version(change: object): Promise<string> {
  return changed(SAMPLE, 'version.json', (json) =>
    JSON.stringify({ ...(JSON.parse(json) as object), ...change }),
  );
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
