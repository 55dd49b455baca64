/** What has happened lately, the newest last. */
import { GAP, type HostEvent } from '../../host/event.ts';
import { detailWords, gapWords } from '../../host/event-words.ts';
import type { Column } from '../../host/kinds/kind.ts';
import type { Captured } from '../captured.ts';
import { haystackOf, type Sheet, type ViewKind } from '../table.ts';

export const EVENTS: ViewKind = {
  name: 'events',
  singular: 'event',
  facet: null,
  wants: [],
  whenEmpty: 'no events yet: what happens is heard from the start of ctrscope on, and containerd keeps none',
};

export const eventSheet = ({ host, events }: Captured): Sheet<HostEvent> => {
  const columns = columnsOf(host.at);
  return {
    rows: events ?? [],
    columns,
    item: ({ at, type, source, namespace, object, details, topic }) => ({
      at,
      type,
      source,
      namespace,
      object,
      details,
      topic,
    }),
    id: (e) => e.object?.id ?? e.type,
    key: keyOf,
    tone: (e) => (isGap(e) ? 'warn' : 'plain'),
    // It stands among the events, and for events, but is none.
    isOwn: (e) => !isGap(e),
    isNotice: isGap,
    haystack: (e) => haystackFor(e, columns, host.at),
    ...(events === undefined
      ? { whenEmpty: 'no events here: a recording is one moment, and events are heard while they happen' }
      : {}),
  };
};

/**
 * The filter line that leaves the events of one object, by its id or digest: of a container those of its task, of Docker and of
 * its snapshot, too, for all of them go by its id.
 */
export const eventFilter = (id: string): string => {
  // What parts the terms of a filter can be in no term; a regular expression takes the rest of the line as it is.
  if (!/[\s,]/.test(id)) return `id=${id}`;
  return `re:^${id.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/\s/g, '\\s')}$`;
};

function columnsOf(at: string): readonly Column<HostEvent>[] {
  const today = local(at).slice(0, DAY_LENGTH);
  return [
    {
      id: 'time',
      title: 'TIME',
      priority: 1,
      text: (e) => {
        const time = local(e.at);
        return time.startsWith(today) ? time.slice(DAY_LENGTH + 1) : time;
      },
      sortKey: (e) => precise(e.at),
    },
    { id: 'type', title: 'EVENT', priority: 1, text: (e) => e.type, cut: 'middle' },
    { id: 'id', title: 'OBJECT', priority: 1, cut: 'middle', text: (e) => e.object?.id ?? '' },
    { id: 'name', title: 'NAME', priority: 2, cut: 'middle', text: (e) => e.object?.name ?? '' },
    { id: 'namespace', title: 'NAMESPACE', priority: 4, cut: 'middle', text: (e) => e.namespace ?? '' },
    { id: 'source', title: 'SOURCE', priority: 3, text: (e) => e.source },
    { id: 'summary', title: 'SAYS', priority: 2, cut: 'end', text: summary },
  ];
}

function isGap({ type }: HostEvent): boolean {
  return type === GAP;
}

function summary(event: HostEvent): string {
  return isGap(event) ? gapWords(event.details) : detailWords(event.details).join('  ');
}

// An event is the same object from one picture to the next, for as long as the feed keeps it.
const numbers = new WeakMap<HostEvent, number>();
let told = 0;

function keyOf(event: HostEvent): string {
  const known = numbers.get(event);
  if (known !== undefined) return String(known);
  told += 1;
  numbers.set(event, told);
  return String(told);
}

// Only those that are new have to be read for a filter, however often the picture changes.
const haystacks = new WeakMap<HostEvent, string>();

function haystackFor(event: HostEvent, columns: readonly Column<HostEvent>[], at: string): string {
  const known = haystacks.get(event);
  if (known !== undefined) return known;
  const made = haystackOf(event, columns, at);
  haystacks.set(event, made);
  return made;
}

const DAY_LENGTH = '2026-01-02'.length;

/** `2026-01-02 03:04:05.123` in the reader's own time zone; what is no time as it stands. */
function local(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

// RFC 3339 in UTC with all nine digits: as text in the order of time.
function precise(at: string): string {
  return `${at.slice(0, 19)}.${at.slice(20).replace('Z', '').padEnd(9, '0')}`;
}
