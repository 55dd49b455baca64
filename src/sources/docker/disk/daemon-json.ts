/** daemon.json on any disk: where no dockerd runs, it is what the next one would read. */
import { absent, type Observed, seen, unknown } from '../../../host/observed.ts';
import { type DaemonConfig, MAX_CONFIG, parseDaemonConfig } from '../daemon-config.ts';
import { type Disk, FileFault, readWhole } from './files.ts';

/** Reads and parses one file. Absent: there is none. */
export const readDaemonJson = (disk: Disk, path: string): Observed<DaemonConfig> => {
  const at = new Date().toISOString();
  try {
    return seen(parseDaemonConfig(readWhole(disk, path, MAX_CONFIG).toString('utf8'), path), path, at);
  } catch (error) {
    if (error instanceof FileFault && error.missing) return absent(path, at);
    const state = error instanceof FileFault ? error.state : 'failed';
    return unknown(state, path, error instanceof Error ? error.message : String(error), at, 0);
  }
};
