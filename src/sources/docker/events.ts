/** Docker's event stream: one JSON document a line. */
import type { DockerEvent } from '../../host/docker.ts';
import { type Gap, unknown } from '../../host/observed.ts';
import type { DockerConnection } from './connection.ts';
import { fields, labels, Malformed, nested, parseJson, text, textOrEmpty, unixNanos } from './json.ts';

export interface EventQuestion {
  /** RFC 3339 or seconds since 1970: what happened since is replayed first, as far as Docker remembers (256 events). */
  readonly since?: string;
  /** The stream ends at this moment instead of going on. */
  readonly until?: string;
  /** For the headers, which come with the subscription. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Events as they come, with the labels of their objects among the attributes: secrets are not withheld here. They come
 * until the signal aborts or `until` is reached; one that cannot be read is a gap in their midst.
 * @throws DockerFailure when the stream breaks
 */
export async function* watchEvents(
  connection: DockerConnection,
  { since, until, deadlineMs, signal }: EventQuestion,
): AsyncGenerator<DockerEvent | Gap, void, undefined> {
  const query = new URLSearchParams({
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
  const path = query.size === 0 ? '/events' : `/events?${query}`;
  const from = `GET /events at ${connection.address}`;
  for await (const line of connection.lines(path, { deadlineMs, signal })) {
    yield line === undefined
      ? gap(from, 'truncated', 'an event is over the limit of a line')
      : eventOf(line, from);
  }
}

/** Whether an event of the stream was read. */
export const isEvent = (item: DockerEvent | Gap): item is DockerEvent => !('state' in item);

function eventOf(line: string, from: string): DockerEvent | Gap {
  try {
    const event = fields(parseJson(line), 'the event');
    const actor = nested(event, 'Actor');
    const at = unixNanos(event, 'timeNano');
    if (at === null) throw new Malformed('timeNano is missing');
    return {
      at,
      type: text(event, 'Type'),
      action: text(event, 'Action'),
      id: textOrEmpty(actor, 'ID'),
      attributes: labels(actor, 'Attributes'),
    };
  } catch (error) {
    if (!(error instanceof Malformed || error instanceof SyntaxError)) throw error;
    return gap(from, 'failed', `an event is not what Docker's API says: ${error.message.slice(0, 200)}`);
  }
}

function gap(from: string, state: 'truncated' | 'failed', why: string): Gap {
  return { ...unknown(state, from, why, new Date().toISOString(), 0), object: { kind: 'event' } };
}
