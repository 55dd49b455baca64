/**
 * Bundles of which something is wrong, made of a real one by chance: each is refused in one sentence, or opens, and then
 * every view can show it without failing and without passing on what a terminal would act on.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { openRecordedHost } from '../../src/collect/recorded.ts';
import { diagnose } from '../../src/diagnose/engine.ts';
import { PROBES } from '../../src/diagnose/probes.ts';
import { chains } from '../../src/host/chain.ts';
import { KINDS } from '../../src/host/kinds/index.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { entriesOf, unknownOfKind } from '../../src/host/unknown-entries.ts';
import { chainItem, chainLines } from '../../src/report/chain.ts';
import { inventoryOf, unknownInReport } from '../../src/report/document.ts';
import { jsonText } from '../../src/report/json.ts';
import { reportMarkdown } from '../../src/report/markdown.ts';
import { csvLines, textTable } from '../../src/report/table.ts';
import { reportText } from '../../src/report/text.ts';
import { unknownLine } from '../../src/report/unknown.ts';
import { fileOf, filesIn, rebuilt, SAMPLE, whole } from './bundles.ts';

const full = process.env['CTRSCOPE_TESTS'] === 'full';
const ROUNDS = full ? 1500 : 150;

let real: Buffer;
let files: ReadonlyMap<string, string>;
beforeAll(async () => {
  real = readFileSync(SAMPLE);
  files = await filesIn(SAMPLE);
});

/** Always the same chances, so that what fails once fails again. */
const chances = (seed: number): ((below: number) => number) => {
  let state = (seed * 2654435761 + 1) >>> 0;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
};

describe('bytes', () => {
  test('changed, lost, doubled or cut in the file', async () => {
    for (let seed = 1; seed <= ROUNDS; seed += 1) await survive(fileOf(mangled(real, seed)), `file ${seed}`);
  });

  test('changed, lost, doubled or cut in what it unpacks to', async () => {
    const tar = gunzipSync(real);
    for (let seed = 1; seed <= ROUNDS; seed += 1) {
      await survive(fileOf(gzipSync(mangled(tar, seed), { level: 1 })), `tar ${seed}`);
    }
  }, 60_000);
});

describe('values', () => {
  test('of any facet replaced, with a manifest that is true of it', { timeout: 120_000 }, async () => {
    const facets = [...files.keys()].filter((path) => path.startsWith('host/'));
    let shown = 0;
    for (let seed = 1; seed <= ROUNDS; seed += 1) {
      const chance = chances(seed);
      const path = facets[chance(facets.length)] ?? '';
      const lines = (files.get(path) ?? '').split('\n');
      const at = chance(lines.length - 1);
      const mutant = lines.with(at, JSON.stringify(mutated(JSON.parse(lines[at] ?? ''), chance)));
      const all = new Map(files).set(path, mutant.join('\n'));
      if (await survive(await rebuilt(all, true), `value ${seed}: ${path} line ${at + 1}: ${mutant[at]}`))
        shown += 1;
    }
    // Not all of them are refused: then nothing would have been shown.
    expect(shown).toBeGreaterThan(ROUNDS / 20);
  });

  test('that are text say what moves a cursor, and no view passes it on', { timeout: 60_000 }, async () => {
    const hostile = '\u001b[2J\u0007\u202e\u0000';
    let shown = 0;
    for (const [path, content] of files) {
      if (!path.startsWith('host/')) continue;
      const [head = '', ...items] = content.split('\n');
      const keys = textKeys(items.flatMap((line) => (line === '' ? [] : [JSON.parse(line)])));
      for (const key of keys) {
        const changed = items.map((line) =>
          line === '' ? line : JSON.stringify(withText(JSON.parse(line), key, (text) => `${text}${hostile}`)),
        );
        const all = new Map(files).set(path, [head, ...changed].join('\n'));
        if (await survive(await rebuilt(all, true), `${path} .${key}`)) shown += 1;
      }
    }
    expect(shown).toBeGreaterThan(50);
  });
});

/** Whether it opened, and was shown. */
async function survive(path: string, what: string): Promise<boolean> {
  let host: HostSnapshot;
  try {
    const recorded = await openRecordedHost(path, {});
    try {
      host = await whole(recorded);
    } finally {
      await recorded.close();
    }
  } catch (error) {
    expect(error, what).toBeInstanceOf(Error);
    const { message, name } = error as Error;
    expect(name, `${what}: ${(error as Error).stack ?? ''}`).toBe('Error');
    expect(message.startsWith(`${path}: `), `${what}: ${message}`).toBe(true);
    expect(message, what).not.toMatch(/Cannot read|is not a function|\[object/);
    return false;
  }
  for (const [view, output] of await views(host, what)) {
    const bad = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.exec(output);
    expect(
      bad === null ? '' : output.slice(Math.max(0, bad.index - 60), bad.index + 20),
      `${what}: ${view}`,
    ).toBe('');
  }
  return true;
}

async function views(
  host: HostSnapshot,
  what: string,
): Promise<readonly (readonly [view: string, output: string])[]> {
  try {
    const unknown = unknownInReport(host, []);
    const diagnosis = await diagnose(host, PROBES, undefined, unknown.length);
    const all = chains(host);
    return [
      ['report', reportText(host, diagnosis, unknown)],
      ['report.md', reportMarkdown(host, diagnosis, unknown)],
      ['report.json', jsonText({ diagnosis, unknown, inventory: inventoryOf(host) })],
      ['unknown', [...unknown, ...entriesOf(all.flatMap(({ gaps }) => gaps))].map(unknownLine).join('\n')],
      ['inspect', all.flatMap(chainLines).join('\n')],
      ['inspect.json', jsonText(all.map(chainItem))],
      ...KINDS.map((kind) => {
        const lines = kind.use((typed) => {
          const rows = typed.rows(host);
          for (const row of rows) for (const column of typed.columns) column.sortKey?.(row);
          return [...textTable(typed, rows, host.at), ...csvLines(typed, rows, host.at)];
        });
        return [kind.name, [...lines, ...unknownOfKind(host, kind).map(unknownLine)].join('\n')] as const;
      }),
    ];
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).stack ?? ''}`);
  }
}

function mangled(bytes: Uint8Array, seed: number): Uint8Array {
  const chance = chances(seed);
  const copy = Buffer.from(bytes);
  const at = chance(copy.length);
  const some = 1 + chance(600);
  switch (seed % 5) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + some)]);
    case 2:
      return Buffer.concat([copy.subarray(0, at + some), copy.subarray(at)]);
    default:
      for (let i = 0; i < 1 + (some & 7); i += 1) copy[chance(copy.length)] = chance(256);
      return copy;
  }
}

const JUNK: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  '',
  'x'.repeat(5000),
  '\u001b[31m\u202e\n\t\u0000',
  [],
  {},
  { $int: '-1' },
  { $int: '340282366920938463463374607431768211456' },
  { state: 'seen', value: null, at: '2026-01-01T00:00:00Z', from: '' },
  { state: 'denied', from: '\u001b[2J', why: '\u001b[2J', at: '', ms: 0 },
  ['a', 1, null],
];

/** The value with one of its parts replaced, taken away or doubled. */
function mutated(value: unknown, chance: (below: number) => number): unknown {
  if (typeof value !== 'object' || value === null || chance(6) === 0) return JUNK[chance(JUNK.length)];
  if (Array.isArray(value)) {
    if (value.length === 0) return [JUNK[chance(JUNK.length)]];
    const at = chance(value.length);
    if (chance(5) === 0) return value.toSpliced(at, 1);
    if (chance(5) === 0) return [...value, value[at]];
    return value.with(at, mutated(value[at], chance));
  }
  const keys = Object.keys(value);
  const key = keys[chance(Math.max(1, keys.length))] ?? 'more';
  const members = new Map<string, unknown>(Object.entries(value));
  if (chance(8) === 0) members.delete(key);
  else members.set(key, mutated(members.get(key), chance));
  return Object.fromEntries(members);
}

/** Names of the members that are text, however deep; keys of a map are not names. */
function textKeys(values: readonly unknown[]): ReadonlySet<string> {
  const keys = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, member] of Object.entries(value)) {
      if (typeof member === 'string' && /^[a-zA-Z]+$/.test(key)) keys.add(key);
      else visit(member);
    }
  };
  for (const value of values) visit(value);
  return keys;
}

function withText(value: unknown, key: string, change: (text: string) => string): unknown {
  if (Array.isArray(value)) return value.map((member) => withText(member, key, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === key && typeof member === 'string' ? change(member) : withText(member, key, change),
    ]),
  );
}
