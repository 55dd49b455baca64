/** What takes the disk: a table of rows, then what takes room for nobody. */
import type { Column, JsonItem } from '../host/kinds/kind.ts';
import type { Loose, Usage, UsageRow } from '../host/usage/usage-row.ts';
import { escapeCsv, escapeText } from '../text/escape.ts';
import { tableLines } from '../text/table.ts';
import { age, bytes } from '../text/units.ts';

/** Lines of what is loose; a screen is enough of them. */
const MAX_LOOSE = 20;

const number = (
  id: 'size' | 'shared' | 'unique' | 'reclaimable' | 'undecided' | 'orphaned',
): Column<UsageRow> => ({
  id,
  title: id.toUpperCase(),
  align: 'right',
  priority: 1,
  text: (row) => {
    const value = row[id];
    return value === undefined ? '?' : value === null ? '-' : bytes(value);
  },
});

const COLUMNS: readonly Column<UsageRow>[] = [
  { id: 'kind', title: 'KIND', priority: 1, text: (row) => row.kind },
  { id: 'namespace', title: 'NAMESPACE', priority: 1, text: (row) => row.namespace ?? '(host)' },
  { id: 'snapshotter', title: 'SNAPSHOTTER', priority: 2, text: (row) => row.snapshotter ?? '-' },
  { id: 'objects', title: 'OBJECTS', align: 'right', priority: 2, text: (row) => String(row.objects) },
  number('size'),
  number('shared'),
  number('unique'),
  number('reclaimable'),
  number('undecided'),
  number('orphaned'),
  {
    id: 'unmeasured',
    title: 'UNMEASURED',
    align: 'right',
    priority: 2,
    text: (row) => String(row.unmeasured),
  },
  { id: 'how', title: 'HOW', priority: 3, text: (row) => row.how },
];

/** Lines for a terminal. */
export const usageLines = ({ rows, loose }: Usage, at: string): string[] => [
  ...tableLines(
    COLUMNS.map(({ title, align }) => (align === undefined ? { title } : { title, align })),
    rows.map((row) => COLUMNS.map((column) => escapeText(column.text(row, at)))),
  ),
  ...(loose.length === 0 ? [] : ['', 'Held by nothing:', ...looseLines(loose, at)]),
];

/** Lines of CSV with the items' keys as header and whole numbers; what is not known is empty. */
export const usageCsv = ({ rows }: Usage): string[] => [
  COLUMNS.map(({ id }) => id).join(','),
  ...rows.map((row) => {
    const item = usageItem(row);
    return COLUMNS.map(({ id }) => escapeCsv(String(item[id] ?? ''))).join(',');
  }),
];

/** The item of the JSON contract: what is not known has no key. */
export const usageItem = ({ orphaned, ...row }: UsageRow): JsonItem =>
  orphaned === undefined ? row : { ...row, orphaned };

/** The item of what is loose. */
export const looseItem = ({ size, ...loose }: Loose): JsonItem =>
  size === undefined ? loose : { ...loose, size };

function looseLines(loose: readonly Loose[], at: string): string[] {
  const more = loose.length - MAX_LOOSE;
  return [
    ...tableLines(
      [
        { title: 'STATE' },
        { title: 'KIND' },
        { title: 'NAMESPACE' },
        { title: 'SIZE', align: 'right' },
        { title: 'AGE', align: 'right' },
        { title: 'ID' },
      ],
      loose
        .slice(0, MAX_LOOSE)
        .map(({ state, kind, namespace, size, createdAt, snapshotter, id }) =>
          [
            state,
            kind,
            namespace ?? '-',
            size === undefined ? '?' : bytes(size),
            age(createdAt, at) || '-',
            snapshotter === null || kind === 'directory' ? id : `${snapshotter}/${id}`,
          ].map(escapeText),
        ),
    ),
    ...(more > 0 ? [`… and ${more} more; -o json has them all`] : []),
  ];
}
