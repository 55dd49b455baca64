/** stdout carries data, stderr progress and hints. */

/** Writes data; resolves when it has been taken, also by a reader that went away. */
export const writeOut = (text: string): Promise<void> => write(process.stdout, text);

/** Writes one line for people, prefixed as this program's own. */
export const writeError = (line: string): Promise<void> => write(process.stderr, `ctrscope: ${line}\n`);

/** A hint below an error. */
export const writeHint = (line: string): Promise<void> => write(process.stderr, `  ${line}\n`);

// The stream says it twice, to the writer and as an event; an event that nobody hears ends the process with a stack trace.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      // `ctrscope … | head` closes the pipe when it has seen enough: no failure of ours.
      if (error === null || error === undefined || isBrokenPipe(error)) resolve();
      else reject(error);
    });
  });
}

// After the first EPIPE the stream is destroyed, and further writes say that instead.
const isBrokenPipe = (error: Error): boolean =>
  'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
