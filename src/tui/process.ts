/** The process as the UI uses it. */
import process from 'node:process';
import type { ProcessLike } from './options.ts';

// A process group that no shell can continue is not stopped by SIGTSTP; then we go on after this time.
const NOT_STOPPED_MS = 200;

export const thisProcess: ProcessLike = {
  on: (event, listener) => process.on(event as 'SIGTERM', listener as never),
  off: (event, listener) => process.off(event, listener as never),
  suspend: () =>
    new Promise((resolve) => {
      const goOn = (): void => {
        clearTimeout(timer);
        process.off('SIGCONT', goOn);
        resolve();
      };
      const timer = setTimeout(goOn, NOT_STOPPED_MS);
      process.on('SIGCONT', goOn);
      // The whole group, as the terminal itself would: `npm` and the shell around us stop as well.
      process.kill(0, 'SIGTSTP');
    }),
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { cpuMicros: user + system, rss: process.memoryUsage.rss() };
  },
};
