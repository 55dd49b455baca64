/** `ctrscope` without a command: the terminal UI on the host, or the report where there is no terminal. */

import { subjectKey, subjects } from '../host/docker-subjects.ts';
import type { DetailSource } from '../host/feed.ts';
import { items } from '../host/kinds/listing.ts';
import { absent, isUnknown, seen } from '../host/observed.ts';
import { facet } from '../host/snapshot.ts';
import { EXIT } from './exit-codes.ts';
import { fileExporter } from './export-file.ts';
import type { GlobalOptions } from './globals.ts';
import { type HostSource, openHost } from './host-source.ts';
import { readChains } from './read-chains.ts';
import { keepHeapSmall } from './small-heap.ts';

/** Opens the UI; resolves with the exit code when the user leaves it. */
export const tui = async (globals: GlobalOptions): Promise<number> => {
  const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;
  if (!interactive || globals.output !== undefined) {
    const { report } = await import('./report.ts');
    return report(globals);
  }
  keepHeapSmall();
  const source = await openHost(globals);
  try {
    const found = await source.collect(['containerd.discovery']);
    if (!(await source.introduce(found))) return EXIT.failed;
    const { runTui, TUI_WANTS } = await import('../tui/index.tsx');
    return await runTui({
      feed: await source.feed(TUI_WANTS),
      details: detailsOf(source),
      exporter: fileExporter(process.cwd()),
      colour: coloured(globals) ? 'basic' : 'none',
      title: source.title(found),
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
    });
  } finally {
    await source.close();
  }
};

// --no-color wins over NO_COLOR, that over FORCE_COLOR, and that over what the terminal is.
function coloured(globals: GlobalOptions): boolean {
  if (!globals.color) return false;
  if ((process.env['NO_COLOR'] ?? '') !== '') return false;
  if ((process.env['FORCE_COLOR'] ?? '') !== '') return process.env['FORCE_COLOR'] !== '0';
  return process.env['TERM'] !== 'dumb';
}

function detailsOf(source: HostSource): DetailSource {
  return {
    body: async (container) => {
      const host = await source.collect(['containerd.bodies'], {
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
    chain: async (container, lists) => {
      const wanted = subjects(lists).filter((subject) => subjectKey(subject) === subjectKey(container));
      const { inspected, host } = await readChains(source, lists, wanted);
      const from = 'Docker, containerd';
      const [chain] = inspected;
      return chain === undefined
        ? absent(from, host.at, 'the container was deleted meanwhile')
        : seen(chain, from, host.at);
    },
  };
}
