/** A refusal of the operating system, or of ours in its place, that names the path as the caller knows it. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly code: string;
  constructor(code: string, words: string, path: string) {
    super(`${code}: ${words}, '${path}'`);
    this.code = code;
  }
}

/** Any error as one of these; a way through open folders, which nobody knows, does not show in it. */
export const diskError = (error: unknown, path: string): DiskError => {
  if (error instanceof DiskError) return error;
  const { code = 'EIO', message = String(error) } = error as NodeJS.ErrnoException;
  // A name with a NUL byte in it: no file has one.
  if (code === 'ERR_INVALID_ARG_VALUE') return new DiskError('ENOENT', 'no such file or directory', path);
  const [, words = message] = /^\w+: ([^,]*),/.exec(message) ?? [];
  return new DiskError(code, words, path);
};
