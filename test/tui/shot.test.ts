import { expect, test } from 'vitest';
import { screenOf, toPng, toSvg } from '../../scripts/shot.ts';

test('a picture has each cell at its place, with its colours', async () => {
  const svg = toSvg(
    await screenOf('a<\x1b[1;31mB\x1b[0m\n\x1b[7mr\x1b[0m \x1b[38;5;196mx\x1b[48;2;1;2;3my', 10, 3),
  );
  expect(svg).toContain('width="84.3" height="51"');
  expect(svg).toContain('<text x="8.43" y="13" fill="#c0caf5">&lt;</text>');
  expect(svg).toContain('fill="#f7768e" font-weight="bold">B</text>');
  expect(svg).toMatch(
    /<rect x="0\.00" y="17" [^>]*fill="#c0caf5"\/>\n<text x="0\.00" y="30" fill="#1a1b26">r<\/text>/,
  );
  expect(svg).toContain('fill="#ff0000">x</text>');
  expect(svg).toContain('fill="#010203"/>');
});

test('a wide character takes two cells and is drawn once', async () => {
  const svg = toSvg(await screenOf('中x', 10, 1));
  expect(svg.match(/<text /g)).toHaveLength(2);
  expect(svg).toContain('<text x="16.86" y="13" fill="#c0caf5">x</text>');
});

test('the PNG is one', async () => {
  const png = toPng(toSvg(await screenOf('x', 10, 2)));
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.readUInt32BE(16)).toBe(Math.floor(84.3 * 1.5));
});
