/** A container's chain for people: the verdict, then each link with its facts. */
import type { Chain, Link } from '../host/chain.ts';
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

function linkLines({ layer, state, facts, evidence }: Link, last: boolean): string[] {
  const branch = last ? '└─' : '├─';
  const stem = last ? '   ' : '│  ';
  return [
    `${branch} ${MARK[state]} ${layer}: ${state}`,
    ...evidence.map(({ source, says }) => `${stem}  ${escapeText(`${says}  (${source})`)}`),
    ...Object.entries(facts)
      .filter(([, value]) => !isEmpty(value))
      .flatMap(([key, value]) => factLines(key, value).map((line) => `${stem}    ${line}`)),
  ];
}

function factLines(key: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [`${key.padEnd(12)} ${plain(value)}`];
  return [key, ...Object.entries(value).map(([name, inner]) => `  ${escapeText(name)} = ${plain(inner)}`)];
}

// The few parts of a spec that a first look needs.
function specLines({ spec }: Chain): string[] {
  if (isUnknown(spec)) return [`   ? spec: ${escapeText(spec.why)}`];
  if (spec.state !== 'seen') return [];
  const process = member(spec.value, 'process');
  const linux = member(spec.value, 'linux');
  return (
    [
      ['args', list(member(process, 'args'))],
      ['cwd', member(process, 'cwd')],
      [
        'user',
        list(
          Object.values(asObject(member(process, 'user'))).filter((id) => typeof id === 'number'),
          ':',
        ),
      ],
      ['env', list(member(process, 'env'))],
      ['cgroup', member(linux, 'cgroupsPath')],
      ['hostname', member(spec.value, 'hostname')],
    ] as const
  )
    .filter(([, value]) => !isEmpty(value))
    .map(([key, value]) => `   spec ${key.padEnd(9)} ${plain(value)}`);
}

function member(value: unknown, key: string): unknown {
  return asObject(value)[key];
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function list(value: unknown, separator: string = ' '): string {
  return Array.isArray(value) ? value.map(String).join(separator) : '';
}

function plain(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'bigint') return escapeText(String(value));
  return escapeText(JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? String(v) : v)));
}

function isEmpty(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value).length === 0)
  );
}
