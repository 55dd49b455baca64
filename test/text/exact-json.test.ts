import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { jsonComplaint, parseExactJson } from '../../src/text/exact-json.ts';
import { exactJson } from '../live/exact-json.ts';
import { foreignText } from './foreign-text.ts';

/** JSON text: numbers of any length, names and strings with digits, quotes and escapes. */
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
    fc.constantFrom('null', 'true', 'false', '0', '-0', '1e3', '12345678901234567890.5', '9007199254740992'),
    fc.oneof(foreignText, fc.bigInt().map(String)).map((text) => JSON.stringify(text)),
    fc.array(tie('json'), { maxLength: 5 }).map((items) => `[${items.join(' , ')}]`),
    fc
      .array(
        fc.tuple(fc.oneof(foreignText, fc.constantFrom('__proto__', '18446744073709551615')), tie('json')),
        {
          maxLength: 5,
        },
      )
      .map(
        (members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',\n')}}`,
      ),
  ),
}));

describe('exact JSON', () => {
  test.for([
    ['18446744073709551615', 18446744073709551615n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['0.1', 0.1],
    ['1e21', 1e21],
    ['"18446744073709551615"', '18446744073709551615'],
    ['"\\"18446744073709551615"', '"18446744073709551615'],
  ] as const)('%s keeps its digits', ([text, value]) => {
    expect(parseExactJson(text)).toBe(value);
  });

  test('is what the engine reads where it can show the source of a number', () => {
    fc.assert(
      fc.property(json, (text) => {
        expect(parseExactJson(text)).toEqual(exactJson(text));
      }),
    );
  });

  test('is refused as JSON.parse refuses it', () => {
    for (const text of ['', '{', '[1,]', '012345678901234567890', '+1', 'nul', '{"a":1}x', '"\n"']) {
      expect(() => parseExactJson(text)).toThrow(SyntaxError);
    }
  });

  test('of the largest messages is read in bounded time and space', () => {
    const escapes = `{"a":"${'\\"'.repeat(8 << 20)}","n":18446744073709551615}`;
    expect(parseExactJson(escapes)).toMatchObject({ n: 18446744073709551615n });
  });
});

describe('a complaint about JSON', () => {
  test('quotes nothing of the text', () => {
    const secret = 'hunter2';
    for (const text of [
      `["${secret}",oops]`,
      `{"password":"${secret}","b":nul}`,
      `${secret}`,
      `{"a":"${secret}`,
      `"${secret}" "`,
      `{"${secret}"`,
      `["${secret}"\n,x]`,
    ]) {
      const complaint = complaintOf(text);
      expect(complaint).not.toContain('unter');
      expect(complaint).toMatch(/^(Unexpected|Expected|Unterminated)/);
    }
  });

  test('keeps where it is', () => {
    expect(complaintOf('[1 2]')).toContain('position 3');
    expect(complaintOf('[oops]')).toBe("Unexpected token 'o'");
  });
});

const complaintOf = (text: string): string => {
  try {
    parseExactJson(text);
  } catch (error) {
    return jsonComplaint(error);
  }
  throw new Error(`${text} is JSON`);
};
