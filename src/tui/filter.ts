/**
 * The filter line's grammar:
 *
 *   text                      rows that contain it, in any column, in any case
 *   re:EXPR                   rows that match the regular expression
 *   -f text                   rows that contain its letters in this order
 *   ns=moby,k8s.io image~redis status!=exited      fields: equal (to the cell or its first word), containing, and their
 *                             opposites; comma is "or"
 *   -l app=web,tier           labels: equal, or there at all; also k!=v
 *   !anything of the above    rows for which it does not hold
 */
import type { JsonItem } from '../host/kinds/kind.ts';
import type { Table } from './table.ts';

export type RowTest = (row: number) => boolean;

export type Filter =
  | { readonly state: 'none' }
  | {
      readonly state: 'ok';
      readonly test: RowTest /** What about it may surprise. */;
      readonly note?: string;
    }
  | { readonly state: 'wrong'; readonly why: string };

/** The filter that a text means for a table; one that cannot be understood says why, and nothing is filtered. */
export const parseFilter = (text: string, table: Table): Filter => {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === '!') return { state: 'none' };
  if (!trimmed.startsWith('!')) return parsePositive(trimmed, table);
  const inner = parsePositive(trimmed.slice(1).trim(), table);
  return inner.state === 'ok' ? { ...inner, test: (row) => !inner.test(row) } : inner;
};

function parsePositive(text: string, table: Table): Filter {
  if (text.startsWith('re:')) return parseExpression(text.slice(3), table);
  const flagged = /^-([fl])(?:\s+([\s\S]*))?$/.exec(text);
  if (flagged?.[1] === 'f') return parseFuzzy(flagged[2] ?? '', table);
  if (flagged?.[1] === 'l') return parseLabels(flagged[2] ?? '', table);
  return parseFields(text, table);
}

function parseExpression(source: string, table: Table): Filter {
  if (source === '') return { state: 'none' };
  try {
    // The haystack is in small letters and has one line for each column, so ^ and $ mean a cell's ends.
    const expression = new RegExp(source, 'im');
    return { state: 'ok', test: (row) => expression.test(table.haystack(row)) };
  } catch (error) {
    const why =
      error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error);
    return { state: 'wrong', why: `not a regular expression: ${why}` };
  }
}

function parseFuzzy(text: string, table: Table): Filter {
  const wanted = [...text.toLowerCase().replace(/\s+/g, '')];
  if (wanted.length === 0) return { state: 'none' };
  return {
    state: 'ok',
    test: (row) =>
      table
        .haystack(row)
        .split('\n')
        .some((cell) => holdsInOrder(cell, wanted)),
  };
}

function holdsInOrder(cell: string, letters: readonly string[]): boolean {
  let from = 0;
  for (const letter of letters) {
    const found = cell.indexOf(letter, from);
    if (found < 0) return false;
    from = found + letter.length;
  }
  return true;
}

const TERM = /^([A-Za-z][\w.-]*?)(!=|!~|=|~)(.*)$/;

// Fields and free text together: the fields must hold, and what is left must be found as it stands.
function parseFields(text: string, table: Table): Filter {
  const tests: RowTest[] = [];
  const rest: string[] = [];
  const strangers: string[] = [];
  for (const word of text.split(/\s+/)) {
    const term = TERM.exec(word);
    const value = term === null ? undefined : fieldReader(term[1] ?? '', table);
    if (term === null || value === undefined) {
      rest.push(word);
      if (term !== null) strangers.push(term[1] ?? '');
    } else {
      const test = fieldTest(value, term[2] ?? '=', term[3] ?? '');
      if (test !== undefined) tests.push(test);
    }
  }
  // A text without any field is one text, its spaces included.
  const needle = (tests.length === 0 ? text : rest.join(' ')).toLowerCase();
  const onlyFields = rest.length === 0;
  if (onlyFields && tests.length === 0) return { state: 'none' };
  if (!onlyFields) tests.push((row) => table.haystack(row).includes(needle));
  const test: RowTest = (row) => tests.every((holds) => holds(row));
  return strangers.length === 0
    ? { state: 'ok', test }
    : { state: 'ok', test, note: `no field “${strangers.join('”, “')}” here: searched as text` };
}

const ALIASES: Readonly<Record<string, string>> = { ns: 'namespace', name: 'id', id: 'name' };

type FieldReader = (row: number) => string;

// A column by its id or title, or else a key of the rows' items; undefined when the table has neither.
function fieldReader(name: string, table: Table): FieldReader | undefined {
  const wanted = name.toLowerCase();
  for (const word of [wanted, ALIASES[wanted]]) {
    if (word === undefined) continue;
    const column = table.columns.findIndex((c) => c.id === word || c.title.toLowerCase() === word);
    if (column >= 0) return (row) => table.text(row, column).toLowerCase();
  }
  if (table.count === 0) return undefined;
  const key = Object.keys(table.item(0)).find((k) => k.toLowerCase() === wanted);
  return key === undefined ? undefined : (row) => scalarText(table.item(row)[key]).toLowerCase();
}

function fieldTest(read: FieldReader, operator: string, value: string): RowTest | undefined {
  const wanted = value
    .toLowerCase()
    .split(',')
    .filter((part) => part !== '');
  // Still being typed.
  if (wanted.length === 0) return undefined;
  const holds: RowTest = operator.endsWith('~')
    ? (row) => wanted.some((part) => read(row).includes(part))
    : (row) => isOneOf(read(row), wanted);
  return operator.startsWith('!') ? (row) => !holds(row) : holds;
}

// `exited` is the first word of `exited 137`.
function isOneOf(cell: string, wanted: readonly string[]): boolean {
  return wanted.includes(cell) || wanted.includes(cell.split(' ', 1)[0] ?? '');
}

function parseLabels(text: string, table: Table): Filter {
  const terms = text.split(/[\s,]+/).filter((term) => term !== '');
  if (terms.length === 0) return { state: 'none' };
  if (table.count > 0 && !('labels' in table.item(0))) return { state: 'wrong', why: 'these have no labels' };
  const tests = terms.map(labelTest);
  return {
    state: 'ok',
    test: (row) => {
      const labels = labelsOf(table.item(row));
      return tests.every((holds) => holds(labels));
    },
  };
}

function labelTest(term: string): (labels: Readonly<Record<string, unknown>>) => boolean {
  const [, key = term, operator, value] = /^(.*?)(!=|=)(.*)$/.exec(term) ?? [];
  if (operator === '=') return (labels) => Object.hasOwn(labels, key) && labels[key] === value;
  if (operator === '!=') return (labels) => !Object.hasOwn(labels, key) || labels[key] !== value;
  return (labels) => Object.hasOwn(labels, key);
}

function labelsOf(item: JsonItem): Readonly<Record<string, unknown>> {
  const labels = item['labels'];
  return typeof labels === 'object' && labels !== null ? (labels as Readonly<Record<string, unknown>>) : {};
}

function scalarText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object'
    ? JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v))
    : String(value);
}
