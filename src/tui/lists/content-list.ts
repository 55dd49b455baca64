/** Blobs, and above them what is being written and will be blobs. */

import type { ContentInfo, Ingest } from '../../host/containerd.ts';
import { content } from '../../host/kinds/content.ts';
import { ingests } from '../../host/kinds/ingests.ts';
import type { Column, RowTone } from '../../host/kinds/kind.ts';
import { items } from '../../host/kinds/listing.ts';
import { seenValue } from '../../host/observed.ts';
import { type FacetName, facet } from '../../host/snapshot.ts';
import { age, bytes } from '../../text/units.ts';
import type { Captured } from '../captured.ts';
import type { Sheet } from '../table.ts';

export const CONTENT_WANTS: readonly FacetName[] = ['containerd.content', 'containerd.ingests'];

type ContentRow = ContentInfo | Ingest;

export const contentSheet = (shown: Captured): Sheet<ContentRow> => {
  const { at } = shown.host;
  const blobs = content.rows(shown.host);
  const written = ingests.rows(shown.host);
  const rates = ratesOf(shown);
  const tone = (row: ContentRow): RowTone =>
    !isIngest(row) ? 'plain' : idleMs(row, at) === undefined ? 'created' : 'paused';
  return {
    rows: [...written, ...blobs],
    columns: written.length === 0 ? content.columns.map(ofBlob) : columnsWith(rates),
    item: (row) => {
      if (!isIngest(row)) return content.item(row);
      const bytesPerSecond = rates.get(ingests.key(row));
      return {
        ...ingests.item(row),
        ...(bytesPerSecond === undefined ? {} : { bytesPerSecond: Math.round(bytesPerSecond) }),
      };
    },
    id: (row) => (isIngest(row) ? ingests.id(row) : content.id(row)),
    // No blob's key ends so: what stands there is a digest.
    key: (row) => (isIngest(row) ? `${ingests.key(row)}/ingest` : content.key(row)),
    ...(written.length === 0 ? {} : { tone }),
    isOwn: (row) => !isIngest(row),
  };
};

function isIngest(row: ContentRow): row is Ingest {
  return 'ref' in row;
}

// What a blob's column says of a blob that is not yet one.
const OF_INGEST: Readonly<Record<string, Pick<Column<Ingest>, 'text' | 'sortKey'>>> = {
  namespace: { text: (i) => i.namespace },
  digest: { text: (i) => i.ref },
  size: { text: (i) => bytes(i.offset), sortKey: (i) => i.offset },
  age: { text: (i, at) => age(i.startedAt, at), sortKey: (i) => i.startedAt ?? '' },
};

function columnsWith(rates: ReadonlyMap<string, number>): readonly Column<ContentRow>[] {
  const both = content.columns.map((column): Column<ContentRow> => {
    const other = OF_INGEST[column.id];
    return {
      ...column,
      ...(column.id === 'digest' ? { title: 'REF OR DIGEST' } : {}),
      text: (row, at) => (isIngest(row) ? (other?.text(row, at) ?? '') : column.text(row, at)),
      sortKey: (row) =>
        isIngest(row)
          ? (other?.sortKey?.(row) ?? other?.text(row, '') ?? '')
          : (column.sortKey?.(row) ?? column.text(row, '')),
    };
  });
  return [
    ...both,
    {
      id: 'progress',
      title: 'PROGRESS',
      priority: 1,
      text: (row) => (isIngest(row) ? progressText(row) : ''),
      sortKey: (row) => (isIngest(row) && row.total > 0n ? Number(row.offset) / Number(row.total) : -1),
    },
    {
      id: 'rate',
      title: 'RATE',
      align: 'right',
      priority: 2,
      text: (row, at) => (isIngest(row) ? rateText(row, rates.get(ingests.key(row)), at) : ''),
      sortKey: (row) => (isIngest(row) ? (rates.get(ingests.key(row)) ?? 0) : -1),
    },
    {
      id: 'expected',
      title: 'EXPECTED',
      priority: 3,
      cut: 'middle',
      text: (row) => (isIngest(row) ? row.expected : ''),
    },
  ];
}

function ofBlob(column: Column<ContentInfo>): Column<ContentRow> {
  const { sortKey } = column;
  return {
    ...column,
    text: (row, at) => (isIngest(row) ? '' : column.text(row, at)),
    sortKey: (row) => (isIngest(row) ? '' : (sortKey?.(row) ?? column.text(row, ''))),
  };
}

const BAR_CELLS = 10;

// `██████░░░░  60% of 29.9 MiB`; a writer that did not say how much it will write has no share of it.
function progressText({ offset, total }: Ingest): string {
  if (total <= 0n) return 'of ? bytes';
  const percent = (offset * 100n) / total;
  const full = Math.min(BAR_CELLS, Math.floor(Number(percent) / BAR_CELLS));
  const bar = '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
  return `${bar} ${String(percent).padStart(3)}% of ${bytes(total)}`;
}

function rateText(ingest: Ingest, rate: number | undefined, at: string): string {
  const idle = idleMs(ingest, at);
  if (idle !== undefined) return `idle ${age(ingest.updatedAt, at)}`;
  return rate === undefined ? '' : `${bytes(rate)}/s`;
}

// A pull that waits for its registry writes again within this time, or is worth a look.
const IDLE_MS = 30_000;

// How long nothing has been written, where that is long. It may be waiting, or nobody may be writing it any more.
function idleMs({ updatedAt }: Ingest, at: string): number | undefined {
  const ms = updatedAt === null ? 0 : Date.parse(at) - Date.parse(updatedAt);
  return ms >= IDLE_MS ? ms : undefined;
}

// Bytes per second between the two last readings, by key; none for what was in one of them only, or was begun anew.
function ratesOf({ host, earlier }: Captured): ReadonlyMap<string, number> {
  const newer = facet(host, 'containerd.ingests');
  const older = earlier === undefined ? undefined : seenValue(earlier);
  if (earlier === undefined || older === undefined) return new Map();
  const seconds = (Date.parse(newer.at) - Date.parse(earlier.at)) / 1000;
  const before = new Map(older.items.map((ingest) => [ingests.key(ingest), ingest]));
  return new Map(
    items(host, 'containerd.ingests').flatMap((ingest): [string, number][] => {
      const key = ingests.key(ingest);
      const past = before.get(key);
      const isSame = past?.startedAt === ingest.startedAt && past.offset <= ingest.offset;
      return past === undefined || !isSame || !(seconds > 0)
        ? []
        : [[key, Number(ingest.offset - past.offset) / seconds]];
    }),
  );
}
