/**
 * `google.protobuf.Any` payloads, decoded by their type URL and never by sniffing: containerd packs registered Go types as
 * JSON and everything else as protobuf under its bare message name (github.com/containerd/typeurl).
 */
import { type DescMessage, fromBinary, toJson } from '@bufbuild/protobuf';
import { jsonComplaint, parseExactJson } from '../../text/exact-json.ts';

export interface Payload {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

export const OCI_SPEC = 'types.containerd.io/opencontainers/runtime-spec/1/Spec';

/** A spec of more than this is no spec that somebody wrote: containerd itself refuses larger messages. */
const MAX_JSON = 16 << 20;
const MAX_URL = 200;

const PROTOBUF: Readonly<Record<string, () => Promise<DescMessage>>> = {
  'containerd.runc.v1.Options': async () =>
    (await import('../../gen/containerd/runc/v1/options_pb.js')).OptionsSchema,
  'containerd.runc.v1.CheckpointOptions': async () =>
    (await import('../../gen/containerd/runc/v1/options_pb.js')).CheckpointOptionsSchema,
  'containerd.runc.v1.ProcessDetails': async () =>
    (await import('../../gen/containerd/runc/v1/options_pb.js')).ProcessDetailsSchema,
  'runtimeoptions.v1.Options': async () =>
    (await import('../../gen/runtimeoptions/v1/options_pb.js')).OptionsSchema,
};

/**
 * The payload as JSON values.
 * @throws Error that names the type and what is wrong with the bytes
 */
export const decodeAny = async (payload: Payload): Promise<unknown> => {
  const url = payload.typeUrl.replace(/^type\.googleapis\.com\//, '');
  const protobuf = Object.hasOwn(PROTOBUF, url) ? PROTOBUF[url] : undefined;
  if (protobuf !== undefined) {
    const schema = await protobuf();
    try {
      return toJson(schema, fromBinary(schema, payload.value), { alwaysEmitImplicit: false });
    } catch (error) {
      throw new Error(`${payload.value.length} bytes are no ${url}: ${messageOf(error)}`);
    }
  }
  if (url.includes('/')) return decodeJson(url, payload.value);
  throw new Error(`payload of unknown type ${JSON.stringify(shortUrl(url))} (${payload.value.length} bytes)`);
};

function decodeJson(url: string, value: Uint8Array): unknown {
  if (value.length > MAX_JSON)
    throw new Error(`${shortUrl(url)} of ${value.length} bytes is over the limit of ${MAX_JSON}`);
  try {
    return parseExactJson(new TextDecoder('utf-8', { fatal: true }).decode(value));
  } catch (error) {
    throw new Error(`${shortUrl(url)} is not valid JSON: ${jsonComplaint(error)}`);
  }
}

function shortUrl(url: string): string {
  if (url === OCI_SPEC) return 'the OCI spec';
  return url.length > MAX_URL ? `${url.slice(0, MAX_URL)}…` : url;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
