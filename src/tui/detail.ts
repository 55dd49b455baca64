/** The detail pane's tabs and what each of them says about the selected row. */
import { stringify } from 'yaml';
import type { JsonItem, RowTone } from '../host/kinds/kind.ts';
import { isUnknown, type Observed } from '../host/observed.ts';
import { escapeText } from '../text/escape.ts';
import { age, bytes } from '../text/units.ts';
import { width } from '../text/width.ts';
import { causeLines } from './advice.ts';
import { chainLines } from './chain-tab.ts';
import { evidenceLines } from './evidence-tab.ts';
import { screenText } from './foreign.ts';
import { type Listed, listingOf, selectedRow } from './listing.ts';
import { markOf, spinner, styleOf } from './marks.ts';
import type { Body, State } from './model.ts';
import { EMPTY_LINE, type Line, line, type Span, span, textLine } from './spans.ts';
import type { Table } from './table.ts';
import { gapWords } from './unknowns.ts';
import type { TabName, View } from './views.ts';
import { whyTabLines } from './why-tab.ts';
import { wrapHard, wrapWords } from './wrap.ts';

/** The tab that is shown: a view without the chosen one shows its first. */
export const tabOf = (state: State, { tabs }: View): TabName =>
  tabs.includes(state.tab) ? state.tab : (tabs[0] ?? 'Summary');

/** The container whose body the detail pane needs, as the key of its row. */
export const wantedBody = (
  state: State,
): { readonly key: string; readonly namespace: string; readonly id: string } | undefined => {
  const listing = listingOf(state);
  const row = selectedRow(state, listing);
  if (listing.state !== 'listed' || row === undefined || tabOf(state, listing.view) !== 'Spec')
    return undefined;
  const { namespace, id } = listing.table.item(row);
  return { key: listing.table.key(row), namespace: String(namespace), id: String(id) };
};

/** All lines of the tab, for a pane of `cells` cells; the same array while nothing has changed. */
export const detailLines = (state: State, cells: number): readonly Line[] => {
  try {
    return linesOfTab(state, cells);
  } catch (error) {
    // A fault of ours in one tab; the list and the other tabs do not suffer from it.
    const why = screenText(error instanceof Error ? error.message : String(error));
    return [textLine('✗ this tab failed', 'bad'), ...wrapWords(why, cells).map((text) => textLine(text))];
  }
};

function linesOfTab(state: State, cells: number): readonly Line[] {
  const listing = listingOf(state);
  const row = selectedRow(state, listing);
  if (listing.state !== 'listed' || row === undefined) return [];
  const tab = tabOf(state, listing.view);
  if (tab === 'Chain') return chainLines(state, listing.table.key(row), cells);
  if (tab === 'Why') return whyTabLines(state, listing.table.key(row), cells);
  if (tab === 'Spec') return specLines(state.body, listing.table.key(row), state.now, cells);
  const label = `${tab} ${row} ${cells}`;
  const known = memory.get(listing.table);
  if (known?.label === label) return known.lines;
  const lines = LINES[tab](listing, row, cells);
  memory.set(listing.table, { label, lines });
  return lines;
}

const memory = new WeakMap<object, { readonly label: string; readonly lines: readonly Line[] }>();

const LINES: Readonly<
  Record<
    Exclude<TabName, 'Spec' | 'Chain' | 'Why'>,
    (l: Listed, row: number, cells: number) => readonly Line[]
  >
> = {
  Summary: summaryLines,
  Raw: (listing, row, cells) => yamlLines(listing.table.item(row), cells),
  Evidence: (listing, row, cells) => evidenceLines(listing.table, row, listing.unknowns, cells),
  Unknown: unknownLines,
};

function summaryLines({ table, host }: Listed, row: number, cells: number): readonly Line[] {
  const item = table.item(row);
  const gaps = table.gaps(row);
  const missing = gaps.flatMap((gap) => (gap.fields ?? []).filter((field) => !(field in item)));
  const facts = table.facts(row);
  const labels = [...Object.keys(item), ...missing, ...facts.map(({ label }) => label)].map(labelOf);
  const indent = Math.min(18, Math.max(0, ...labels.map(width))) + 2;
  const entry = (key: string, values: readonly Span[]): readonly Line[] =>
    values.flatMap((value, i) =>
      wrapHard(value.text, Math.max(8, cells - indent)).map((text, j) =>
        line(
          span((i === 0 && j === 0 ? labelOf(key) : '').padEnd(indent), 'muted'),
          value.style === undefined ? span(text) : span(text, value.style),
        ),
      ),
    );
  return [
    ...Object.entries(item).flatMap(([key, value]) =>
      entry(key, key === 'status' ? [statusSpan(table, row, value)] : valueSpans(key, value, host.at)),
    ),
    ...facts.flatMap(({ label, words, tone }, i) =>
      entry(facts[i - 1]?.label === label ? '' : label, [factSpan(words, tone)]),
    ),
    ...gaps
      .flatMap((gap) =>
        (gap.fields ?? []).map((field) => ({ field, text: `? unknown — ${screenText(gap.why)}` })),
      )
      .flatMap(({ field, text }) => entry(field, [span(text, 'unknown')])),
  ];
}

function statusSpan(table: Table, row: number, value: unknown): Span {
  const tone = table.tone(row);
  const word = value === null ? '–' : screenText(String(value).toLowerCase());
  return { text: `${markOf(tone).text} ${word}`.trimStart(), ...styleOf(tone) };
}

function factSpan(words: string, tone: RowTone): Span {
  return tone === 'plain'
    ? span(screenText(words))
    : { text: `${markOf(tone).text} ${screenText(words)}`, ...styleOf(tone) };
}

// `snapshotKey` reads as `snapshot key`.
function labelOf(key: string): string {
  return key.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
}

function valueSpans(key: string, value: unknown, at: string): readonly Span[] {
  if (value === null || value === undefined || value === '') return [span('–', 'muted')];
  if (typeof value === 'bigint')
    return [span(SIZES.has(key) ? `${bytes(value)}  (${value})` : String(value))];
  if (typeof value === 'boolean') return [span(value ? 'yes' : 'no')];
  if (typeof value === 'string' && key.endsWith('At')) {
    const since = age(value, at);
    // To the second; the raw tab has every digit.
    const time = screenText(value.replace(/\.\d+(?=Z$)/, ''));
    return [span(since === '' ? time : `${time}  (${since} ago)`)];
  }
  if (Array.isArray(value)) {
    return value.length === 0
      ? [span('–', 'muted')]
      : value.map((v: unknown) => span(screenText(plainText(v))));
  }
  if (typeof value === 'object') {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) return [span('–', 'muted')];
    return entries.map(([k, v]) => span(screenText(v === '' ? k : `${k}=${plainText(v)}`)));
  }
  return [span(screenText(String(value)))];
}

const SIZES: ReadonlySet<string> = new Set(['size', 'offset', 'total']);

function plainText(value: unknown): string {
  return typeof value === 'object' && value !== null ? stringify(value, YAML).trimEnd() : String(value);
}

const YAML = { lineWidth: 0, aliasDuplicateObjects: false } as const;

function yamlLines(value: unknown, cells: number): readonly Line[] {
  return stringify(value, YAML)
    .trimEnd()
    .split('\n')
    .flatMap((text) => {
      const [, indent = '', key, rest = ''] =
        /^(\s*(?:- )*)((?:"[^"]*"|[^\s"'#:][^:]*):)(?=\s|$)(.*)$/.exec(text) ?? [];
      if (key === undefined) return wrapHard(screenText(text), cells).map((t) => textLine(t));
      const [first = '', ...more] = wrapHard(screenText(indent + key + rest), cells);
      const keyEnd = Math.min(first.length, (indent + screenText(key)).length);
      return [
        line(span(first.slice(0, keyEnd), 'accent'), span(first.slice(keyEnd))),
        ...more.map((t) => textLine(t)),
      ];
    });
}

function unknownLines(listing: Listed, row: number, cells: number): readonly Line[] {
  const own = listing.table.gaps(row).map((gap) => ({ source: gap.from, words: gapWords(gap) }));
  const common = listing.unknowns.entries.map((entry) => ({
    source: entry.source,
    words: gapWords({ state: entry.state, why: entry.reason }),
  }));
  if (own.length + common.length === 0) {
    return [line(span('✓ ', 'ok'), span('everything about this row could be read'))];
  }
  const section = (title: string, entries: readonly { source: string; words: string }[]): readonly Line[] =>
    entries.length === 0
      ? []
      : [
          textLine(title, 'strong'),
          ...entries.flatMap(({ source, words }) => [
            ...wrapWords(screenText(words), cells - 2).map((text, i) =>
              line(span(i === 0 ? '? ' : '  ', 'unknown'), span(text)),
            ),
            textLine(`  ${screenText(source)}`, 'muted'),
          ]),
          EMPTY_LINE,
        ];
  return [...section('Of this row', own), ...section(`Of all ${listing.view.heading.toLowerCase()}`, common)];
}

function specLines(body: Body | null, key: string, now: number, cells: number): readonly Line[] {
  if (body === null || body.key !== key) return [textLine('…', 'muted')];
  if (body.state === 'loading') {
    const seconds = Math.floor((now - body.since) / 1000);
    return [line(span(`${spinner(seconds)} `, 'accent'), span(`reading the spec — ${seconds} s`))];
  }
  const known = specMemory.get(body);
  if (known?.cells === cells) return known.lines;
  const lines = bodyLines(body.body, cells);
  specMemory.set(body, { cells, lines });
  return lines;
}

const specMemory = new WeakMap<Body, { readonly cells: number; readonly lines: readonly Line[] }>();

function bodyLines(body: Extract<Body, { state: 'here' }>['body'], cells: number): readonly Line[] {
  if (isUnknown(body)) return causeLines('spec', body, cells);
  if (body.state === 'absent') return [textLine('the container is gone', 'muted')];
  const extensions = Object.entries(body.value.extensions);
  return [
    ...observedLines('spec', body.value.spec, cells),
    ...observedLines('runtime options', body.value.runtimeOptions, cells),
    ...extensions.flatMap(([name, value]) => observedLines(`extension ${screenText(name)}`, value, cells)),
  ];
}

function observedLines(title: string, fact: Observed<unknown>, cells: number): readonly Line[] {
  if (fact.state === 'absent') return [];
  if (isUnknown(fact)) return [...causeLines(title, fact, cells), EMPTY_LINE];
  return [textLine(`# ${title}`, 'muted'), ...yamlLines(fact.value, cells), EMPTY_LINE];
}

/** The row as YAML, as `C` copies it: line by line what the raw tab shows. */
export const rowYaml = (item: JsonItem): string => escapedYaml(item);

/** Several rows, as a YAML list. */
export const rowsYaml = (items: readonly JsonItem[]): string => escapedYaml(items);

function escapedYaml(value: unknown): string {
  return stringify(value, YAML).split('\n').map(escapeText).join('\n');
}
