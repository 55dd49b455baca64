/** What can be known of a containerd address without speaking gRPC. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { Endpoint, SocketFile } from '../../host/daemon.ts';
import { absent, type Observed, seen, unknown } from '../../host/observed.ts';

/** The socket's file: its mode and owner decide who may connect. */
export const readSocketFile = async (path: string): Promise<Observed<SocketFile>> => {
  const at = new Date().toISOString();
  const from = `stat ${path}`;
  try {
    const { mode, uid, gid } = await stat(path);
    return seen({ mode: mode & 0o7777, uid, gid }, from, at);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return absent(from, at);
    if (code === 'EACCES') return unknown('denied', from, await closedFolder(path), at, 0);
    return unknown('failed', from, error instanceof Error ? error.message : String(error), at, 0);
  }
};

// The first folder on the way that may not be searched, with what says so.
async function closedFolder(path: string): Promise<string> {
  const folders = path.split('/').slice(1, -1);
  for (let depth = 1; depth <= folders.length; depth += 1) {
    const folder = `/${folders.slice(0, depth).join('/')}`;
    const open = await access(folder, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (open) continue;
    const owner = await stat(folder).catch(() => undefined);
    const bits = ((owner?.mode ?? 0) & 0o7777).toString(8).padStart(4, '0');
    const known = owner === undefined ? '' : ` (${bits}, uid ${owner.uid}, gid ${owner.gid})`;
    return `the folder ${folder}${known} may not be searched`;
  }
  return 'a folder that a link on the way leads to may not be searched';
}

/** Who we are to the kernel when we open a socket. */
export const ownIdentity = (): Endpoint['self'] => ({
  uid: process.geteuid?.() ?? -1,
  gids: process.getgroups?.() ?? [],
});
