/** Something that happened, whoever said it: containerd, Docker or the kernel, as one kind of record on one clock. */
import type { Timestamp } from './observed.ts';
import { withholdArgs, withholdJson } from './secrets.ts';

export type EventSource = 'containerd' | 'docker' | 'kernel';

/** What an event is about. */
export interface EventObject {
  /** Singular, as in `get KIND`; Docker has more of them: network, volume, plugin, … */
  readonly kind: string;
  readonly id: string;
  /** What people call it, where the event says so. */
  readonly name: string | null;
}

export interface HostEvent {
  /** When its source says that it happened; up to nanoseconds. */
  readonly at: Timestamp;
  /** `task.exit`, `container.create`, `image.delete`, …; `gap` where events may have been missed. */
  readonly type: string;
  readonly source: EventSource;
  /** containerd's namespace; null where there is none. */
  readonly namespace: string | null;
  readonly object: EventObject | null;
  /** What else it says, as JSON: exit status, pid, exec id, labels, … */
  readonly details: EventDetails;
  /** containerd's topic; for Docker `type/action`; empty for what we say ourselves. */
  readonly topic: string;
}

export type EventDetails = Readonly<Record<string, unknown>>;

/** The type of the event that stands for those that may have been missed. */
export const GAP = 'gap';

export interface Gone {
  readonly source: EventSource;
  /** The last moment at which the stream was known to be whole. */
  readonly since: Timestamp;
  /** When it was again. */
  readonly until: Timestamp;
  readonly why: string;
}

/** The gap in a stream that broke and was taken up again. */
export const gapEvent = ({ source, since, until, why }: Gone): HostEvent => ({
  at: until,
  type: GAP,
  source,
  namespace: null,
  object: null,
  details: { since, until, ms: Math.max(0, Date.parse(until) - Date.parse(since)), why },
  topic: '',
});

// The first word of containerd's topics; only that of snapshots and content is in the singular.
const KINDS: Readonly<Record<string, string>> = {
  namespaces: 'namespace',
  containers: 'container',
  tasks: 'task',
  images: 'image',
  sandboxes: 'sandbox',
};

/** `/tasks/exec-added` as kind `task` and type `task.exec-added`; of a foreign topic as much as can be had. */
export const ofTopic = (topic: string): { readonly kind: string; readonly type: string } => {
  const [first = '', ...rest] = topic.replace(/^\/+/, '').split('/');
  const kind = KINDS[first] ?? first;
  return { kind, type: [kind, ...rest].filter((word) => word !== '').join('.') || 'unknown' };
};

/** Earlier first. Both are RFC 3339 in UTC, with any number of fractional digits. */
export const compareTimes = (a: Timestamp, b: Timestamp): number => {
  const [secondA, secondB] = [a.slice(0, 19), b.slice(0, 19)];
  if (secondA !== secondB) return secondA < secondB ? -1 : 1;
  const [nanosA, nanosB] = [nanos(a), nanos(b)];
  return nanosA === nanosB ? 0 : nanosA < nanosB ? -1 : 1;
};

function nanos(time: Timestamp): string {
  return time.slice(20).replace('Z', '').padEnd(9, '0');
}

/** The event with its secrets withheld: labels travel in events, and Docker's name the commands of execs. */
export const eventWithoutSecrets = (event: HostEvent): HostEvent => ({
  ...event,
  details: withheld(event.details),
});

/** Characters of details that are kept of an event that is remembered; what is told at once is told whole. */
const MOST_REMEMBERED = 4096;

/** The event, small enough to keep many of: Docker puts all labels of a container into each of its events. */
export const toRemember = (event: HostEvent): HostEvent => {
  const budget = { left: MOST_REMEMBERED };
  const details = cut(event.details, budget);
  return budget.left >= 0 ? event : { ...event, details: { ...(details as EventDetails), cut: true } };
};

// As much of a value as the budget pays for.
function cut(value: unknown, budget: { left: number }): unknown {
  if (typeof value === 'string') {
    const kept = value.slice(0, Math.max(0, budget.left));
    budget.left -= value.length;
    return kept;
  }
  if (typeof value !== 'object' || value === null) return value;
  const kept: [string, unknown][] = [];
  for (const [key, inner] of Object.entries(value)) {
    budget.left -= key.length + 1;
    if (budget.left < 0) break;
    kept.push([key, cut(inner, budget)]);
  }
  return Array.isArray(value) ? kept.map(([, inner]) => inner) : Object.fromEntries(kept);
}

function withheld(details: EventDetails): EventDetails {
  const safe = withholdJson(details) as EventDetails;
  const { command } = details;
  return typeof command === 'string' ? { ...safe, command: withholdArgs([command])[0] } : safe;
}
