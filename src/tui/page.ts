/** The pages that stand in the panes' place: the help, and where everything is. */
import { seenValue } from '../host/observed.ts';
import { facet } from '../host/snapshot.ts';
import { width } from '../text/width.ts';
import { screenText } from './foreign.ts';
import { helpLines } from './help.ts';
import type { State } from './model.ts';
import { type Line, line, span, textLine } from './spans.ts';
import { THEMES } from './theme.ts';
import { wrapHard } from './wrap.ts';

/** All lines of a page. */
export const pageLines = (state: State, page: 'help' | 'info'): readonly Line[] =>
  page === 'help' ? helpLines(state.size.columns) : infoLines(state);

function infoLines(state: State): readonly Line[] {
  const { config, exports: directory } = state.places;
  const host = state.shown?.host;
  const docker = host === undefined ? undefined : seenValue(facet(host, 'docker.endpoint'));
  const entries: readonly (readonly [what: string, value: string])[] = [
    ['configuration', config ?? 'none: neither XDG_CONFIG_HOME nor HOME is set'],
    ['exported views', directory],
    [
      host?.from === 'bundle' ? 'recorded' : host?.from === 'disk' ? 'disk' : 'containerd',
      state.title.address,
    ],
    ...(docker === undefined ? [] : [['Docker', docker.address] as const]),
    ['theme', `${state.theme}${state.colours ? ` of ${THEMES.join(', ')}` : ', for no colours are wanted'}`],
  ];
  const indent = Math.max(...entries.map(([what]) => width(what))) + 2;
  return [
    textLine('  Where everything is', 'brand'),
    ...entries.flatMap(([what, value]) =>
      wrapHard(screenText(value), Math.max(16, state.size.columns - indent - 4)).map((text, i) =>
        line(span(`  ${(i === 0 ? what : '').padEnd(indent)}`, 'key'), span(text)),
      ),
    ),
  ];
}
