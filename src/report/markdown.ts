/** `report` and `doctor` as Markdown, fit to paste into an issue: the first screen says it all, lists are folded away. */
import type { Diagnosis } from '../host/finding.ts';
import { KINDS } from '../host/kinds/index.ts';
import { isUnknown } from '../host/observed.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';
import type { UnknownEntry } from '../host/unknown-entries.ts';
import { escapeMarkdown } from '../text/escape.ts';
import { count } from '../text/units.ts';
import { findingMarkdown, uncheckedLines } from './findings.ts';
import { hostFacts, OVERVIEW_HEADER, overviewRows, remarkable } from './overview.ts';
import { markdownTable } from './table.ts';
import { unknownLine } from './unknown.ts';

const MAX_UNKNOWN = 20;
const MAX_REMARKABLE = 20;
// An issue's body ends at 65,536 characters on the large forges; a list longer than this belongs into a file.
const MAX_ROWS = 100;

/** Doctor's answer. */
export const doctorMarkdown = (diagnosis: Diagnosis): string =>
  document([
    ...verdict(diagnosis),
    ...diagnosis.findings.flatMap(findingMarkdown),
    ...unchecked(diagnosis, []),
  ]);

/** The whole report. */
export const reportMarkdown = (
  host: HostSnapshot,
  diagnosis: Diagnosis,
  unknown: readonly UnknownEntry[],
): string =>
  document([
    ...verdict(diagnosis),
    ...hostFacts(host).map(([label, value]) => `- **${label}**: ${escapeMarkdown(value)}`),
    `- **captured**: ${host.at} by ctrscope`,
    '',
    ...diagnosis.findings.flatMap(findingMarkdown),
    ...unchecked(diagnosis, unknown),
    ...overview(host),
    ...attention(host),
    ...KINDS.flatMap((kind) => folded(host, kind)),
    ...timings(host),
  ]);

function verdict({ verdict, summary }: Diagnosis): string[] {
  return [`## ${verdict.toUpperCase()}: ${escapeMarkdown(summary)}`, ''];
}

function unchecked(diagnosis: Diagnosis, unknown: readonly UnknownEntry[]): string[] {
  const all = [...uncheckedLines(diagnosis), ...unknown.map((entry) => `? ${unknownLine(entry)}`)];
  if (all.length === 0) return [];
  const cut = all.length - MAX_UNKNOWN;
  return [
    '### Not checked',
    '',
    ...all.slice(0, MAX_UNKNOWN).map((line) => `- ${escapeMarkdown(line)}`),
    ...(cut > 0 ? [`- … and ${cut} more`] : []),
    '',
  ];
}

function overview(host: HostSnapshot): string[] {
  const rows = overviewRows(host);
  if (rows.length === 0) return [];
  return [
    '### Namespaces',
    '',
    `| ${OVERVIEW_HEADER.join(' | ')} |`,
    `| ${OVERVIEW_HEADER.map((_, i) => (i === 0 ? '---' : '--:')).join(' | ')} |`,
    ...rows.map((row) => `| ${row.map(escapeMarkdown).join(' | ')} |`),
    '',
  ];
}

function attention(host: HostSnapshot): string[] {
  const found = remarkable(host);
  if (found.length === 0) return [];
  return [
    '### Containers to look at',
    '',
    ...found
      .slice(0, MAX_REMARKABLE)
      .map(
        ([{ container }, state]) =>
          `- ${escapeMarkdown(`${container.namespace}/${container.id}`)}: ${escapeMarkdown(state)}`,
      ),
    ...(found.length > MAX_REMARKABLE ? [`- … and ${found.length - MAX_REMARKABLE} more`] : []),
    '',
  ];
}

function folded(host: HostSnapshot, kind: (typeof KINDS)[number]): string[] {
  if (isUnknown(facet(host, kind.facet))) return [];
  return kind.use((typed) => {
    const rows = typed.rows(host);
    if (rows.length === 0) return [];
    const cut = rows.length - MAX_ROWS;
    return [
      `<details><summary>${count(rows.length, typed.singular, typed.name)}</summary>`,
      '',
      ...markdownTable(typed, rows.slice(0, MAX_ROWS), host.at, 4),
      ...(cut > 0 ? ['', `… and ${cut} more`] : []),
      '',
      '</details>',
      '',
    ];
  });
}

function timings(host: HostSnapshot): string[] {
  const slowest = host.timings.toSorted((a, b) => b.ms - a.ms);
  return [
    '<details><summary>timings</summary>',
    '',
    '| facet | ms | outcome |',
    '| --- | --: | --- |',
    ...slowest.map(({ facet, ms, outcome }) => `| ${facet} | ${ms.toFixed(0)} | ${outcome} |`),
    '',
    '</details>',
  ];
}

function document(lines: readonly string[]): string {
  return `${lines.join('\n').trimEnd()}\n`;
}
