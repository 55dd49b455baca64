/**
 * Reads damaged copies of databases in every way there is: `node fuzz-worker.ts FIRST LAST SCRATCH FILE...`, one case for each
 * number. A process of its own, so that one that hangs or takes all memory is seen and ended from outside. Says `case N`
 * before each, so that the last one said is the culprit, and one line of JSON at the end.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { check } from '../../src/bolt/check.ts';
import { BoltError } from '../../src/bolt/damage.ts';
import { openDatabase } from '../../src/bolt/database.ts';
import { drain, walk } from '../../src/bolt/walk.ts';
import { HERE } from '../../src/sources/disk/disk.ts';
import { readMetadata } from '../../src/sources/metadata/read.ts';
import { EVERYTHING } from '../sources/metadata/everything.ts';
import { mutate, randomOf } from './mutate.ts';

const [first = '0', last = '0', scratch = '', ...files] = process.argv.slice(2);
const originals = files.map((path) => {
  const bytes = readFileSync(path);
  using database = openDatabase(path);
  const keys: Buffer[] = [];
  const note = (entry: { key: () => Buffer }): void => {
    if (keys.length < 200) keys.push(entry.key());
  };
  drain(walk(database.root(), { value: note, enter: note }));
  return { path, bytes, pageSize: database.meta.pageSize, keys };
});

const outcomes: Record<string, number> = {};
let slowestMs = 0;
let entries = 0;

for (let seed = Number(first); seed < Number(last); seed += 1) {
  const random = randomOf(seed);
  const original = originals[seed % originals.length];
  if (original === undefined) throw new Error('no files given');
  const { bytes, did } = mutate(original.bytes, original.pageSize, random);
  process.stdout.write(`case ${seed}: ${did.join(', ')} in ${original.path}\n`);
  writeFileSync(scratch, bytes);
  const started = process.cpuUsage();
  try {
    await readAll(original.keys);
  } catch (error) {
    process.stderr.write(`case ${seed}: ${did.join(', ')} in ${original.path}\n`);
    throw error;
  }
  const { user, system } = process.cpuUsage(started);
  slowestMs = Math.max(slowestMs, (user + system) / 1000);
  if (!readFileSync(scratch).equals(bytes)) throw new Error(`case ${seed}: the file was changed`);
}
const { maxRSS } = process.resourceUsage();
process.stdout.write(`${JSON.stringify({ outcomes, entries, slowestMs, maxRssMiB: maxRSS / 1024 })}\n`);

async function readAll(keys: readonly Buffer[]): Promise<void> {
  for (const meta of ['newest', 'older'] as const) {
    outcome(() => {
      const damage: BoltError[] = [];
      using database = openDatabase(scratch, { meta, onDamage: (error) => damage.push(error) });
      const count = (entry: { value: () => Buffer; key: () => Buffer }): void => {
        entries += entry.key().length + entry.value().length > 0 ? 1 : 0;
      };
      drain(walk(database.root(), { value: count, enter: count }));
      for (const key of keys) outcome(() => void database.bucket(key));
      for (const { message } of damage) if (message.length === 0) throw new Error('damage without words');
      return damage.length === 0 ? 'whole' : 'damaged';
    });
  }
  outcome(() => {
    using database = openDatabase(scratch);
    const { problems, unlisted } = drain(check(database, { maxProblems: 100 }));
    return problems.length + unlisted === 0 ? 'sound' : 'unsound';
  });
  outcome(() => {
    using strict = openDatabase(scratch, { cacheBytes: 2 * 65536 });
    drain(walk(strict.root(), { value: () => {}, enter: () => {} }));
    return 'strictly whole';
  });
  for (const snapshotter of [true, false]) {
    const { metaDb } = await readMetadata({
      files: {
        metaDb: scratch,
        snapshotters: snapshotter ? [{ name: 'overlayfs', database: scratch }] : [],
        ingests: '/nonexistent',
      },
      disk: HERE,
      wants: EVERYTHING,
      scope: { containers: [{ namespace: 'moby', id: 'none' }] },
      decode: async ({ value }) => JSON.parse(Buffer.from(value).toString()),
    });
    const key = `metadata ${metaDb.state}`;
    outcomes[key] = (outcomes[key] ?? 0) + 1;
  }
}

function outcome(act: () => string | undefined): void {
  let key: string | undefined;
  try {
    key = act();
  } catch (error) {
    if (!(error instanceof BoltError)) throw error;
    key = error.code;
  }
  if (key !== undefined) outcomes[key] = (outcomes[key] ?? 0) + 1;
}
