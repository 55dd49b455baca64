/** Why an object is still here, as the detail pane shows it: what `why` prints. */
import type { WhyText } from '../host/feed.ts';
import { isUnknown } from '../host/observed.ts';
import { causeLines } from './advice.ts';
import { screenText } from './foreign.ts';
import { spinner } from './marks.ts';
import type { State, WhyView } from './model.ts';
import { isPast } from './past.ts';
import { EMPTY_LINE, type Line, line, type Style, span, textLine } from './spans.ts';
import { gapWords } from './unknowns.ts';
import { wrapHard, wrapWords } from './wrap.ts';

/** All lines of the tab, for the row with this key. */
export const whyTabLines = (state: State, key: string, cells: number): readonly Line[] => {
  const { why: view } = state;
  if (view === null || view.key !== key) {
    return isPast(state)
      ? wrapWords('Who holds it is read of what is there now; p leaves the past.', cells).map((t) =>
          textLine(t),
        )
      : [textLine('…', 'muted')];
  }
  if (view.state === 'loading') {
    const seconds = Math.floor((state.now - view.since) / 1000);
    return [line(span(`${spinner(seconds)} `, 'accent'), span(`looking for its holders — ${seconds} s`))];
  }
  const known = memory.get(view);
  if (known?.cells === cells) return known.lines;
  const lines = linesOf(view, cells);
  memory.set(view, { cells, lines });
  return lines;
};

const memory = new WeakMap<WhyView, { readonly cells: number; readonly lines: readonly Line[] }>();

function linesOf({ why }: Extract<WhyView, { state: 'here' }>, cells: number): readonly Line[] {
  if (isUnknown(why)) return causeLines('holders', why, cells);
  if (why.state === 'absent') return [textLine(screenText(why.why ?? 'it is not there any more'), 'muted')];
  const { held, lines, unknown } = why.value;
  const sentences = lines.slice(0, endOfSentences(lines));
  return [
    ...sentences.flatMap((text) => wrapWords(screenText(text), cells).map((t) => textLine(t, toneOf(held)))),
    ...lines.slice(sentences.length).flatMap((text) => treeLines(screenText(text), cells)),
    ...missingLines(unknown, cells),
  ];
}

function endOfSentences(lines: readonly string[]): number {
  const empty = lines.indexOf('');
  return empty < 0 ? lines.length : empty;
}

function toneOf(held: boolean | undefined): Style {
  if (held === undefined) return 'unknown';
  return held ? 'strong' : 'warn';
}

// A step that is longer than the pane goes on below its own beginning.
function treeLines(text: string, cells: number): readonly Line[] {
  if (text === '') return [EMPTY_LINE];
  const stem = /^ *(?:└─ )?/.exec(text)?.[0] ?? '';
  const [first = '', ...rest] = wrapHard(text.slice(stem.length), Math.max(12, cells - stem.length));
  return [
    line(span(stem, 'rule'), span(first)),
    ...rest.map((more) => line(span(' '.repeat(stem.length)), span(more))),
  ];
}

function missingLines(unknown: WhyText['unknown'], cells: number): readonly Line[] {
  if (unknown.length === 0) return [];
  return [
    EMPTY_LINE,
    textLine('Not read', 'strong'),
    ...unknown.flatMap(({ source, state, reason }) => [
      ...wrapWords(screenText(gapWords({ state, why: reason })), cells - 2).map((text, i) =>
        line(span(i === 0 ? '? ' : '  ', 'unknown'), span(text)),
      ),
      textLine(`  ${screenText(source)}`, 'muted'),
    ]),
  ];
}
