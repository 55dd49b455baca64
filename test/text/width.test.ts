import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { pad, truncateEnd, truncateMiddle, width } from '../../src/text/width.ts';
import { foreignText } from './foreign-text.ts';

test.for([
  ['', 0],
  ['web', 3],
  ['漢字', 4],
  ['e\u0301', 1],
  ['🐳', 2],
  ['👩‍👩‍👧', 2],
] as const)('%s takes %d cells', ([text, cells]) => {
  expect(width(text)).toBe(cells);
});

test('a text is padded on either side, and never cut by it', () => {
  expect(pad('漢', 4)).toBe('漢  ');
  expect(pad('漢', 4, 'right')).toBe('  漢');
  expect(pad('longer', 2)).toBe('longer');
});

describe('a text that is too long', () => {
  test.for([
    ['sha256:0123456789abcdef', 9, 'sha2…cdef'],
    ['sha256:0123456789abcdef', 1, '…'],
    ['sha256:0123456789abcdef', 0, ''],
    ['short', 5, 'short'],
    ['漢字漢字', 5, '漢…字'],
  ] as const)('%s in %d cells, cut in the middle, is %s', ([text, cells, cut]) => {
    expect(truncateMiddle(text, cells)).toBe(cut);
  });

  test.for([
    ['a=1,b=2,c=3', 6, 'a=1,b…'],
    ['a=1', 3, 'a=1'],
    ['a=1', 0, ''],
  ] as const)('%s in %d cells, cut at its end, is %s', ([text, cells, cut]) => {
    expect(truncateEnd(text, cells)).toBe(cut);
  });

  test('is never wider than its room, and no character is halved', () => {
    fc.assert(
      fc.property(foreignText, fc.nat({ max: 20 }), (text, cells) => {
        for (const cut of [truncateMiddle(text, cells), truncateEnd(text, cells)]) {
          expect(width(cut)).toBeLessThanOrEqual(cells);
          if (!/\p{Cs}/u.test(text)) expect(cut).not.toMatch(/\p{Cs}/u);
        }
      }),
    );
  });
});
