/** One comparison as the detail pane shows it: the verdict, the rule, and what both sides have shown. */
import type { ReconcileRow, ReconcileSide } from '../host/reconcile/row.ts';
import { type ReconcileState, RULES } from '../host/reconcile/rules.ts';
import { distinct } from '../host/unknown-entries.ts';
import { screenText } from './foreign.ts';
import { markOf, styleOf } from './marks.ts';
import { EMPTY_LINE, type Line, line, span, textLine } from './spans.ts';
import type { Table } from './table.ts';
import type { Unknowns } from './unknowns.ts';
import { wrapHard, wrapWords } from './wrap.ts';

const WORDS: Readonly<Record<ReconcileState, string>> = {
  agrees: 'agrees',
  expected: 'expected difference',
  stale: 'stale',
  broken: 'broken',
  unknown: 'unknown',
};

/** All lines of the tab. */
export const evidenceLines = (
  table: Table,
  row: number,
  unknowns: Unknowns,
  cells: number,
): readonly Line[] => {
  const compared = table.compared(row);
  if (compared === undefined) return [];
  const tone = table.tone(row);
  const { detail, rule, docker, containerd } = compared;
  return [
    { spans: [{ text: `${markOf(tone).text} ${WORDS[compared.state]}`.trimStart(), ...styleOf(tone) }] },
    ...wrapWords(RULES[rule].says, cells).map((text) => textLine(text)),
    ...(detail === '' ? [] : wrapWords(screenText(detail), cells).map((text) => textLine(text, 'strong'))),
    EMPTY_LINE,
    ...sideLines('Docker', docker, cells),
    EMPTY_LINE,
    ...sideLines('containerd', containerd, cells),
    ...missingLines(compared, unknowns, cells),
  ];
};

function sideLines(name: string, side: ReconcileSide | undefined, cells: number): readonly Line[] {
  if (side === undefined) return [line(span(name, 'strong'), span('  ? not known', 'unknown'))];
  const [first = '', ...more] = wrapWords(`${name}  ${screenText(side.says)}`, cells);
  const shown = first.slice(name.length);
  let source: string | undefined;
  return [
    line(span(name, 'strong'), span(shown, side.has ? undefined : 'muted')),
    ...more.map((text) => textLine(`  ${text}`)),
    ...side.evidence.flatMap((evidence) => {
      const from = `${evidence.layer}: ${evidence.source}`;
      const isSame = from === source;
      source = from;
      const head = isSame
        ? []
        : wrapHard(screenText(from), cells - 2).map((text) => textLine(`  ${text}`, 'muted'));
      const fact = wrapHard(screenText(`${evidence.field} = ${evidence.value}`), cells - 4);
      return [...head, ...fact.map((text) => textLine(`    ${text}`))];
    }),
  ];
}

// What could not be compared of the row, and what could not be read for any of them.
function missingLines({ unchecked }: ReconcileRow, { entries }: Unknowns, cells: number): readonly Line[] {
  const all = [
    ...unchecked.map((text) => ({ words: text, source: undefined })),
    // Several facts may lack one and the same answer.
    ...distinct(entries).map(({ source, state, reason }) => ({
      words: `${state} — ${reason}`,
      source: reason.startsWith(source) ? undefined : source,
    })),
  ];
  if (all.length === 0) return [];
  return [
    EMPTY_LINE,
    textLine('Not read', 'strong'),
    ...all.flatMap(({ words, source }) => [
      ...wrapWords(screenText(words), cells - 2).map((text, i) =>
        line(span(i === 0 ? '? ' : '  ', 'unknown'), span(text)),
      ),
      ...(source === undefined ? [] : [textLine(`  ${screenText(source)}`, 'muted')]),
    ]),
  ];
}
