/** The chain of a container as the detail pane shows it: what `inspect` prints, live. */
import type { Chain, Link, LinkState } from '../host/chain.ts';
import { type ChainFact, linkFacts, specFacts } from '../host/chain-facts.ts';
import { isUnknown } from '../host/observed.ts';
import { width } from '../text/width.ts';
import { causeLines } from './advice.ts';
import { screenText } from './foreign.ts';
import { spinner } from './marks.ts';
import type { ChainView, State } from './model.ts';
import { isPast } from './past.ts';
import { EMPTY_LINE, type Line, line, type Style, span, textLine } from './spans.ts';
import { wrapHard, wrapWords } from './wrap.ts';

/** All lines of the tab. */
export const chainLines = (state: State, object: string, cells: number): readonly Line[] => {
  const { chain: view } = state;
  if (view === null || view.object !== object) {
    return isPast(state)
      ? wrapWords('A chain is read of what is there now; p leaves the past.', cells).map((t) => textLine(t))
      : [textLine('…', 'muted')];
  }
  if (view.state === 'loading') {
    const seconds = Math.floor((state.now - view.since) / 1000);
    return [line(span(`${spinner(seconds)} `, 'accent'), span(`following the chain — ${seconds} s`))];
  }
  const known = memory.get(view);
  if (known?.cells === cells) return known.lines;
  const lines = linesOf(view, cells);
  memory.set(view, { cells, lines });
  return lines;
};

const memory = new WeakMap<ChainView, { readonly cells: number; readonly lines: readonly Line[] }>();

function linesOf({ chain }: Extract<ChainView, { state: 'here' }>, cells: number): readonly Line[] {
  if (isUnknown(chain)) return causeLines('chain', chain, cells);
  if (chain.state === 'absent') return [textLine(screenText(chain.why ?? 'the container is gone'), 'muted')];
  const { verdict, links, spec } = chain.value;
  const shownSpec = specFacts(chain.value);
  return [
    ...wrapWords(screenText(verdict), cells).map((text) => textLine(text, verdictStyle(links))),
    EMPTY_LINE,
    ...links.flatMap((link, i) => linkLines(link, i === links.length - 1 && shownSpec.length === 0, cells)),
    ...(isUnknown(spec) ? [line(span('? ', 'unknown'), span(`spec: ${screenText(spec.why)}`))] : []),
    ...(shownSpec.length === 0
      ? []
      : [textLine('└─ spec', 'strong'), ...factLines(shownSpec, '     ', cells)]),
  ];
}

const MARKS: Readonly<Record<LinkState, { readonly sign: string; readonly style: Style }>> = {
  present: { sign: '●', style: 'ok' },
  absent: { sign: '○', style: 'ended' },
  disagreeing: { sign: '✗', style: 'bad' },
  unknown: { sign: '?', style: 'unknown' },
};

// The worst link's.
function verdictStyle(links: Chain['links']): Style {
  if (links.some(({ state }) => state === 'disagreeing')) return 'bad';
  return links.some(({ state }) => state === 'unknown') ? 'warn' : 'strong';
}

function linkLines(link: Link, isLast: boolean, cells: number): readonly Line[] {
  const { sign, style } = MARKS[link.state];
  const stem = isLast ? '     ' : '│    ';
  return [
    line(
      span(isLast ? '└─ ' : '├─ ', 'rule'),
      span(sign, style),
      span(` ${link.layer}`, 'strong'),
      span(` ${link.state}`, style),
    ),
    ...link.evidence.flatMap(({ source, says }) =>
      wrapWords(screenText(`${says}  (${source})`), cells - stem.length).map((text) =>
        line(span(stem, 'rule'), span(text, 'muted')),
      ),
    ),
    ...factLines(linkFacts(link), stem, cells),
  ];
}

function factLines(facts: readonly ChainFact[], stem: string, cells: number): readonly Line[] {
  const indent =
    Math.min(
      14,
      Math.max(
        0,
        ...facts.filter(({ depth, text }) => depth === 0 && text !== null).map((f) => width(f.key)),
      ),
    ) + 2;
  return facts.flatMap(({ key, text, depth }) => {
    if (text === null) return [line(span(stem, 'rule'), span(screenText(key), 'muted'))];
    const first = depth === 0 ? screenText(key).padEnd(indent) : `  ${screenText(key)} = `;
    const rest = ' '.repeat(depth === 0 ? indent : 4);
    const [head = '', ...more] = wrapHard(`${first}${screenText(text)}`, Math.max(12, cells - stem.length));
    const wrapped = more.flatMap((t) => wrapHard(t, Math.max(8, cells - stem.length - rest.length)));
    return [
      line(span(stem, 'rule'), span(head.slice(0, first.length), 'muted'), span(head.slice(first.length))),
      ...wrapped.map((t) => line(span(stem, 'rule'), span(rest + t))),
    ];
  });
}
