/** `ctrscope api list|call|ping` */
import { callApi, listApi, pingApi, readMethodNamed } from '../collect/api.ts';
import { openLiveHost } from '../collect/live.ts';
import { seenValue } from '../host/observed.ts';
import { facet } from '../host/snapshot.ts';
import { escapeText } from '../text/escape.ts';
import { tableLines } from '../text/table.ts';
import { documentText } from './document.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions, liveOptions } from './globals.ts';
import { foundNobody, sayChoice, sayNobody } from './no-containerd.ts';
import { writeError, writeOut } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';

const FORMATS = ['text', 'json', 'yaml'] as const;
const DEFAULT_TIMEOUT_MS = 2000;
/** What ctr uses when nobody names one. */
const DEFAULT_NAMESPACE = 'default';

/** Every service and method of our definitions, and whether this daemon implements it. */
export const apiList = async (globals: GlobalOptions): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  return withAddress(globals, async (address) => {
    const methods = await listApi(address, timeoutOf(globals));
    if (format === 'text') {
      const rows = methods.map(({ service, method, kind, reads, implemented }) => [
        `${service}/${method}`,
        kind,
        reads ? 'read' : 'write',
        implemented ? 'yes' : 'no',
      ]);
      const columns = [{ title: 'METHOD' }, { title: 'KIND' }, { title: 'EFFECT' }, { title: 'IMPLEMENTED' }];
      await writeOut(
        tableLines(columns, rows)
          .map((line) => `${line}\n`)
          .join(''),
      );
      if (globals.quiet !== true) {
        await writeError(
          'containerd has no reflection (grpcurl list cannot work): these are the methods of our definitions, each asked for by itself',
        );
      }
    } else {
      await writeOut(await documentText({ ...head('api list'), reflection: false, items: methods }, format));
    }
    return EXIT.ok;
  });
};

/** One call of a read method with a JSON request. */
export const apiCall = async (
  name: string,
  request: string | undefined,
  globals: GlobalOptions,
): Promise<number> => {
  const format = formatOf(globals, ['json', 'yaml', 'text'] as const);
  const method = readMethodNamed(name);
  if ('why' in method) throw new UsageError(escapeText(method.why));
  const json = parseRequest(request ?? '{}');
  return withAddress(globals, async (address) => {
    const namespace = globals.namespace ?? DEFAULT_NAMESPACE;
    const options = { namespace, timeoutMs: timeoutOf(globals), showSecrets: globals.showSecrets === true };
    const { messages, ms, ended } = await callApi(address, method, json, options);
    const document = {
      ...head('api call'),
      service: method.parent.typeName,
      method: method.name,
      namespace,
      ms: Math.round(ms * 1000) / 1000,
      ended,
      items: messages,
    };
    await writeOut(await documentText(document, format === 'yaml' ? 'yaml' : 'json'));
    return EXIT.ok;
  });
};

/** Latency per method, over one reused channel and over a new one per call. */
export const apiPing = async (
  { count }: { readonly count: number },
  globals: GlobalOptions,
): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  return withAddress(globals, async (address) => {
    const namespace = globals.namespace ?? DEFAULT_NAMESPACE;
    const items = await pingApi(address, { namespace, timeoutMs: timeoutOf(globals), calls: count });
    if (format === 'text') {
      const ms = (value: number | null): string => (value === null ? '-' : value.toFixed(2));
      const columns = [
        { title: 'METHOD' },
        { title: 'CHANNEL' },
        ...['CALLS', 'FAILED', 'MIN MS', 'MEDIAN', 'P95', 'MAX'].map((title) => ({
          title,
          align: 'right' as const,
        })),
      ];
      const rows = items.map((i) => [
        i.method,
        i.channel,
        ...[i.calls, i.failures].map(String),
        ...[i.minMs, i.medianMs, i.p95Ms, i.maxMs].map(ms),
      ]);
      await writeOut(
        tableLines(columns, rows)
          .map((line) => `${line}\n`)
          .join(''),
      );
    } else {
      await writeOut(await documentText({ ...head('api ping'), namespace, items }, format));
    }
    const errors = new Set(items.flatMap(({ error }) => (error === null ? [] : [error])));
    for (const error of errors) await writeError(escapeText(error));
    const failed = items.filter(({ failures, calls }) => failures === calls).length;
    if (failed === items.length) return EXIT.failed;
    return errors.size > 0 ? EXIT.partial : EXIT.ok;
  });
};

async function withAddress(
  globals: GlobalOptions,
  use: (address: string) => Promise<number>,
): Promise<number> {
  if (globals.address !== undefined) return use(globals.address);
  const live = openLiveHost(liveOptions(globals));
  try {
    const host = await live.collect(['containerd.discovery']);
    const nobody = foundNobody(host);
    const chosen = seenValue(facet(host, 'containerd.discovery'))?.chosen;
    if (nobody !== undefined || chosen === undefined || chosen === null) {
      if (nobody !== undefined) await sayNobody(nobody);
      return EXIT.failed;
    }
    if (globals.quiet !== true) await sayChoice(host);
    return await use(chosen.address.replace(/^unix:(\/\/)?/, ''));
  } finally {
    live.close();
  }
}

function head(kind: string): object {
  return { schemaVersion: 1, kind, at: new Date().toISOString(), from: 'live', unknown: [] };
}

function timeoutOf(globals: GlobalOptions): number {
  return globals.timeout ?? DEFAULT_TIMEOUT_MS;
}

function parseRequest(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `the request is not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
