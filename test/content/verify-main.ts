/**
 * `verify` on a store in a folder: `node verify-main.ts FOLDER [--full | --sample N] [--seed S] [--from PLACE] [-o FORMAT]`.
 * `FOLDER/records.json` has the records, `FOLDER/again.json`, where there is one, those of a second look, and
 * `FOLDER/listed.json` blobs whose files are listed and are not there any more.
 * The program itself, but for where the two facets come from.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { verifyHost } from '../../src/cli/verify.ts';
import { choiceOf } from '../../src/cli/verify-choice.ts';
import { digest } from '../../src/host/ids.ts';
import { blobFiles, blobPath, storeHost } from './store.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean' },
    sample: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    output: { type: 'string', short: 'o' },
    quiet: { type: 'boolean', short: 'q' },
  },
});
const [root = ''] = positionals;
const { full, sample, seed, from, output, quiet } = values;
const list = (name: string): [] =>
  existsSync(join(root, name)) ? JSON.parse(readFileSync(join(root, name), 'utf8')) : [];
const second = existsSync(join(root, 'again.json')) ? 'again.json' : 'records.json';
const listed = list('listed.json').map((blob) => ({
  digest: digest(blob),
  path: blobPath(root, blob),
  size: 1n,
  modifiedAt: '2026-01-02T03:04:05Z',
}));

void verifyHost(
  { recheck: async () => storeHost(root, list(second)) },
  storeHost(root, list('records.json'), [...blobFiles(root), ...listed]),
  choiceOf({
    ...(full === undefined ? {} : { full }),
    ...(sample === undefined ? {} : { sample: Number(sample) }),
    ...(seed === undefined ? {} : { seed }),
    ...(from === undefined ? {} : { from }),
  }),
  {
    color: false,
    ...(output === undefined ? {} : { output }),
    ...(quiet === undefined ? {} : { quiet }),
  },
).then((code) => {
  process.exitCode = code;
});
