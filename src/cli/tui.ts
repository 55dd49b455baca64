/** `ctrscope` without a command: the terminal UI on the live host, or the report where there is no terminal. */
import { hostname } from 'node:os';
import type { LiveHost } from '../collect/live.ts';
import { openLiveHost } from '../collect/live.ts';
import { liveFeed } from '../collect/live-feed.ts';
import type { DetailSource } from '../host/feed.ts';
import { items } from '../host/kinds/listing.ts';
import { isUnknown, seenValue } from '../host/observed.ts';
import { facet } from '../host/snapshot.ts';
import { EXIT } from './exit-codes.ts';
import { type GlobalOptions, liveOptions } from './globals.ts';
import { foundNobody, sayNobody } from './no-containerd.ts';

/** Opens the UI; resolves with the exit code when the user leaves it. */
export const tui = async (globals: GlobalOptions): Promise<number> => {
  const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;
  if (!interactive || globals.output !== undefined) {
    const { report } = await import('./report.ts');
    return report(globals);
  }
  const live = openLiveHost(liveOptions(globals));
  try {
    const found = await live.collect(['containerd.discovery']);
    const nobody = foundNobody(found);
    if (nobody !== undefined) {
      await sayNobody(nobody);
      return EXIT.failed;
    }
    const address = seenValue(facet(found, 'containerd.discovery'))?.chosen?.address ?? '';
    const { runTui, TUI_WANTS } = await import('../tui/index.tsx');
    return await runTui({
      feed: liveFeed(live, TUI_WANTS),
      details: detailsOf(live),
      colour: coloured(globals) ? 'basic' : 'none',
      title: { host: hostname(), address },
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
    });
  } finally {
    live.close();
  }
};

// --no-color wins over NO_COLOR, that over FORCE_COLOR, and that over what the terminal is.
function coloured(globals: GlobalOptions): boolean {
  if (!globals.color) return false;
  if ((process.env['NO_COLOR'] ?? '') !== '') return false;
  if ((process.env['FORCE_COLOR'] ?? '') !== '') return process.env['FORCE_COLOR'] !== '0';
  return process.env['TERM'] !== 'dumb';
}

function detailsOf(live: LiveHost): DetailSource {
  return {
    body: async (container) => {
      const host = await live.collect(['containerd.bodies'], {
        namespaces: [container.namespace],
        containers: [container],
      });
      const bodies = facet(host, 'containerd.bodies');
      if (isUnknown(bodies)) return bodies;
      const body = items(host, 'containerd.bodies')[0];
      return body === undefined
        ? { state: 'absent', at: host.at, from: bodies.from, why: 'the container was deleted meanwhile' }
        : { state: 'seen', value: body, at: host.at, from: bodies.from };
    },
  };
}
