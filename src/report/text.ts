/** `report` and `doctor` for a terminal: verdict, fails, warnings, what was not checked, inventory, timings. */
import type { Diagnosis } from '../host/finding.ts';
import { containers } from '../host/kinds/containers.ts';
import type { HostSnapshot } from '../host/snapshot.ts';
import type { UnknownEntry } from '../host/unknown-entries.ts';
import { escapeText } from '../text/escape.ts';
import { tableLines } from '../text/table.ts';
import { findingLines, uncheckedLines, verdictLine } from './findings.ts';
import { hostFacts, OVERVIEW_HEADER, overviewRows } from './overview.ts';
import { textTable } from './table.ts';
import { unknownLine } from './unknown.ts';

/** Lines of what is not known; a screen is enough of them. */
const MAX_UNKNOWN = 20;

/** Doctor's answer. */
export const doctorText = (diagnosis: Diagnosis, verbose: boolean): string => {
  const passed = diagnosis.probes.filter(({ outcome }) => outcome === 'pass');
  return lines([
    verdictLine(diagnosis),
    ...diagnosis.findings.flatMap((finding) => ['', ...findingLines(finding)]),
    ...section('not checked', uncheckedLines(diagnosis)),
    ...(verbose
      ? section(
          'passed',
          passed.map(({ id, reason }) => `✓ ${id}: ${escapeText(reason)}`),
        )
      : []),
  ]);
};

/** The whole report. */
export const reportText = (
  host: HostSnapshot,
  diagnosis: Diagnosis,
  unknown: readonly UnknownEntry[],
): string => {
  const facts = hostFacts(host);
  const overview = overviewRows(host).map((row) => row.map(escapeText));
  const rows = containers.rows(host);
  return lines([
    verdictLine(diagnosis),
    ...facts.map(([label, value]) => `  ${label.padEnd(11)}${escapeText(value)}`),
    ...diagnosis.findings.flatMap((finding) => ['', ...findingLines(finding)]),
    ...section('not checked', [
      ...uncheckedLines(diagnosis),
      ...unknown.slice(0, MAX_UNKNOWN).map((entry) => `? ${unknownLine(entry)}`),
      ...(unknown.length > MAX_UNKNOWN
        ? [`? … and ${unknown.length - MAX_UNKNOWN} more; -o json has them all`]
        : []),
    ]),
    ...section('namespaces', overview.length === 0 ? [] : tableLines(header(), overview)),
    ...section('containers', rows.length === 0 ? [] : textTable(containers, rows, host.at)),
    ...section('timings', timingLines(host)),
  ]);
};

const header = (): { title: string; align: 'left' | 'right' }[] =>
  OVERVIEW_HEADER.map((title, i) => ({ title: title.toUpperCase(), align: i === 0 ? 'left' : 'right' }));

function timingLines(host: HostSnapshot): string[] {
  const slowestFirst = host.timings.toSorted((a, b) => b.ms - a.ms);
  return tableLines(
    [{ title: 'FACET' }, { title: 'MS', align: 'right' }, { title: 'OUTCOME' }],
    slowestFirst.map(({ facet, ms, outcome }) => [facet, ms.toFixed(0), outcome]),
  );
}

function section(title: string, content: readonly string[]): string[] {
  return content.length === 0 ? [] : ['', title.toUpperCase(), ...content.map((line) => `  ${line}`)];
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
