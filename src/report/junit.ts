/** Probe outcomes as JUnit XML, the form that CI systems read. */
import type { Diagnosis, Finding, ProbeOutcome } from '../host/finding.ts';
import { escapeText } from '../text/escape.ts';

/** One test case for each probe: warnings and fails are failures, what could not be checked is skipped. */
export const junit = (diagnosis: Diagnosis): string => {
  const cases = diagnosis.probes.map((probe) => testCase(probe, diagnosis.findings));
  const number = (...outcomes: readonly string[]): number =>
    diagnosis.probes.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="ctrscope doctor" tests="${diagnosis.probes.length}" failures="${number('warn', 'fail')}" errors="${number('error')}" skipped="${number('skip')}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
};

function testCase({ id, title, outcome, reason }: ProbeOutcome, findings: readonly Finding[]): string {
  const open = `    <testcase classname="ctrscope.doctor" name="${xml(`${id}: ${title}`)}"`;
  switch (outcome) {
    case 'pass':
      return `${open}/>`;
    case 'warn':
    case 'fail': {
      const own = findings.filter((finding) => finding.id === id);
      const text = own.map((finding) => `${finding.title}\n${finding.why}`).join('\n');
      return `${open}><failure type="${outcome}" message="${xml(reason)}">${xml(text)}</failure></testcase>`;
    }
    case 'skip':
      return `${open}><skipped message="${xml(reason)}"/></testcase>`;
    case 'error':
      return `${open}><error message="${xml(reason)}"/></testcase>`;
  }
}

// Control characters are no XML 1.0 at all, whatever the escape: they are made visible first.
function xml(text: string): string {
  return text
    .split('\n')
    .map(escapeText)
    .join('\n')
    .replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
