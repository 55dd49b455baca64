/** Keeps what is written to stderr off the screen while the UI is on it. */

// Warnings, not logs: what is beyond is dropped, and said.
const LIMIT = 65_536;

/** Holds back all writes; the returned function lets them go, in their order. */
export const holdStderr = (stderr: NodeJS.WritableStream): (() => void) => {
  const write = stderr.write;
  let held = '';
  let dropped = 0;
  const hold = (chunk: unknown, ...rest: readonly unknown[]): boolean => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('utf8');
    if (held.length + text.length <= LIMIT) held += text;
    else dropped += text.length;
    const done = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    done?.();
    return true;
  };
  stderr.write = hold as typeof stderr.write;
  return () => {
    stderr.write = write;
    if (held !== '') stderr.write(held);
    if (dropped > 0) stderr.write(`… and ${dropped} characters more\n`);
  };
};
