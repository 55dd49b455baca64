/** The UI on a made-up host, for looking at it in a real terminal. `DEMO` chooses what happens: see `SCENES`. */
import { fileExporter } from '../../src/cli/export-file.ts';
import { keepHeapSmall } from '../../src/cli/small-heap.ts';
import { chains } from '../../src/host/chain.ts';
import { subjectKey } from '../../src/host/docker-subjects.ts';
import type { HostEvent } from '../../src/host/event.ts';
import type { DetailSource, Feed, FeedItem } from '../../src/host/feed.ts';
import { containerId, namespaceName } from '../../src/host/ids.ts';
import { absent, seen } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { runTui } from '../../src/tui/index.tsx';
import { thisProcess } from '../../src/tui/process.ts';
import { detailsOfHost, faultyHost, heldHost } from './compared-hosts.ts';
import { demoHost, demoSpec, listed, manyContainers } from './hosts.ts';
import { brokenHost, deniedHost, emptyHost, partialHost } from './ill-hosts.ts';
import { eventsOf, gapAt, ingestOf, viewsHost } from './view-hosts.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const born = new Date().toISOString();
const now = (): string => new Date().toISOString();

const SCENES: Readonly<Record<string, () => AsyncGenerator<FeedItem>>> = {
  live: async function* () {
    for (;;) {
      yield { kind: 'snapshot', host: demoHost(now(), born) };
      await sleep(2000);
    }
  },
  large: async function* () {
    for (;;) {
      yield { kind: 'snapshot', host: manyContainers(10_000, now()) };
      await sleep(2000);
    }
  },
  busy: async function* () {
    let host = manyContainers(10_000, now());
    for (;;) {
      yield { kind: 'snapshot', host };
      await sleep(2000);
      const containers = host.facets['containerd.containers'];
      if (containers?.state !== 'seen') return;
      const [first, ...rest] = containers.value.items;
      if (first === undefined) return;
      const items = [{ ...first, updatedAt: now() }, ...rest];
      const changed = { ...containers, value: { ...containers.value, items } };
      host = { ...host, at: now(), facets: { ...host.facets, 'containerd.containers': changed } };
    }
  },
  views: async function* () {
    for (let i = 0; ; i += 1) {
      const host = viewsHost();
      const at = new Date(Date.parse(host.at) + i * 1000).toISOString();
      const uploads = listed([
        ingestOf('layer-sha256:7d8f0c', { offset: BigInt(i * 1_300_000), updatedAt: at }),
        ingestOf('upload-of-unknown-size', { offset: BigInt(i * 70_000), total: 0n, updatedAt: at }),
        ingestOf('upload-that-rests', { offset: 512n }),
      ]);
      yield {
        kind: 'snapshot',
        host: { ...host, at, facets: { ...host.facets, 'containerd.ingests': { ...uploads, at } } },
        recentEvents: [...eventsOf(0, 30), gapAt(30), ...eventsOf(31, 40 + i * 3)],
      };
      await sleep(1000);
    }
  },
  still: async function* () {
    yield { kind: 'snapshot', host: demoHost(now(), born) };
    await sleep(2 ** 31 - 1);
  },
  // The next ones are the same at every run, whenever it is.
  fixed: () => standing(demoHost()),
  trees: () => standing(viewsHost(), [...eventsOf(0, 30), gapAt(30), ...eventsOf(31, 60)]),
  compared: () => standing(faultyHost()),
  empty: () => standing(emptyHost(), []),
  partial: () => standing(partialHost()),
  denied: () => standing(deniedHost()),
  broken: () => standing(brokenHost()),
  gone: async function* () {
    yield { kind: 'snapshot', host: demoHost() };
    throw new Error('the bundle is cut short');
  },
  loading: async function* () {
    await sleep(2 ** 31 - 1);
    yield { kind: 'snapshot', host: demoHost(now(), born) };
  },
  lost: async function* () {
    yield { kind: 'snapshot', host: demoHost() };
    for (;;) {
      await sleep(1000);
      yield {
        kind: 'lost',
        why: 'containerd closed the connection on /run/containerd/containerd.sock',
        retryInMs: 8000,
      };
      await sleep(8000);
    }
  },
  never: async function* () {
    for (;;) {
      yield {
        kind: 'lost',
        why: 'connect ENOENT /run/containerd/containerd.sock: no process listens there',
        retryInMs: 5000,
      };
      await sleep(5000);
    }
  },
  crash: async function* () {
    yield { kind: 'snapshot', host: demoHost(now(), born) };
    setTimeout(() => {
      throw new Error('a fault that nobody caught');
    }, 500);
    await sleep(2 ** 31 - 1);
  },
};

// A host in which nothing happens, though it is looked at.
async function* standing(host: HostSnapshot, recentEvents?: readonly HostEvent[]): AsyncGenerator<FeedItem> {
  for (;;) {
    yield { kind: 'snapshot', host, ...(recentEvents === undefined ? {} : { recentEvents }) };
    await sleep(1000);
  }
}

const scene = SCENES[process.env['DEMO'] ?? 'live'] ?? SCENES['live'];
if (scene === undefined) throw new Error('there is no scene');
const isCompared = process.env['DEMO'] === 'compared';
const items = scene();
const feed: Feed = {
  [Symbol.asyncIterator]: () => items,
  refresh: () => undefined,
  close: () => Promise.resolve(),
};
const details: DetailSource = {
  ...detailsOfHost(isCompared ? faultyHost : heldHost),
  chain: async (container, lists) => {
    const found = chains(lists, (subject) => subjectKey(subject) === subjectKey(container))[0];
    return found === undefined ? absent('made up', now()) : seen(found, 'made up', now());
  },
  body: async ({ namespace, id }) => {
    await sleep(300);
    return seen(
      {
        namespace: namespaceName(namespace),
        id: containerId(id),
        spec: seen(demoSpec(id), 'Containers.Get', now()),
        runtimeOptions: seen({ binaryName: 'runc', systemdCgroup: true }, 'Containers.Get', now()),
        extensions: {},
      },
      'Containers.Get',
      now(),
    );
  },
};

// As the command line does it.
keepHeapSmall();
const code = runTui({
  feed,
  details,
  // Nobody's own settings.
  env: { ...process.env, HOME: undefined },
  exporter: fileExporter(process.cwd()),
  colour: (process.env['NO_COLOR'] ?? '') === '' ? 'basic' : 'none',
  title: { host: 'web-01', address: '/run/containerd/containerd.sock' },
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  // What we cost differs from run to run, and with it where the footer ends.
  host: { ...thisProcess, usage: () => ({ cpuMicros: 0, rss: 64 << 20 }) },
});
// Its scenes wait for ever.
code.then((exitCode) => process.exit(exitCode)).catch(() => process.exit(1));
