import fc from 'fast-check';

/** Characters that act on a terminal, a spreadsheet, a page or a parser. */
const SHARP = [
  ...'\u0000\u0007\b\t\n\r\u001b\u007f\u0085\u009b\u00ad\u061c\u200b\u200e\u2028\u2029\u202e\u2066\u2069\ufeff',
  ...'"\'\\`<>&|,;=+-@#*_[]{}()~$%:/. ',
  '\ud800',
  '\udfff',
  '\u{e0041}',
  '漢',
  '🐳',
  'e\u0301',
  '👩‍👩‍👧',
];

/** Text as containers can name things: any characters, the sharp ones often. */
export const foreignText: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(fc.constantFrom(...SHARP), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
});

/** What no output may hold but in an escape; the end of a line is the program's own. */
export const ACTS_ON_TERMINALS =
  /[^\n\P{Cc}]|[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/u;
