/** What the daemon says of itself: version, identity, plugins. */
import { Introspection } from '../../gen/containerd/services/introspection/v1/introspection_pb.js';
import { Version } from '../../gen/containerd/services/version/v1/version_pb.js';
import type { Plugin, ServerIdentity, ServerInfo } from '../../host/containerd.ts';
import { pid } from '../../host/ids.ts';
import { formatPlatform } from '../../host/platform.ts';
import type { CallOptions, Connection } from './connection.ts';
import { STATUS } from './failure.ts';

/** Version.Version: answered from memory, no database and no shim behind it. */
export const readVersion = async (connection: Connection, options: CallOptions): Promise<ServerInfo> => {
  const reply = await connection.unary(Version.method.version, {}, options);
  return { version: reply.version, revision: reply.revision };
};

/**
 * Introspection.Server. The daemon makes its uuid file on the first such call of its life; every `ctr version` is one.
 * The pid is that of the daemon's own pid namespace; 0 (before 1.6.25) is no answer.
 */
export const readIdentity = async (
  connection: Connection,
  options: CallOptions,
): Promise<Omit<ServerIdentity, 'database'>> => {
  const reply = await connection.unary(Introspection.method.server, {}, options);
  return {
    uuid: reply.uuid,
    pid: reply.pid === 0n ? null : pid(Number(reply.pid)),
    pidns: reply.pidns === 0n ? null : reply.pidns,
    deprecations: reply.deprecations.map(({ id, message }) => ({ id, message })),
  };
};

/** Introspection.Plugins, those that failed and those that skipped themselves included. */
export const listPlugins = async (connection: Connection, options: CallOptions): Promise<Plugin[]> => {
  const reply = await connection.unary(Introspection.method.plugins, {}, options);
  return reply.plugins.map((plugin) => ({
    type: plugin.type,
    id: plugin.id,
    ...statusOf(plugin.initErr),
    requires: plugin.requires,
    platforms: plugin.platforms.map(formatPlatform),
    capabilities: plugin.capabilities,
    exports: plugin.exports,
  }));
};

// A plugin that does not apply here, or needs one that does not, says `skip plugin`: normal, and no fault.
function statusOf(error: { code: number; message: string } | undefined): Pick<Plugin, 'status' | 'error'> {
  if (error === undefined) return { status: 'ok', error: null };
  const skipped = error.code === STATUS.UNKNOWN && error.message.includes('skip plugin');
  return { status: skipped ? 'skip' : 'error', error: error.message };
}
