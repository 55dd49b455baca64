import type { Database } from '../../src/bolt/database.ts';
import { drain, walk } from '../../src/bolt/walk.ts';

/** Every bucket, key and value as reference/read.go writes them. */
export const dump = (database: Database): string => {
  const lines: string[] = [];
  const visitor = {
    value: (entry) => lines.push(`key ${entry.key().toString('hex')} ${entry.value().toString('hex')}\n`),
    enter: (entry, bucket) => lines.push(`bucket ${entry.key().toString('hex')} ${bucket.sequence}\n`),
    leave: () => lines.push('end\n'),
  } satisfies Parameters<typeof walk>[1];
  drain(walk(database.root(), visitor));
  return lines.join('');
};
