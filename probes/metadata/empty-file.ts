/** A file that could not be read as a database because there is not a byte in it: a new one, and no damaged one. */
import type { Database } from '../../src/host/storage.ts';

export const isEmptyFile = ({ file }: Database): boolean =>
  file.state === 'failed' && file.why.endsWith('the file is empty');
