/** Docker's data directories of any content: whatever is in their files, reading them ends soon, and what comes is facts or gaps. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { isUnknown, type Listing, type Observed } from '../../src/host/observed.ts';
import { HERE } from '../../src/sources/docker/disk/files.ts';
import { openDirectory } from '../../src/sources/docker/disk/open.ts';
import { mutate, type Random, randomOf } from '../bolt/mutate.ts';
import { FACETS } from '../sources/docker/disk/read.ts';
import { CONTAINERD, GRAPHDRIVER, hex, IMAGE, writeFiles } from '../sources/docker/disk/tree.ts';
import { foreignText } from '../text/foreign-text.ts';
import { nested, repetitive, soon } from './bounds.ts';

const CASES = process.env['CTRSCOPE_TESTS'] === 'full' ? 5_000 : 300;

let folder: string;
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ctrscope-fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads everything and returns how much is wrong; whatever it finds must be facts, gaps that name a file, or a failure that says why. */
const readAll = (root: string): Promise<number> =>
  soon(async () => {
    const directory = openDirectory({ disk: HERE, root });
    const before = memory();
    let faults = 0;
    for (const name of FACETS) {
      const fact: Observed<object> = await directory[name]();
      if (isUnknown(fact)) {
        faults += 1;
        expect(fact.why, name).not.toBe('');
      }
      if (fact.state !== 'seen' || !isListing(fact.value)) continue;
      faults += fact.value.gaps.length;
      expect(fact.value.gaps.length, name).toBeLessThanOrEqual(201);
      for (const gap of fact.value.gaps) {
        expect(gap.why.length, gap.why).toBeLessThan(2000);
        expect(gap.from.startsWith(root), gap.from).toBe(true);
      }
      for (const item of fact.value.items) expect(item).toBeTypeOf('object');
    }
    await directory.databases();
    expect(memory() - before).toBeLessThan(MOST_BYTES);
    return faults;
  });

/** Far above what any of these directories is made of: it tells a length that was believed. */
const MOST_BYTES = 100 * 2 ** 20;

const memory = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const isListing = (value: object): value is Listing<unknown> => 'items' in value;

const filesBelow = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();

test(`${CASES} damaged files of sound directories`, async () => {
  const root = join(folder, 'sound');
  mkdirSync(root);
  writeFiles(root, {
    ...GRAPHDRIVER,
    ...CONTAINERD,
    ...{ 'volumes/metadata.db': GRAPHDRIVER['volumes/metadata.db'] ?? '' },
  });
  const files = filesBelow(root).map((path) => ({ path, bytes: readFileSync(path) }));
  const random = randomOf(20_260_501);
  let noticed = 0;
  for (let i = 0; i < CASES; i += 1) {
    const file = files[random(files.length)];
    if (file === undefined) throw new Error('no file');
    writeFileSync(file.path, spoil(file.bytes, random));
    const faults = await readAll(root).catch((error: unknown) => {
      throw new Error(`case ${i}: ${file.path}`, { cause: error });
    });
    if (faults > 0) noticed += 1;
    writeFileSync(file.path, file.bytes);
  }
  expect(await readAll(root)).toBe(0);
  // Of a third nothing can be known: a label's value, a size, a page that no bucket uses.
  expect(noticed).toBeGreaterThan(CASES / 5);
}, 600_000);

/** As disks and crashes do it: databases page by page, small files byte by byte. */
const spoil = (original: Buffer, random: Random): Buffer => {
  if (original.length >= 8192) return mutate(original, 4096, random).bytes;
  const bytes = Buffer.from(original);
  const [from, to] = [random(bytes.length + 1), random(bytes.length + 1)].toSorted((a, b) => a - b) as [
    number,
    number,
  ];
  switch (random(6)) {
    case 0:
      return bytes.subarray(0, from);
    case 1:
      return bytes.fill(0, from, to);
    case 2:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    case 4:
      return Buffer.concat([bytes, Buffer.alloc(random(9000))]);
    default:
      for (let i = from; i < Math.min(to, from + 20); i += 1) bytes[i] = random(256);
      return bytes;
  }
};

// Where Docker has JSON, of which everything else is a mutation.
const JSON_FILES = [
  'image/overlay2/repositories.json',
  `image/overlay2/imagedb/content/sha256/${IMAGE.slice(7)}`,
  `containers/${hex('web')}/config.v2.json`,
  `containers/${hex('web')}/hostconfig.json`,
];

const key = fc.oneof(
  fc.constantFrom(
    'Repositories',
    'ID',
    'Name',
    'State',
    'Config',
    'Image',
    'ImageManifest',
    'Driver',
    'Labels',
    'Created',
    'rootfs',
    'diff_ids',
    'digest',
    'size',
    'Memory',
    'Pid',
    'StartedAt',
    '__proto__',
    'constructor',
  ),
  foreignText,
);
const { document } = fc.letrec<{ document: unknown }>((tie) => ({
  document: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, IMAGE, hex('web'), '2026-01-01T00:00:00Z', 1e300, -1),
    fc.bigInt().map(String),
    foreignText,
    fc.array(tie('document'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('document')), { maxLength: 6 }).map((all) => Object.fromEntries(all)),
  ),
}));

describe('JSON of any shape in the place of', () => {
  test.each(JSON_FILES)('%s', async (path) => {
    const content = fc.oneof(
      { weight: 6, arbitrary: document.map((value) => JSON.stringify(value)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    );
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        const root = join(folder, String(++count));
        writeFiles(root, { [path]: bytes });
        await readAll(root);
        rmSync(root, { recursive: true });
      }),
      { numRuns: 150 },
    );
  });

  test.each(JSON_FILES)('%s, deep or repetitive', async (path) => {
    const content = fc.oneof(
      nested,
      repetitive(['"', '\\', '{"', '1234567890123456', '"a":', '[', ',', ' ', 'sha256:'], 1_000_000),
      repetitive(['\\"', '"1234567890123456', 'e1'], 1_000_000).map((text) => `{"Name":"${text}"}`),
    );
    await fc.assert(
      fc.asyncProperty(content, async (text) => {
        const root = join(folder, String(++count));
        writeFiles(root, { [path]: text });
        await readAll(root);
        rmSync(root, { recursive: true });
      }),
      { numRuns: 15 },
    );
  });
});

test('names of any text in every folder', async () => {
  const name = foreignText.filter(
    (text) => !/[/\0]/.test(text) && !['', '.', '..'].includes(text) && Buffer.byteLength(text) < 200,
  );
  const place = fc.constantFrom(
    '',
    'image',
    'image/overlay2/imagedb/content/sha256',
    'image/overlay2/layerdb/sha256',
    'image/overlay2/layerdb/mounts',
    'overlay2',
    'containers',
    'volumes',
    'rootfs',
    'buildkit',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(place, name, fc.boolean()), { maxLength: 8 }), async (names) => {
      const root = join(folder, String(++count));
      mkdirSync(root);
      for (const [where, what, isFolder] of names) {
        try {
          writeFiles(root, { [join(where, what)]: isFolder ? null : 'x' });
        } catch {
          // Names that another of them does not leave room for.
        }
      }
      await readAll(root);
      rmSync(root, { recursive: true });
    }),
    { numRuns: 150 },
  );
});
