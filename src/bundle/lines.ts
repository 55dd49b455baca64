/** Bytes as lines of text, none longer than allowed. */
import { TextDecoder } from 'node:util';
import { bytes as size } from '../text/units.ts';

/**
 * The lines of a file, in the portions in which it came.
 * @throws Error on a line that is too long, is no UTF-8, or has no end
 */
export async function* linesOf(
  content: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let begun: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  for await (const chunk of content) {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      begun.push(chunk.subarray(from, end));
      length += end - from;
      if (length > limit) break;
      lines.push(textOf(decoder, begun, number));
      begun = [];
      length = 0;
      number += 1;
      from = end + 1;
    }
    if (length <= limit && from < chunk.length) {
      begun.push(chunk.subarray(from));
      length += chunk.length - from;
    }
    if (length > limit) throw new Error(`line ${number} is longer than ${size(limit)}`);
    if (lines.length > 0) yield lines;
  }
  if (begun.length > 0) throw new Error(`line ${number} has no end`);
}

function textOf(decoder: TextDecoder, parts: readonly Uint8Array[], number: number): string {
  try {
    return decoder.decode(Buffer.concat(parts));
  } catch {
    throw new Error(`line ${number} is not UTF-8`);
  }
}
