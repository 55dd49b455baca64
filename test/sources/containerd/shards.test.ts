import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CallFailure, STATUS } from '../../../src/sources/containerd/failure.ts';
import { listSharded, parityPatterns } from '../../../src/sources/containerd/shards.ts';
import { foreignText } from '../../text/foreign-text.ts';

describe('parity patterns', () => {
  test('are two, of which exactly one matches any text', () => {
    fc.assert(
      fc.property(foreignText, fc.nat({ max: 6 }), (text, bit) => {
        const matches = parityPatterns(bit).filter((pattern) => new RegExp(pattern).test(text));
        expect(matches).toHaveLength(1);
      }),
    );
  });

  test('tell apart names that differ in one character', () => {
    const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.string(), printable, printable, fc.string(), (before, one, other, after) => {
        fc.pre(one !== other);
        const differs = [0, 1, 2, 3, 4, 5, 6].some((bit) => {
          const [even] = parityPatterns(bit).map((pattern) => new RegExp(pattern));
          return even?.test(before + one + after) !== even?.test(before + other + after);
        });
        expect(differs).toBe(true);
      }),
    );
  });

  test('use nothing that RE2 lacks, and no more than a filter may hold', () => {
    for (const pattern of [0, 1, 2, 3, 4, 5, 6].flatMap((bit) => parityPatterns(bit))) {
      expect(pattern).not.toMatch(/\\[^x]|\(\?|[{}]/);
      expect(pattern.length).toBeLessThan(2000);
    }
  });
});

describe('a list that is over the limit', () => {
  const name = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'abcxyz019/:.-_@é漢"\\') });
  const names = fc.uniqueArray(name, { maxLength: 60 });

  test('is read in parts, every item once, and in one call where that is enough', async () => {
    await fc.assert(
      fc.asyncProperty(names, fc.integer({ min: 8, max: 100 }), async (all, limit) => {
        const server = serverOf(all, limit);
        const listed = await listSharded('name', server.list);
        expect(listed.toSorted()).toEqual(all.toSorted());
        if (all.length <= limit) expect(server.asked).toEqual([[]]);
        else expect(server.asked.length).toBeGreaterThan(2);
      }),
      { numRuns: 50 },
    );
  });

  test('that cannot be cut small enough fails as cut off', async () => {
    const anagrams = ['abc', 'acb', 'bac', 'bca', 'cab', 'cba'];
    const server = serverOf(anagrams, 5);
    await expect(listSharded('name', server.list)).rejects.toMatchObject({ state: 'truncated' });
    expect(server.asked.length).toBeLessThanOrEqual(2 ** 8);
  });

  test('fails at once for any other reason', async () => {
    let calls = 0;
    const failing = async (): Promise<never> => {
      calls += 1;
      throw failure(STATUS.PERMISSION_DENIED, 'denied');
    };
    await expect(listSharded('name', failing)).rejects.toMatchObject({ state: 'denied' });
    const broken = (): Promise<never> => Promise.reject(new TypeError('a bug'));
    await expect(listSharded('name', broken)).rejects.toThrow(TypeError);
    expect(calls).toBe(1);
  });
});

const failure = (code: number, state: 'truncated' | 'denied'): CallFailure =>
  new CallFailure({ code, state, method: 'a.v1.Images/List', why: 'over the limit', ms: 1 });

/** A server with containerd's filters that sends so many items at most. */
const serverOf = (
  names: readonly string[],
  limit: number,
): { asked: string[][]; list: (filters: string[]) => Promise<string[]> } => {
  const asked: string[][] = [];
  return {
    asked,
    list: async (filters) => {
      asked.push(filters);
      const wanted = names.filter((name) => filters.length === 0 || filters.some((f) => holds(f, name)));
      if (wanted.length > limit) throw failure(STATUS.RESOURCE_EXHAUSTED, 'truncated');
      return wanted;
    },
  };
};

/** `name~="REGEX",name~="REGEX"`: all of them; the values are Go's string literals. */
const holds = (filter: string, name: string): boolean => {
  const conditions = [...filter.matchAll(/name~="((?:[^"\\]|\\.)*)"(?:,|$)/gy)];
  expect(conditions.map(([whole]) => whole).join('')).toBe(filter);
  return conditions.every(([, value = '']) => new RegExp(value.replaceAll(/\\(.)/g, '$1')).test(name));
};
