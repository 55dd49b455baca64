/** dockerd's daemon.json, as far as it says where the daemon serves and which containerd it uses. */
import { readFile, stat } from 'node:fs/promises';
import { absent, type Observed, seen, unknown } from '../../host/observed.ts';
import { fields, parseJson, textOrEmpty, texts } from './json.ts';

const MAX_CONFIG = 1 << 20;

export interface DaemonConfig {
  /** As they are written: `unix:///path`, `fd://`, `tcp://…`. */
  readonly hosts: readonly string[];
  readonly containerd: string | null;
  readonly containerdNamespace: string | null;
  readonly execRoot: string | null;
}

/** Reads and parses one file. Absent: there is none. */
export const readDaemonConfig = async (path: string): Promise<Observed<DaemonConfig>> => {
  const at = new Date().toISOString();
  try {
    const { size } = await stat(path);
    if (size > MAX_CONFIG) return unknown('truncated', path, `${size} bytes are no config file`, at, 0);
    const config = fields(parseJson(await readFile(path, 'utf8')), path);
    const told = (key: string): string | null => textOrEmpty(config, key) || null;
    return seen(
      {
        hosts: texts(config, 'hosts'),
        containerd: told('containerd'),
        containerdNamespace: told('containerd-namespace'),
        execRoot: told('exec-root'),
      },
      path,
      at,
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return absent(path, at);
    const denied = code === 'EACCES' || code === 'EPERM';
    const why = denied ? 'reading it needs root' : error instanceof Error ? error.message : String(error);
    return unknown(denied ? 'denied' : 'failed', path, why, at, 0);
  }
};
