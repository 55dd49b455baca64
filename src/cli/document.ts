/** What every JSON document of the contract begins with. */
import type { HostSnapshot } from '../host/snapshot.ts';
import type { UnknownEntry } from '../host/unknown-entries.ts';
import { jsonText } from '../report/json.ts';

export interface DocumentHead {
  readonly schemaVersion: 1;
  readonly kind: string;
  readonly at: string;
  readonly from: HostSnapshot['from'];
  readonly unknown: readonly UnknownEntry[];
}

export const documentHead = (
  kind: string,
  host: HostSnapshot,
  unknown: readonly UnknownEntry[],
): DocumentHead => ({ schemaVersion: 1, kind, at: host.at, from: host.from, unknown });

/** A document in one of the formats that every command has. */
export const documentText = async (document: object, format: 'json' | 'yaml'): Promise<string> => {
  if (format === 'json') return jsonText(document);
  const { yamlText } = await import('../report/yaml.ts');
  return yamlText(document);
};
