/** Findings and probe outcomes in text and Markdown. */
import type { Diagnosis, Finding } from '../host/finding.ts';
import { escapeMarkdown, escapeText } from '../text/escape.ts';

const MARK = { pass: '✓', warn: '!', fail: '✗', skip: '?', error: '?', partial: '?' } as const;

/** The verdict in one line. */
export const verdictLine = ({ verdict, summary }: Diagnosis): string =>
  `${MARK[verdict]} ${verdict.toUpperCase()}: ${escapeText(summary)}`;

/** One finding as text: title, why, impact, evidence, next steps. */
export const findingLines = (finding: Finding): string[] => [
  `${MARK[finding.outcome]} ${finding.outcome.toUpperCase()} ${escapeText(finding.title)}  [${finding.id}${
    finding.confidence === 'likely' ? ', likely' : ''
  }]`,
  `    object     ${escapeText(objectText(finding))}`,
  `    why        ${escapeText(finding.why)}`,
  `    impact     ${escapeText(finding.impact)}`,
  ...finding.evidence.map(
    ({ layer, source, field, value }) =>
      `    ${layer.padEnd(10)} ${escapeText(`${source}: ${field} = ${value}`)}`,
  ),
  ...finding.next.flatMap(({ text, command, effect }) => [
    `    next       ${escapeText(text)}  (${effect})`,
    ...(command === null ? [] : [`                 ${escapeText(command)}`]),
  ]),
];

/** One finding as Markdown. */
export const findingMarkdown = (finding: Finding): string[] => [
  `### ${MARK[finding.outcome]} ${finding.outcome.toUpperCase()} ${escapeMarkdown(finding.title)}`,
  '',
  `${escapeMarkdown(finding.why)} ${escapeMarkdown(finding.impact)}`,
  '',
  `- probe \`${finding.id}\`, ${finding.confidence}; object ${escapeMarkdown(objectText(finding))}`,
  ...finding.evidence.map(
    ({ layer, source, field, value }) =>
      `- evidence, ${layer}: ${escapeMarkdown(source)}: ${escapeMarkdown(field)} = **${escapeMarkdown(value)}**`,
  ),
  ...finding.next.map(
    ({ text, command, effect }) =>
      `- next (${effect}): ${escapeMarkdown(text)}${command === null ? '' : `: ${codeSpan(command)}`}`,
  ),
  '',
];

/** What could not be checked: never hidden. */
export const uncheckedLines = ({ probes }: Diagnosis): string[] =>
  probes
    .filter(({ outcome }) => outcome === 'skip' || outcome === 'error')
    .map(({ id, outcome, reason }) => `${MARK[outcome]} ${outcome} ${id}: ${escapeText(reason)}`);

/** Inline code whatever is in it. */
export const codeSpan = (text: string): string => {
  const safe = escapeText(text);
  const fence = '`'.repeat(Math.max(0, ...(safe.match(/`+/g) ?? []).map((run) => run.length)) + 1);
  return fence.length === 1 ? `${fence}${safe}${fence}` : `${fence} ${safe} ${fence}`;
};

function objectText({ object }: Finding): string {
  const name = [object.namespace, object.id].filter((part) => part !== null).join('/');
  return `${object.layer} ${object.kind} ${name}${object.name === null ? '' : ` (${object.name})`}`;
}
