/** Where a command's snapshots come from: the live host, a disk, or a bundle. Commands do not care which. */
import { hostname } from 'node:os';
import { openLiveHost } from '../collect/live.ts';
import type { RecordedHost } from '../collect/recorded.ts';
import type { Recheck } from '../diagnose/engine.ts';
import type { Feed } from '../host/feed.ts';
import { seenValue } from '../host/observed.ts';
import { type FacetName, facet, type HostSnapshot, type Scope } from '../host/snapshot.ts';
import { escapeText } from '../text/escape.ts';
import { age } from '../text/units.ts';
import { type GlobalOptions, liveOptions } from './globals.ts';
import { candidateLine, foundNobody, sayChoice, sayNobody } from './no-containerd.ts';
import { writeError, writeHint } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';

/** Lines about files that are not what they were. */
const MAX_ALTERED = 10;

export interface HostSource {
  /** The wanted facets; read anew where that is possible. */
  collect(wants: readonly FacetName[], scope?: Scope): Promise<HostSnapshot>;
  /** Looks again before a finding is believed; what was recorded cannot be looked at again. */
  readonly recheck: Recheck | undefined;
  /** Opens one of the host's files for reading, by the path that a facet gives it; without it, paths are this machine's. */
  readonly openFile?: (path: string) => number;
  /** The pictures that the UI shows. */
  feed(wants: readonly FacetName[]): Promise<Feed>;
  /** How the UI calls the host, before and beside what the snapshot says of it. */
  title(host: HostSnapshot): { readonly host: string; readonly address: string };
  /** Says whose answers these are, where that needs saying; false when there is nobody to ask, and that has been said. */
  introduce(host: HostSnapshot): Promise<boolean>;
  close(): Promise<void>;
}

/** What is needed to read facts from it, and to look at them again. */
export type FactSource = Pick<HostSource, 'collect' | 'recheck'>;

/** Opens what the global options name. @throws Error when the bundle or the disk cannot be opened */
export const openHost = async (globals: GlobalOptions): Promise<HostSource> => {
  const { address, bundle, root } = globals;
  const named = [
    ...(address === undefined ? [] : ['--address names a live containerd']),
    ...(bundle === undefined ? [] : ['--bundle a recorded host']),
    ...(root === undefined ? [] : ['--root a disk']),
  ];
  if (named.length > 1) throw new UsageError(`${named.join(', ')}: one of them`);
  if (root !== undefined) return openDisk(root, globals);
  if (bundle === undefined) return liveSource(globals);
  const { openRecordedHost } = await import('../collect/recorded.ts');
  const { namespace } = liveOptions(globals);
  const scope: Scope = namespace === undefined ? {} : { namespaces: [namespace] };
  return recordedSource(await openRecordedHost(bundle, scope), globals);
};

function liveSource(globals: GlobalOptions): HostSource {
  const live = openLiveHost(liveOptions(globals));
  return {
    collect: (wants, scope) => live.collect(wants, scope),
    recheck: (wants) => live.collect(wants),
    feed: async (wants) => {
      const { liveFeed } = await import('../collect/live-feed.ts');
      return liveFeed(live, wants);
    },
    title: (host) => ({
      host: hostname(),
      address: seenValue(facet(host, 'containerd.discovery'))?.chosen?.address ?? '',
    }),
    introduce: async (host) => {
      const nobody = foundNobody(host);
      if (nobody !== undefined) await sayNobody(nobody);
      else if (globals.quiet !== true) await sayChoice(host);
      return nobody === undefined;
    },
    close: async () => live.close(),
  };
}

function recordedSource(recorded: RecordedHost, globals: GlobalOptions): HostSource {
  const { version, altered } = recorded;
  const name = version.host?.hostname ?? 'unknown host';
  const captured = (): string => `captured ${age(version.capturedAt, new Date().toISOString())} ago`;
  return {
    collect: (wants, scope) => recorded.collect(wants, scope),
    recheck: undefined,
    feed: async (wants) => {
      const { recordedFeed } = await import('../collect/recorded-feed.ts');
      return recordedFeed(recorded, wants);
    },
    title: () => ({ host: `BUNDLE ${altered.length > 0 ? '(altered) ' : ''}${name}`, address: captured() }),
    introduce: async () => {
      if (altered.length > 0) {
        await writeError('this bundle was altered since capture; what it says may not be what was there:');
        for (const difference of altered.slice(0, MAX_ALTERED)) await writeHint(escapeText(difference));
        if (altered.length > MAX_ALTERED) await writeHint(`and ${altered.length - MAX_ALTERED} more`);
      }
      if (globals.quiet !== true) {
        const only = version.scope.namespaces?.join(', ');
        const scope = only === undefined ? '' : `, namespace ${only} only`;
        await writeError(escapeText(`bundle of ${name}, ${captured()} (${version.capturedAt})${scope}`));
        if (globals.showSecrets === true)
          await writeHint('a bundle has no secrets that --show-secrets could show');
      }
      const nobody = foundNobody(await recorded.collect(['containerd.discovery']));
      if (nobody === undefined) return true;
      await writeError('there was no containerd on that host when the bundle was made');
      for (const candidate of nobody.candidates) await writeHint(`tried ${candidateLine(candidate)}`);
      return false;
    },
    close: () => recorded.close(),
  };
}

async function openDisk(root: string, globals: GlobalOptions): Promise<HostSource> {
  const { openDiskHost } = await import('../collect/disk.ts');
  const { resolve } = await import('node:path');
  const disk = await openDiskHost(resolve(root), liveOptions(globals));
  return {
    collect: (wants, scope) => disk.collect(wants, scope),
    // Nothing changes on it: a second look would see the same.
    recheck: undefined,
    openFile: disk.openFile,
    feed: async (wants) => {
      const { recordedFeed } = await import('../collect/recorded-feed.ts');
      return recordedFeed(disk, wants);
    },
    title: () => ({ host: `DISK ${disk.folder}`, address: disk.chosen?.path ?? '' }),
    introduce: async () => {
      const { sayDisk } = await import('./disk-words.ts');
      return sayDisk(disk, globals.quiet === true);
    },
    close: async () => undefined,
  };
}
