/** A container's chain for people: the verdict, then each link with its facts. */
import type { Chain, Link } from '../host/chain.ts';
import { type ChainFact, linkFacts, specFacts } from '../host/chain-facts.ts';
import { nameOf } from '../host/docker-join.ts';
import type { JsonItem } from '../host/kinds/kind.ts';
import { nameItem, taskState } from '../host/kinds/tasks.ts';
import { isUnknown } from '../host/observed.ts';
import { escapeText } from '../text/escape.ts';

const MARK = { present: '●', absent: '○', disagreeing: '✗', unknown: '?' } as const;

/** The item of the JSON contract. */
export const chainItem = ({ subject, verdict, links, spec }: Chain): JsonItem => {
  const { namespace, id, row, docker } = subject;
  const container = row?.container;
  const task = row === undefined || row === null ? row : row.task;
  return {
    namespace,
    id,
    ...nameItem(docker),
    ...(task === undefined ? {} : task === null ? { pid: null, status: null } : taskState(task)),
    image: container?.image || docker?.image || null,
    snapshotter: container?.snapshotter || null,
    snapshotKey: container?.snapshotKey || null,
    verdict,
    links: links.map(({ layer, state, facts, evidence }) => ({ layer, state, facts, evidence })),
    ...(isUnknown(spec) ? {} : { spec: spec.state === 'seen' ? spec.value : null }),
  };
};

/** Lines for a terminal; the spec in full is the JSON's and the UI's. */
export const chainLines = (chain: Chain): string[] => [
  `${titleOf(chain)}: ${escapeText(chain.verdict)}`,
  ...chain.links.flatMap((link, i) => linkLines(link, i === chain.links.length - 1)),
  ...specLines(chain),
];

function titleOf({ subject }: Chain): string {
  const name = nameOf(subject.docker) ?? null;
  return escapeText(`${subject.namespace}/${subject.id}${name === null ? '' : ` (${name})`}`);
}

function linkLines(link: Link, last: boolean): string[] {
  const { layer, state, evidence } = link;
  const branch = last ? '└─' : '├─';
  const stem = last ? '   ' : '│  ';
  return [
    `${branch} ${MARK[state]} ${layer}: ${state}`,
    ...evidence.map(({ source, says }) => `${stem}  ${escapeText(`${says}  (${source})`)}`),
    ...linkFacts(link).map((fact) => `${stem}    ${factLine(fact)}`),
  ];
}

function factLine({ key, text, depth }: ChainFact): string {
  if (depth === 1) return `  ${escapeText(key)} = ${escapeText(text ?? '')}`;
  return text === null ? key : `${key.padEnd(12)} ${escapeText(text)}`;
}

function specLines(chain: Chain): string[] {
  if (isUnknown(chain.spec)) return [`   ? spec: ${escapeText(chain.spec.why)}`];
  return specFacts(chain).map(({ key, text }) => `   spec ${key.padEnd(9)} ${escapeText(text ?? '')}`);
}
