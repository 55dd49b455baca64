/** Any message as JSON values, `Any` payloads decoded by their type URL: what `api call` prints. */
import { type DescField, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf';
import type { Any, Timestamp } from '@bufbuild/protobuf/wkt';
import { decodeAny } from './any.ts';
import { timestamp } from './time.ts';

/** Bytes beyond this are counted, not shown. */
const MAX_BYTES = 64 * 1024;

/** What to do with bytes: nobody can search them for secrets, whatever they are an encoding of. */
export type BytesShown = 'base64' | 'withheld';

/** The message with its fields' JSON names; zero values are shown, unset messages as null. */
export const messageJson = async (
  schema: DescMessage,
  message: Message,
  shown: BytesShown,
): Promise<unknown> => {
  if (schema.typeName === 'google.protobuf.Timestamp') return timestamp(message as Timestamp);
  if (schema.typeName === 'google.protobuf.Any') return anyJson(message as Any, shown);
  const members = message as unknown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    await Promise.all(
      schema.fields.map(
        async (field) => [field.jsonName, await fieldJson(field, members[field.localName], shown)] as const,
      ),
    ),
  );
};

async function fieldJson(field: DescField, value: unknown, shown: BytesShown): Promise<unknown> {
  if (value === undefined || value === null) return null;
  switch (field.fieldKind) {
    case 'scalar':
      return field.scalar === ScalarType.BYTES ? bytesJson(value, shown) : value;
    case 'enum':
      return field.enum.value[Number(value)]?.name ?? value;
    case 'message':
      return messageJson(field.message, value as Message, shown);
    case 'list': {
      const values = value as readonly unknown[];
      if (field.listKind === 'message') {
        return Promise.all(values.map((item) => messageJson(field.message, item as Message, shown)));
      }
      if (field.listKind === 'enum')
        return values.map((item) => field.enum.value[Number(item)]?.name ?? item);
      return field.scalar === ScalarType.BYTES ? values.map((item) => bytesJson(item, shown)) : values;
    }
    case 'map': {
      const entries = Object.entries(value as Readonly<Record<string, unknown>>);
      if (field.mapKind !== 'message') return Object.fromEntries(entries);
      return Object.fromEntries(
        await Promise.all(
          entries.map(
            async ([key, item]) => [key, await messageJson(field.message, item as Message, shown)] as const,
          ),
        ),
      );
    }
  }
}

async function anyJson(any: Any, shown: BytesShown): Promise<unknown> {
  try {
    return { typeUrl: any.typeUrl, value: await decodeAny(any) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { typeUrl: any.typeUrl, undecoded: why, bytes: bytesJson(any.value, shown) };
  }
}

function bytesJson(value: unknown, shown: BytesShown): unknown {
  const bytes = value as Uint8Array;
  if (shown === 'withheld' && bytes.length > 0) return { bytes: bytes.length, shown: 'none: withheld' };
  return bytes.length > MAX_BYTES
    ? { bytes: bytes.length, shown: 'none: too many' }
    : Buffer.from(bytes).toString('base64');
}
