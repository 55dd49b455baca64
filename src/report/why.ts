/** Why an object is still here, for people: the answer in a sentence, then each way from a holder as a small tree. */
import { type GraphNode, snapshotParts } from '../host/graph/graph.ts';
import type { HolderPath, Holders, Step } from '../host/graph/holders.ts';
import type { JsonItem } from '../host/kinds/kind.ts';
import type { WhyAnswer } from '../host/why.ts';
import { escapeText } from '../text/escape.ts';
import { age, count } from '../text/units.ts';

/** Trees that are printed; a screen is enough of them. */
const MAX_TREES = 20;
const MAX_HELD = 10;
/** Steps of one tree: snapshots may lie on each other by thousands, each further to the right. */
const MAX_STEPS = 24;
const FIRST_STEPS = 12;

const WORD: Readonly<Record<GraphNode['kind'], string>> = {
  image: 'image',
  content: 'content',
  snapshot: 'snapshot',
  container: 'container',
  lease: 'lease',
  ingest: 'ingest',
  sandbox: 'sandbox',
  dockerContainer: "Docker's container",
  dockerImage: "Docker's image",
};

/** The fields of the JSON contract; `held` is missing where it is unknown. */
export const whyFields = (answer: WhyAnswer, at: string): JsonItem => ({
  object: answer.match.nodes.map(nodeItem),
  ...(answer.held === undefined ? {} : { held: answer.held }),
  answer: whySentences(answer, at).join(' '),
  items: answer.holders.paths.map(pathItem),
  more: answer.holders.more,
  perhaps: answer.perhaps.paths.map(pathItem),
  former: answer.former.paths.map(pathItem),
  namedBy: answer.named.paths.map(pathItem),
  holds: answer.holds.map(({ node, edge }) => ({ ...nodeItem(node), edge })),
});

/** Lines for a terminal or the UI; escaped. */
export const whyLines = (answer: WhyAnswer, at: string): string[] => {
  const trees = (title: string, { paths, more }: Holders): string[] => {
    const shown = paths.slice(0, MAX_TREES);
    const rest = paths.length - shown.length + more;
    return [
      ...(title === '' || shown.length === 0 ? [] : ['', title]),
      ...shown.flatMap((path) => ['', ...treeLines(path, at)]),
      ...(rest > 0 ? ['', `… and ${rest} more`] : []),
    ];
  };
  // A root is its own holder, which the sentence has said.
  const others = answer.holders.paths.filter(({ steps }) => steps.length > 1);
  return [
    ...whySentences(answer, at).map(escapeText),
    ...trees('', { ...answer.holders, paths: others }),
    ...trees('May hold it, as far as could be read:', answer.perhaps),
    ...trees('Held it until its time was over:', answer.former),
    ...trees('Names it, and keeps nothing by that:', answer.named),
    ...heldLines(answer),
  ];
};

/** The answer in words, not yet escaped. */
export const whySentences = (answer: WhyAnswer, at: string): string[] => {
  const { match, held, holders, former, unread } = answer;
  const subject = subjectOf(answer);
  const own = match.nodes[0];
  if (own?.kind.startsWith('docker')) {
    return [`${subject} is Docker's own: no collection of containerd's removes it.`];
  }
  if (held === undefined) {
    const facts = unread.length === 0 ? 'not everything' : `${count(unread.length, 'fact')} that`;
    return [
      `Whether anything holds ${subject} is unknown: ${facts} could ${unread.length === 0 ? 'be read' : 'not be read'}.`,
    ];
  }
  if (held) {
    const root = match.nodes.find((node) => node.root?.state === 'holds')?.root;
    const others = holders.paths.filter(({ steps }) => steps.length > 1);
    const by = others.length === 0 ? '' : `is held by ${holdersText(others, holders.more)}`;
    if (root === undefined || root === null) {
      return [
        by === '' ? `${subject} stays until it is removed.` : `${subject} ${by}.`,
        ...elsewhere(answer),
      ];
    }
    const until = root.expiresAt === null ? '' : `; it ${expiryText(root.expiresAt, at)}`;
    const stays = `${subject} needs no holder: ${root.why}${until}.`;
    return by === '' ? [stays] : [stays, `It ${by} besides.`];
  }
  const since = former.paths[0]?.steps[0]?.node;
  const ended = since?.root?.expiresAt;
  return [
    `Nothing holds ${subject}; the next collection removes it.`,
    ...(since === undefined || !ended
      ? []
      : since === own
        ? [`It ${expiryText(ended, at)}.`]
        : [`${WORD[since.kind]} ${since.id} held it, and ${expiryText(ended, at)}.`]),
    collectorText(answer),
  ];
};

function collectorText({ collector }: WhyAnswer): string {
  const { runs, deletionThreshold, mutationThreshold } = collector;
  if (runs === false) return 'But the collector is not loaded in this containerd: nothing is ever collected.';
  const deletions =
    deletionThreshold === '0' || deletionThreshold === '1' ? 'a deletion' : `${deletionThreshold} deletions`;
  const changes = mutationThreshold === '0' ? '' : ` or ${mutationThreshold} changes`;
  return `No collection has run since: an expiry starts none, ${deletions}${changes} in containerd's records ${changes === '' ? 'does' : 'do'}.`;
}

// Content is deleted from the disk only when no namespace has it any more.
function elsewhere({ match, holders }: WhyAnswer): string[] {
  if (match.nodes.length < 2) return [];
  const holding = new Set(holders.paths.flatMap(({ steps }) => steps.map(({ node }) => node.namespace)));
  const idle = match.nodes.map(({ namespace }) => namespace).filter((namespace) => !holding.has(namespace));
  const where = `Its bytes are shared by namespaces ${match.nodes.map(({ namespace }) => namespace).join(', ')}`;
  return [idle.length === 0 ? `${where}.` : `${where}; nothing in ${idle.join(', ')} is known to hold it.`];
}

function subjectOf({ match }: WhyAnswer): string {
  const [node] = match.nodes;
  if (node === undefined) return match.label;
  const names = node.names[0] === undefined ? '' : ` (${node.names[0]})`;
  const places = match.nodes.length === 1 ? ` in namespace ${node.namespace}` : '';
  return `${WORD[node.kind]} ${node.id}${names}${places}`;
}

function holdersText(paths: readonly HolderPath[], more: number): string {
  const names = paths.slice(0, 3).flatMap(({ steps }) => {
    const node = steps[0]?.node;
    return node === undefined ? [] : [`${WORD[node.kind]} ${node.names[0] ?? node.id}`];
  });
  const rest = paths.length - names.length + more;
  if (rest > 0) return `${names.join(', ')} and ${count(rest, 'other')}`;
  return [names.slice(0, -1).join(', '), names.at(-1)].filter((part) => part !== '').join(' and ');
}

function treeLines({ steps }: HolderPath, at: string): string[] {
  const left = Math.max(0, steps.length - MAX_STEPS);
  return steps.flatMap((step, i) => {
    const isLeftOut = left > 0 && i >= FIRST_STEPS && i < FIRST_STEPS + left;
    if (isLeftOut && i > FIRST_STEPS) return [];
    const depth = i < FIRST_STEPS + left ? i : i - left + 1;
    const branch = depth === 0 ? '' : `${'   '.repeat(depth - 1)}└─ `;
    return [`${branch}${isLeftOut ? `… ${count(left, 'step')}` : escapeText(stepText(step, i, at))}`];
  });
}

function stepText({ node, edge }: Step, depth: number, at: string): string {
  const says = edge === null ? '' : `${edge}: `;
  const name = node.names[0] === undefined ? '' : ` (${node.names[0]})`;
  const facts = [
    ...(depth === 0 ? [node.namespace] : []),
    ...(node.present ? [] : ['not there']),
    ...(node.createdAt === null ? [] : [`${age(node.createdAt, at)} old`]),
    ...(node.kind === 'lease' && node.present
      ? [node.root?.expiresAt ? expiryText(node.root.expiresAt, at) : 'never expires']
      : []),
  ].filter((fact) => fact !== '');
  return `${says}${WORD[node.kind]} ${node.id}${name}${facts.length === 0 ? '' : `  ${facts.join(', ')}`}`;
}

function heldLines({ holds, match }: WhyAnswer): string[] {
  const isRoot = match.nodes.some(({ root, kind }) => root !== null || kind.startsWith('docker'));
  if (!isRoot || holds.length === 0) return [];
  const more = holds.length - MAX_HELD;
  return [
    '',
    'It holds:',
    ...holds
      .slice(0, MAX_HELD)
      .map(({ node, edge }) => escapeText(`  ${edge}: ${WORD[node.kind]} ${node.id}`)),
    ...(more > 0 ? [`  … and ${more} more`] : []),
  ];
}

function expiryText(expiresAt: string, at: string): string {
  return Date.parse(expiresAt) < Date.parse(at)
    ? `expired ${age(expiresAt, at)} ago`
    : `expires in ${age(at, expiresAt)}`;
}

/** A node of the graph as the JSON contract has it. */
export const nodeItem = (node: GraphNode): JsonItem => {
  const { kind, namespace, id, names, nameUnread, createdAt, size, root, present } = node;
  const common = { namespace, ...(nameUnread ? {} : { name: names[0] ?? null }) };
  const own =
    kind === 'snapshot'
      ? { kind, ...common, id: snapshotParts(id).key, snapshotter: snapshotParts(id).snapshotter }
      : { kind, ...common, id };
  return {
    ...own,
    ...(kind === 'lease' || root?.expiresAt ? { expiresAt: root?.expiresAt ?? null } : {}),
    ...(size === null ? {} : { size }),
    createdAt,
    ...(present ? {} : { present }),
  };
};

const pathItem = ({ steps }: HolderPath): JsonItem => ({
  path: steps.map(({ node, edge }) => ({ ...nodeItem(node), edge })),
});
