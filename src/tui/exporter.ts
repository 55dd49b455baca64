/** What an exported view is made of, and who writes it. */
import type { JsonItem } from '../host/kinds/kind.ts';
import type { HostSnapshot } from '../host/snapshot.ts';
import type { UnknownEntry } from '../host/unknown-entries.ts';
import type { ViewName } from './views.ts';

export const EXPORT_FORMATS = ['yaml', 'json', 'csv'] as const;

export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface Export {
  readonly format: ExportFormat;
  readonly view: ViewName;
  /** The host's name as the title has it. */
  readonly hostName: string;
  /** As in `get KIND`. */
  readonly kind: string;
  readonly host: HostSnapshot;
  /** Undefined: they could not be listed, which is not the same as there being none. */
  readonly items: readonly JsonItem[] | undefined;
  readonly unknown: readonly UnknownEntry[];
  /** The columns' ids, and the rows' cells, for formats that are tables. Foreign text is not yet escaped. */
  readonly columns: readonly string[];
  readonly cells: readonly (readonly string[])[];
}

/** Writes exports; the UI opens no file by itself. */
export interface Exporter {
  /** Where they go. */
  readonly directory: string;
  /** Writes a new file and returns its path. @throws Error when that is not possible */
  write(wanted: Export): Promise<string>;
}
