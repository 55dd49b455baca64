/** Events as lines: of text for people, of JSON for programs. */
import { GAP, type HostEvent } from '../host/event.ts';
import { detailWords, gapWords } from '../host/event-words.ts';
import { escapeText } from '../text/escape.ts';
import { count, duration } from '../text/units.ts';
import { pad } from '../text/width.ts';
import { jsonText } from './json.ts';

/** The line of the JSON contract. */
export const eventJson = ({ at, type, source, namespace, object, details, topic }: HostEvent): string =>
  jsonText({ at, type, source, namespace, object, details, topic }, 'line');

// `2026-01-02T03:04:05.123456Z`; the longest of containerd's types, and of the sources.
const TYPE_CELLS = 20;
const SOURCE_CELLS = 10;

/** The line for people: when, what, who says so, which object, and what else is said of it. */
export const eventText = (event: HostEvent): string => {
  const { at, type, source, namespace, object, details } = event;
  const head = `${micros(at)}  ${pad(escapeText(type), TYPE_CELLS)}  ${pad(source, SOURCE_CELLS)}`;
  if (type === GAP) {
    return `${head}  ${escapeText(gapWords(details))}\n`;
  }
  const where = namespace === null ? '' : `${namespace}/`;
  const name = object === null || object.name === null ? '' : ` (${object.name})`;
  const what = object === null ? (namespace ?? '-') : `${where}${object.id}${name}`;
  return `${[head, escapeText(what), ...detailWords(details).map(escapeText)].join('  ')}\n`;
};

/** What a stream of events came to. */
export interface EventSummary {
  readonly at: string;
  readonly events: number;
  readonly gaps: number;
  readonly durationMs: number;
  /** Number of events by their type, and by who told of them. */
  readonly types: Readonly<Record<string, number>>;
  readonly sources: Readonly<Record<string, number>>;
  /** What ended it. */
  readonly ended: 'SIGINT' | 'SIGTERM' | 'for';
}

export const summaryJson = ({ at, ...rest }: EventSummary): string =>
  jsonText({ at, type: 'summary', ...rest }, 'line');

export const summaryText = ({ events, gaps, durationMs, sources }: EventSummary): string => {
  const by = Object.entries(sources).map(([source, n]) => `${source} ${n}`);
  const whose = by.length === 0 ? '' : ` (${by.join(', ')})`;
  return `${count(events, 'event')} in ${duration(durationMs)}${whose}, ${count(gaps, 'gap')}\n`;
};

function micros(at: string): string {
  const [second = '', fraction = ''] = at.replace('Z', '').split('.');
  return `${second}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}
