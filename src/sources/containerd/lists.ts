/** Lists that come as streams: held as a whole, and so bounded. */
import type {
  DescMessage,
  DescMethodServerStreaming,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import type { CallOptions, Connection } from './connection.ts';
import { CallFailure } from './failure.ts';

/** Records of one list that are read. Hosts that build images all day have some ten thousands. */
export const LIST_RECORDS = 200_000;

/**
 * Gives every record of a streamed list to `take`.
 * @param records the records of one message
 * @throws CallFailure, `truncated` for more than {@link LIST_RECORDS}: a daemon may go on for ever, and a part of a list
 * would be taken for the whole of it
 */
export const eachListed = async <I extends DescMessage, O extends DescMessage, R>(
  connection: Connection,
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  options: CallOptions,
  records: (message: MessageShape<O>) => readonly R[],
  take: (record: R) => void,
): Promise<void> => {
  const started = performance.now();
  let count = 0;
  for await (const message of connection.stream(method, request, options)) {
    for (const record of records(message)) {
      count += 1;
      if (count > LIST_RECORDS) throw tooMany(method, connection.address, performance.now() - started);
      take(record);
    }
  }
};

function tooMany(method: DescMethodServerStreaming, address: string, ms: number): CallFailure {
  const call = `${method.parent.name}.${method.name}`;
  return new CallFailure({
    state: 'truncated',
    code: 0,
    method: `${method.parent.typeName}/${method.name}`,
    why: `${call} at ${address}: the list has more than the ${LIST_RECORDS} records that are read`,
    ms,
  });
}
