/** The help, made from the key table. */
import { width } from '../text/width.ts';
import { BINDINGS, type Binding, keyLabel } from './keys.ts';
import { EMPTY_LINE, fitLine, type Line, line, type Span, span, spansWidth, textLine } from './spans.ts';
import { wrapWords } from './wrap.ts';

const GROUPS: readonly Binding['group'][] = ['Move', 'Find', 'Look', 'Screen', 'While typing'];
// From here on two groups stand side by side.
const TWO_COLUMNS = 110;

/** All lines of the help, for a screen of `cells` cells. */
export const helpLines = (cells: number): readonly Line[] => {
  if (cells < TWO_COLUMNS) return GROUPS.flatMap((group) => groupLines(group, cells - 4)).map(indented);
  const half = Math.floor((cells - 8) / 2);
  const left = GROUPS.slice(0, 2).flatMap((group) => groupLines(group, half));
  const right = GROUPS.slice(2).flatMap((group) => groupLines(group, half));
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) =>
    indented(
      line(...fitLine(left[i] ?? EMPTY_LINE, half).spans, span('    '), ...(right[i] ?? EMPTY_LINE).spans),
    ),
  );
};

function groupLines(group: Binding['group'], cells: number): readonly Line[] {
  const bindings = merged(BINDINGS.filter((b) => b.group === group));
  const labels = bindings.map((b) => b.keys.map(keyLabel).join(' '));
  const indent = Math.max(...labels.map(width)) + 2;
  return [
    textLine(group, 'brand'),
    ...bindings.flatMap((b, i) => {
      const label = labels[i] ?? '';
      return wrapWords(b.words, Math.max(16, cells - indent)).map((text, j) => {
        const key: Span = span((j === 0 ? label : '').padEnd(indent), 'key');
        return line(key, span(text));
      });
    }),
    EMPTY_LINE,
  ];
}

// Bindings that say the same in several scopes are one line.
function merged(bindings: readonly Binding[]): readonly Binding[] {
  const byWords = new Map<string, Binding>();
  for (const b of bindings) {
    const known = byWords.get(b.words);
    byWords.set(b.words, known === undefined ? b : { ...known, keys: [...known.keys, ...b.keys] });
  }
  return [...byWords.values()];
}

function indented(l: Line): Line {
  return spansWidth(l.spans) === 0 ? l : { ...l, spans: [span('  '), ...l.spans] };
}
