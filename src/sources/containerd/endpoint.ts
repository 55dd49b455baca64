/** What can be known of a containerd address without speaking gRPC. */
import { stat } from 'node:fs/promises';
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
    const state = code === 'EACCES' ? 'denied' : 'failed';
    return unknown(state, from, error instanceof Error ? error.message : String(error), at, 0);
  }
};

/** Who we are to the kernel when we open a socket. */
export const ownIdentity = (): Endpoint['self'] => ({
  uid: process.geteuid?.() ?? -1,
  gids: process.getgroups?.() ?? [],
});
