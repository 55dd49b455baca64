import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';

import { jsonText } from '../../src/report/json.ts';
import { yamlText } from '../../src/report/yaml.ts';
import { exactJson } from '../live/exact-json.ts';
import { ACTS_ON_TERMINALS, foreignText } from '../text/foreign-text.ts';

const name = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', '$int', 'a b', '- ', 'null', '1e3'),
  foreignText,
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, -1.5, 1e300),
    fc.bigInt({ min: -(1n << 64n), max: 1n << 64n }),
    name,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
}));

describe('a document', () => {
  test('writes integers of any size as digits', () => {
    const document = {
      size: 18446744073709551615n,
      negative: -9223372036854775808n,
      small: 7n,
      many: [1n, 2n],
    };
    expect(jsonText(document, 'line')).toBe(
      '{"size":18446744073709551615,"negative":-9223372036854775808,"small":7,"many":[1,2]}\n',
    );
  });

  test('keeps digits that are text as text', () => {
    expect(jsonText({ label: '18446744073709551615', '7': '"7"' }, 'line')).toBe(
      '{"7":"\\"7\\"","label":"18446744073709551615"}\n',
    );
  });

  test('is several lines, or one', () => {
    expect(jsonText({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}\n');
    expect(jsonText({ a: 'two\nlines' }, 'line')).toBe('{"a":"two\\nlines"}\n');
  });

  test('writes what would act on a terminal as escapes', () => {
    expect(jsonText({ '\u001b[2J': '\u202e\u009b\u2028\u{e0041}\ud800' }, 'line')).toBe(
      '{"\\u001b[2J":"\\u202e\\u009b\\u2028\\udb40\\udc41\\ud800"}\n',
    );
  });

  test('is the same value for whoever reads it, in JSON and in YAML, and acts on no terminal', () => {
    fc.assert(
      fc.property(value, (document) => {
        for (const text of [jsonText(document), jsonText(document, 'line')]) {
          expect(text).not.toMatch(ACTS_ON_TERMINALS);
          expect(withBigints(exactJson(text))).toEqual(withBigints(document));
        }
        const yaml = yamlText(document);
        expect(yaml).not.toMatch(ACTS_ON_TERMINALS);
        expect(withBigints(parseYaml(yaml, { intAsBigInt: true }))).toEqual(withBigints(document));
      }),
      { numRuns: 500 },
    );
  });
});

/** Integers as bigint throughout: a reader does not see which type one was written from. */
const withBigints = (given: unknown): unknown => {
  if (typeof given === 'number' && Number.isInteger(given)) return BigInt(given);
  if (Array.isArray(given)) return given.map(withBigints);
  if (typeof given !== 'object' || given === null) return given;
  return Object.entries(given).map(([key, inner]) => [key, withBigints(inner)]);
};
