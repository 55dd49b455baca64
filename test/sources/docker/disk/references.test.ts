import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { missed, read } from './read.ts';
import { hex, scratch } from './tree.ts';

const made = scratch();
const PLACE = 'image/overlay2/repositories.json';
const ID = `sha256:${hex('id')}`;
const OTHER = `sha256:${hex('other')}`;

const namesIn = async (
  content: string | Uint8Array,
): Promise<{ names: string[]; whys: string[]; missed: string[] }> => {
  const root = made({ [PLACE]: content });
  const listing = await read(root, 'docker.references');
  expect(listing.gaps.every(({ from }) => from === `${root}/${PLACE}`)).toBe(true);
  return {
    names: listing.items.map(({ reference, imageId }) => `${reference} ${imageId === ID ? 'ID' : 'OTHER'}`),
    whys: listing.gaps.map(({ why }) => why.replace(`${root}/`, '')),
    missed: missed(listing),
  };
};

const whole = JSON.stringify({
  Repositories: {
    a: { 'a:1': ID, 'a:2': OTHER },
    'b.test/c': { 'b.test/c:1': ID },
  },
});

describe('names of images out of a repositories.json', () => {
  test('are all there, whatever order and spacing the file has', async () => {
    const spaced = JSON.stringify(
      { x: [1, { y: [null, 'z'] }], ...JSON.parse(whole), after: -1.5e3 },
      null,
      2,
    );
    for (const text of [whole, spaced, `${whole}\n`]) {
      expect(await namesIn(text)).toEqual({
        names: ['a:1 ID', 'a:2 OTHER', 'b.test/c:1 ID'],
        whys: [],
        missed: [],
      });
    }
  });

  test('have escapes resolved, and the last of two with one name counts', async () => {
    const text = `{"Repositories":{"a":{"\\u0061:1":"${OTHER}","a:1":"${ID}"}}}`;
    expect(await namesIn(text)).toMatchObject({ names: ['a:1 ID'], missed: [] });
  });

  test.each<readonly [string, string, string[]]>([
    ['no repositories', '{}', []],
    ['null for the repositories', '{"Repositories":null}', []],
    ['null for one repository', `{"Repositories":{"a":null,"b":{"b:1":"${ID}"}}}`, ['b:1 ID']],
  ])('are few with %s, as Go reads it', async (_, text, names) => {
    expect(await namesIn(text)).toEqual({ names, whys: [], missed: [] });
  });

  test('are those before the place where a file is cut off, wherever that is', async () => {
    for (let length = 1; length < whole.length; length += 1) {
      const { names, whys, missed: lost } = await namesIn(whole.slice(0, length));
      const complete = [...whole.slice(0, length).matchAll(/"sha256:[0-9a-f]{64}"/g)].length;
      expect(names, `${length} bytes`).toHaveLength(complete);
      expect(lost).toEqual(['failed graphdriver overlay2']);
      expect(whys[0]).toMatch(
        new RegExp(
          `^${PLACE} is damaged at byte \\d+ of ${length}: .*; ${complete} entries before it are read$`,
        ),
      );
    }
  });

  test('are those before a place that is no JSON', async () => {
    const at = whole.indexOf('"a:2"');
    const zeroed = Buffer.from(whole).fill(0, at, at + 20);
    expect(await namesIn(zeroed)).toMatchObject({
      names: ['a:1 ID'],
      whys: [
        `${PLACE} is damaged at byte ${at} of ${whole.length}: byte 0x00, where a text should be; 1 entries before it are read`,
      ],
    });
  });

  test('are none of an empty file, which is said: dockerd does not start with it', async () => {
    expect(await namesIn('')).toMatchObject({
      names: [],
      missed: ['failed graphdriver overlay2'],
      whys: [expect.stringContaining('is empty; dockerd does not start')],
    });
  });

  test.each<readonly [string, string, string[], string[]]>([
    ['a list as document', '[]', [], ['failed graphdriver overlay2']],
    ['a list of repositories', '{"Repositories":[{}]}', [], ['failed graphdriver overlay2']],
    [
      'a text as repository',
      `{"Repositories":{"x":"y","a":{"a:1":"${ID}"}}}`,
      ['a:1 ID'],
      ['failed reference x'],
    ],
    [
      'numbers, objects and texts as image',
      `{"Repositories":{"a":{"n":5,"o":{"p":[]},"t":"sha256:beef","u":null,"a:1":"${ID}"}}}`,
      ['a:1 ID'],
      ['failed reference n', 'failed reference o', 'failed reference t', 'failed reference u'],
    ],
  ])('lack only what is wrong of %s', async (_, text, names, lost) => {
    const found = await namesIn(text);
    expect(found).toMatchObject({ names, missed: lost });
    for (const why of found.whys) expect(why).toMatch(/, byte \d+: /);
  });

  test('say the byte and what was found there', async () => {
    const text = `{"Repositories":{"a":{"a:1":17}}}`;
    expect((await namesIn(text)).whys).toEqual([
      `${PLACE}, byte ${text.indexOf('17')}: the image is a number, not a text`,
    ]);
  });

  test('of a million wrong entries are said in two hundred, and the number of the others', async () => {
    const text = `{"Repositories":{"a":{${'"":1,'.repeat(1_000_000)}"a:1":"${ID}"}}}`;
    const { names, whys } = await namesIn(text);
    expect(names).toEqual(['a:1 ID']);
    expect(whys).toHaveLength(201);
    expect(whys.at(-1)).toBe('999800 more faults of this kind of file are not listed');
  });

  test('of nested lists without end cost no stack', async () => {
    const { whys } = await namesIn(`{"Repositories":{"a":${'['.repeat(3_000_000)}`);
    // As deep as Go reads, which takes no more than that of them either.
    expect(whys[0]).toMatch(
      /damaged at byte 10021 of 3000021: more than 10000 objects or lists in each other/,
    );
  });

  test('longer than any name are not taken for one', async () => {
    const { names, whys } = await namesIn(
      `{"Repositories":{"a":{"a:1":"${ID}","${'x'.repeat(5000)}":"${ID}"}}}`,
    );
    expect(names).toEqual(['a:1 ID']);
    expect(whys[0]).toMatch(/the name is a text longer than any name/);
  });

  test('are read of a huge file as far as 64 MiB go', async () => {
    const root = made({ [PLACE]: '' });
    const fd = openSync(`${root}/${PLACE}`, 'w');
    writeSync(fd, `${whole.slice(0, -2)}${' '.repeat(64 * 2 ** 20)}`);
    // Zero bytes, of which the disk holds none.
    ftruncateSync(fd, 10 * 2 ** 30);
    closeSync(fd);
    const before = process.memoryUsage().arrayBuffers;
    const listing = await read(root, 'docker.references');
    expect(listing.items).toHaveLength(3);
    expect(listing.gaps).toMatchObject([
      {
        state: 'truncated',
        object: { kind: 'graphdriver', id: 'overlay2' },
        why: expect.stringContaining('10.0 GiB, of which the first 64.0 MiB are read; 3 entries'),
      },
    ]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(80 * 2 ** 20);
    // Nobody knows what dockerd would make of the rest.
    const files = await read(root, 'docker.referenceFiles');
    expect(files.items).toEqual([]);
    expect(files.gaps).toMatchObject([{ state: 'truncated', object: { id: 'overlay2' } }]);
  });

  test('are the first hundred thousand of a million, in all files together', async () => {
    const entries = (repository: string, many: number): string =>
      `{"Repositories":{"${repository}":{${Array.from({ length: many }, (_, i) => `"${repository}:${i}":"${ID}"`).join()}}}}`;
    const root = made({
      [PLACE]: entries('a', 60_000),
      'image/vfs/repositories.json': entries('b', 500_000),
      'image/zfs/repositories.json': entries('c', 1),
    });
    const { items, gaps } = await read(root, 'docker.references');
    expect(items).toHaveLength(100_000);
    expect(items.at(-1)).toMatchObject({ driver: 'vfs', reference: 'b:39999' });
    const why = expect.stringContaining('has more than the 100000 names that are read');
    const cut = ['vfs', 'zfs'].map((id) => ({
      state: 'truncated',
      object: { kind: 'graphdriver', id },
      why,
    }));
    expect(gaps).toMatchObject(cut);
    // What is read to its end is judged; of the others nothing is said.
    const files = await read(root, 'docker.referenceFiles');
    expect(files.items).toMatchObject([{ driver: 'overlay2', names: 60_000, refused: null }]);
    expect(files.gaps).toMatchObject(cut);
  });

  test('of exactly as many as are read are all there', async () => {
    const names = Array.from({ length: 100_000 }, (_, i) => `"a:${i}":"${ID}"`).join();
    const listing = await read(made({ [PLACE]: `{"Repositories":{"a":{${names}}}}` }), 'docker.references');
    expect([listing.items.length, listing.gaps]).toEqual([100_000, []]);
  });
});

describe('a repositories.json as a file', () => {
  const fileOf = async (content: string | Uint8Array) => {
    const root = made({ [PLACE]: content });
    const { items, gaps } = await read(root, 'docker.referenceFiles');
    expect(gaps).toEqual([]);
    expect(items.map(({ driver, path }) => [driver, path])).toEqual([['overlay2', `${root}/${PLACE}`]]);
    return items[0];
  };
  const one = (entries: string): string => `{"Repositories":{"a":{"a:1":"${ID}",${entries}}}}`;

  test.each<readonly [string, string]>([
    ['whole', whole],
    ['with more after the document', `${whole}garbage`],
    ['with zeros after it', `${whole}\0\0\0`],
    ['with its key in other letters', whole.replace('Repositories', 'repositories')],
    ['with null for a repository', whole.replace('"b.test/c":{', '"x":null,"b.test/c":{')],
    ['with more than is known', whole.replace('{', '{"x":[1.5e-3,{"y":[true,"\\u00e9"]}],')],
  ])('%s is taken by dockerd', async (_, text) => {
    expect(await fileOf(text)).toMatchObject({
      size: BigInt(text.length),
      names: 3,
      refused: null,
      dropped: [],
      droppedCount: 0,
    });
  });

  test.each<readonly [string, string, number]>([
    ['empty', '', 0],
    ['of blanks', ' \n', 2],
    ['of zeros', '\0\0\0', 0],
    ['behind a mark of its encoding', `\ufeff${whole}`, 0],
    ['cut off', whole.slice(0, 40), 28],
    ['that is null', 'null', 0],
    ['that is a list', ' []', 1],
    ['with a list of repositories', '{"Repositories":[]}', 16],
    ['with a text as repository', '{"Repositories":{"a":"b"}}', 21],
    ['with a number as image', one('"a:2":5'), one('').indexOf('",}') + 8],
    ['with a word that is none', '{"x":nul}', 5],
    ['with a number that is none', '{"x":01}', 5],
    ['with a comma too many', '{"x":[1,]}', 8],
    ['with a comma too few', '{"x":[1 2]}', 8],
    ['with a colon in a list', '{"x":[1:2]}', 7],
    ['with a key that is none', '{"x":{1:2}}', 6],
    ['with a bracket of the other kind', '{"x":[1}}', 7],
    ['with an escape that is none', '{"x":"\\x"}', 6],
    ['with half an escape', '{"x":"\\u00', 5],
    ['with a line break in a text', '{"x":"\n"}', 6],
  ])('%s is refused by dockerd, from there on', async (_, text, offset) => {
    expect(await fileOf(text)).toMatchObject({ refused: { offset, what: expect.stringMatching(/\S/) } });
  });

  test('has the entries that dockerd drops, twenty of them word by word', async () => {
    const long = `"${'x'.repeat(5000)}":"${ID}"`;
    expect(await fileOf(one(`"n":null,"t":"","b":"sha256:beef",${long}`))).toMatchObject({
      names: 1,
      refused: null,
      droppedCount: 4,
      dropped: [
        { what: 'n: the image is null, not a text' },
        { what: 't: the image is "", no digest' },
        { what: 'b: the image is "sha256:beef", no digest' },
        { what: 'the name is a text longer than any name' },
      ],
    });
    const many = await fileOf(one(Array.from({ length: 300 }, (_, i) => `"x:${i}":null`).join()));
    expect([many?.dropped.length, many?.droppedCount]).toEqual([20, 300]);
  });

  test('that is broken after many dropped entries is refused all the same', async () => {
    const nulls = Array.from({ length: 300 }, (_, i) => `"x:${i}":null`).join();
    expect(await fileOf(one(`${nulls},"y":7`))).toMatchObject({
      refused: { what: expect.stringContaining('a number') },
    });
  });

  test('that is gone beside images has no size; that may not be read is none at all', async () => {
    const root = made({ [`image/overlay2/imagedb/content/sha256/${hex('x')}`]: '{}' });
    expect((await read(root, 'docker.referenceFiles')).items).toMatchObject([{ size: null, names: 0 }]);
    const folder = made({ [`${PLACE}/x`]: '' });
    const { items, gaps } = await read(folder, 'docker.referenceFiles');
    expect(items).toEqual([]);
    expect(gaps).toMatchObject([{ state: 'failed', object: { kind: 'graphdriver', id: 'overlay2' } }]);
  });
});
