/** `reconcile` for people: the verdict, then what is broken, stale and unknown, and of the rest the rules with their counts. */
import type { Verdict } from '../host/finding.ts';
import { inOrder } from '../host/kinds/reconcile.ts';
import type { Reconciliation } from '../host/reconcile/reconcile.ts';
import type { ReconcileRow } from '../host/reconcile/row.ts';
import { type ReconcileState, RULES } from '../host/reconcile/rules.ts';
import type { ReconcileVerdict } from '../host/reconcile/verdict.ts';
import type { UnknownEntry } from '../host/unknown-entries.ts';
import { escapeMarkdown, escapeText } from '../text/escape.ts';
import { unknownLine } from './unknown.ts';

/** Rows of one state, and lines of what is not known; a screen is enough of them. */
const MAX_LINES = 20;

const MARK: Readonly<Record<Verdict, string>> = { pass: '✓', warn: '!', fail: '✗', partial: '?' };
const ROW_MARK = { broken: '✗', stale: '!', unknown: '?' } as const;
const TOLD = ['broken', 'stale', 'unknown'] as const;
const COUNTED = ['expected', 'agrees'] as const;

export const reconcileText = (
  { mode, rows }: Reconciliation,
  { verdict, summary }: ReconcileVerdict,
  unknown: readonly UnknownEntry[],
): string => {
  const ordered = inOrder(rows);
  const all = [
    `${MARK[verdict]} ${verdict.toUpperCase()}: ${escapeText(summary)}`,
    `  compared   ${escapeText(mode)}`,
    ...TOLD.flatMap((state) =>
      section(state, cut(ordered.filter((row) => row.state === state).map((row) => rowLines(row, state)))),
    ),
    ...COUNTED.flatMap((state) =>
      section(
        state,
        ruleCounts(ordered, state).map(([says, n]) => `${String(n).padStart(5)}  ${says}`),
      ),
    ),
    ...section(
      'not read',
      cut(unknown.map((entry) => [`? ${escapeText(entry.source)}: ${unknownLine(entry)}`])),
    ),
  ];
  return all.map((line) => `${line}\n`).join('');
};

/** The same, fit to paste into an issue. */
export const reconcileMarkdown = (
  { mode, rows }: Reconciliation,
  { verdict, summary }: ReconcileVerdict,
  unknown: readonly UnknownEntry[],
): string => {
  const ordered = inOrder(rows);
  const all = [
    `## ${verdict.toUpperCase()}: ${escapeMarkdown(summary)}`,
    '',
    `Compared: ${escapeMarkdown(mode)}.`,
    '',
    ...TOLD.flatMap((state) => {
      const own = ordered.filter((row) => row.state === state);
      return heading(state, cut(own.map((row) => rowMarkdown(row))));
    }),
    ...COUNTED.flatMap((state) =>
      heading(
        state,
        ruleCounts(ordered, state).map(([says, n]) => `- ${n}: ${escapeMarkdown(says)}`),
      ),
    ),
    ...heading(
      'not read',
      cut(
        unknown.map((entry) => [`- ${escapeMarkdown(entry.source)}: ${escapeMarkdown(unknownLine(entry))}`]),
      ),
    ),
  ];
  return `${all.join('\n').trimEnd()}\n`;
};

function rowLines(row: ReconcileRow, state: (typeof TOLD)[number]): readonly string[] {
  const { kind, name, id, rule, detail, docker, containerd } = row;
  return [
    `${ROW_MARK[state]} ${kind} ${escapeText(name)}: ${RULES[rule].says}`,
    ...(name === id ? [] : [`    id         ${escapeText(id)}`]),
    ...(detail === '' ? [] : [`    what       ${escapeText(detail)}`]),
    ...[docker, containerd].flatMap((side) =>
      (side?.evidence ?? []).map(
        ({ layer, source, field, value }) =>
          `    ${layer.padEnd(10)} ${escapeText(`${source}: ${field} = ${value}`)}`,
      ),
    ),
  ];
}

function rowMarkdown({ kind, name, id, rule, detail, docker, containerd }: ReconcileRow): readonly string[] {
  return [
    `- **${kind} ${escapeMarkdown(name)}**: ${escapeMarkdown(RULES[rule].says)}${detail === '' ? '' : `: ${escapeMarkdown(detail)}`}${name === id ? '' : ` (${escapeMarkdown(id)})`}`,
    ...[docker, containerd].flatMap((side) =>
      (side?.evidence ?? []).map(
        ({ layer, source, field, value }) =>
          `  - ${layer}: ${escapeMarkdown(`${source}: ${field} = ${value}`)}`,
      ),
    ),
  ];
}

function ruleCounts(
  rows: readonly ReconcileRow[],
  state: ReconcileState,
): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    if (row.state !== state) continue;
    const { says } = RULES[row.rule];
    counts.set(says, (counts.get(says) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a);
}

function cut(blocks: readonly (readonly string[])[]): readonly string[] {
  const more = blocks.length - MAX_LINES;
  return [
    ...blocks.slice(0, MAX_LINES).flat(),
    ...(more > 0 ? [`- … and ${more} more; -o json has them all`] : []),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title.toUpperCase(), ...lines.map((line) => `  ${line}`)];
}

function heading(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`### ${title[0]?.toUpperCase()}${title.slice(1)}`, '', ...lines, ''];
}
