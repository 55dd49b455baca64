/** containerd's event stream: what changed, in every namespace. */
import { Events } from '../../gen/containerd/services/events/v1/events_pb.js';
import type { Connection } from './connection.ts';

/** A stream lives until somebody ends it; gRPC wants a deadline all the same. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * Calls back for every event until the signal aborts. The server does not say when the subscription begins: what happened
 * just before or just after must be read from the lists.
 * @throws CallFailure when the stream breaks
 */
export const watchEvents = async (
  connection: Connection,
  signal: AbortSignal,
  changed: (topic: string, namespace: string) => void,
): Promise<void> => {
  const stream = connection.stream(Events.method.subscribe, {}, { deadlineMs: FOREVER_MS, signal });
  for await (const { topic, namespace } of stream) changed(topic, namespace);
};
