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
    expect(whys[0]).toMatch(/the repository is a list/);
    expect(whys[1]).toMatch(/damaged at byte 3000021 of 3000021: the end, where a value should be/);
  });

  test('longer than any name are not taken for one', async () => {
    const { names, whys } = await namesIn(
      `{"Repositories":{"a":{"a:1":"${ID}","${'x'.repeat(5000)}":"${ID}"}}}`,
    );
    expect(names).toEqual(['a:1 ID']);
    expect(whys[0]).toMatch(/a text of 5002 bytes/);
  });

  test('are read of a huge file as far as 64 MiB go', async () => {
    const root = made({ [PLACE]: '' });
    const fd = openSync(`${root}/${PLACE}`, 'w');
    writeSync(fd, `${whole.slice(0, -2)},"`);
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
  });
});
