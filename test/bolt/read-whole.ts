/**
 * Reads a file in a process of its own, for tests and test/bench/bolt.ts: `walk FILE`, `check FILE` or `objects FILE`. Prints what it
 * counted, then as the Go program how long it took, what it cost of the processor, and how much memory it had at most.
 */
import { check } from '../../src/bolt/check.ts';
import { openDatabase } from '../../src/bolt/database.ts';
import { drain, walk } from '../../src/bolt/walk.ts';
import { HERE } from '../../src/sources/disk/disk.ts';
import { readMetadata } from '../../src/sources/metadata/read.ts';

const [command, path = ''] = process.argv.slice(2);
const started = process.hrtime.bigint();
const counted = command === 'walk' ? countAll() : command === 'check' ? checkAll() : readObjects();
counted
  .then((words) => {
    const took = process.hrtime.bigint() - started;
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    process.stdout.write(`${words} ${took} ${(userCPUTime + systemCPUTime) * 1000} ${maxRSS}\n`);
  })
  .catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });

async function countAll(): Promise<string> {
  let [keys, buckets, bytes] = [0, 0, 0];
  using database = openDatabase(path);
  drain(
    walk(database.root(), {
      value: (entry) => {
        keys += 1;
        bytes += entry.keyLength + entry.valueLength;
      },
      enter: (entry) => {
        buckets += 1;
        bytes += entry.keyLength;
      },
    }),
  );
  return `${keys} ${buckets} ${bytes}`;
}

async function checkAll(): Promise<string> {
  using database = openDatabase(path);
  const { keys, buckets, problems } = drain(check(database));
  return `${keys} ${buckets} ${problems.map(({ code }) => code).join(',') || 'sound'}`;
}

async function readObjects(): Promise<string> {
  const { facts } = await readMetadata({
    disk: HERE,
    files: { metaDb: path, snapshotters: [], ingests: '' },
    wants: ['containerd.images', 'containerd.content'],
    decode: async () => undefined,
  });
  const count = Object.values(facts).map((fact) => (fact.state === 'seen' ? fact.value.items.length : -1));
  return count.join(' ');
}
