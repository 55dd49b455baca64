import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decode, decodeSnapshot, encode } from '../../src/host/codec.ts';
import {
  isSecretKey,
  WITHHELD,
  withholdArgs,
  withholdEnv,
  withholdJson,
  withholdLabels,
  withholdText,
} from '../../src/host/secrets.ts';
import { foreignText } from '../text/foreign-text.ts';
import { nested, repetitive, soon } from './bounds.ts';

/** Beginnings of everything that is looked for. */
const PIECES = [
  'a-',
  '-a',
  '--token ',
  '--token=',
  "--password='",
  'eyJaaaaaaaa-',
  'eyJaaaaaaaa.',
  'eyJ',
  'a://',
  'x://a:b',
  'x://a:b@',
  '-----BEGIN ',
  '-----BEGIN PRIVATE KEY-----',
  '-----END ',
  'a=',
  'a="',
  "a='",
  'PASSWORD=',
  'sk-',
  'ghp_',
  'AKIA',
  '?key=',
  '&token=',
  'hooks.slack.com/services/',
  'Authorization: ',
  'bearer ',
  'basic ',
  ' ',
  'aB',
  '"',
  "'",
  ';',
  '[',
  '{',
];
const hostile = repetitive(PIECES);

describe('withholding, on text made to keep it busy', () => {
  test.for([
    ['text', withholdText],
    ['a script', (text: string) => withholdArgs([text, text])],
    ['a key', isSecretKey],
    ['an environment', (text: string) => withholdEnv([text])],
    ['labels', (text: string) => withholdLabels({ [text]: text, label: text })],
    [
      'JSON',
      (text: string) => withholdJson({ [text]: text, env: [text], args: [text], labels: { a: text } }),
    ],
  ] as const)('of %s comes to an end', async ([, withhold]) => {
    await fc.assert(
      fc.asyncProperty(hostile, (text) => soon(() => void withhold(text))),
      { numRuns: 60 },
    );
  });

  test('never makes more of it than it was, and a mark', () => {
    fc.assert(
      fc.property(fc.oneof(foreignText, repetitive(PIECES, 500)), (text) => {
        const marks = withholdText(text).split(WITHHELD).length - 1;
        expect(withholdText(text).length).toBeLessThanOrEqual(text.length + marks * WITHHELD.length);
        expect(withholdArgs([text, text])).toHaveLength(2);
        expect(Object.keys(withholdLabels({ [text]: text }))).toEqual([text]);
      }),
    );
  });

  test('leaves any JSON the shape it had', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const shape = (one: unknown): unknown =>
          Array.isArray(one)
            ? one.map(shape)
            : typeof one === 'object' && one !== null
              ? Object.keys(one).toSorted()
              : 'scalar';
        expect(shape(withholdJson(value))).toEqual(shape(value));
      }),
    );
  });

  test('lets no password of an environment through, wherever it is nested', () => {
    const secret = 'canary-5d41402a';
    const name = fc.constantFrom('env', 'Env', 'environment');
    const env = fc.constantFrom<unknown>(
      [`A=${secret}`, `PASSWORD=${secret}=${secret}`],
      { A: secret, B: { C: secret } },
      [{ name: 'A', value: secret }],
      secret,
    );
    fc.assert(
      fc.property(name, env, fc.array(foreignText, { maxLength: 5 }), (key, value, path) => {
        const inner: unknown = { [key]: value };
        const spec = path.reduce<unknown>(
          (below, step) => (step === '' ? [below] : { [step]: below }),
          inner,
        );
        expect(JSON.stringify(withholdJson(spec))).not.toContain(secret);
      }),
    );
  });
});

describe('a recording of any text', () => {
  const text = fc.oneof(
    nested,
    foreignText,
    fc.json({ maxDepth: 6 }),
    fc.constantFrom(
      '{"$int":"x"}',
      '{"$int":{}}',
      '{"$int":null}',
      `{"$int":"${'9'.repeat(1_000_000)}"}`,
      '{"schemaVersion":1,"facets":null}',
      '{"schemaVersion":1e999,"facets":{}}',
      '{"__proto__":{"schemaVersion":1,"facets":{}}}',
    ),
  );

  test('is read, or refused with an error', async () => {
    await fc.assert(
      fc.asyncProperty(text, (one) =>
        soon(() => {
          for (const read of [decode, decodeSnapshot]) {
            try {
              const value = read(one);
              expect(encode(value).length).toBeLessThan(one.length * 8 + 100);
            } catch (error) {
              expect(error).toBeInstanceOf(Error);
              expect((error as Error).message).not.toMatch(/Cannot read|is not a function|call stack/);
            }
          }
        }),
      ),
      { numRuns: 200 },
    );
  });
});
