import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { labUnavailable } from '../lab/available.ts';
import { REQUIRED_SUITE, SUITES, type Suite } from '../lab/suites.ts';
import { provideUpstream, type Upstream } from './upstream.ts';
import { compileFolder, type WireElement, wireElements } from './wire.ts';

/** Types that upstream moved or abbreviates; the bytes are the same under either name. */
const ALIASES: Readonly<Record<string, string>> = {
  // Up to 1.7.24 each events package had an Envelope of its own; since API 1.8 they share one.
  'containerd.services.events.v1.Envelope': 'containerd.types.Envelope',
  'containerd.services.events.ttrpc.v1.Envelope': 'containerd.types.Envelope',
  // ttrpc's .proto stands in for google.rpc.Status with a message of no package and one field.
  Status: 'google.rpc.Status',
};

/** What upstream declares in another way by now, with the same bytes: what older packages may say of it. */
const REDECLARED: Readonly<Record<string, string>> = {
  // Values of environment variables need not be UTF-8; cri-api 0.36.2 says so.
  'runtime.v1.KeyValue.value': 'string = 2',
};

/** What no packaged upstream has yet, by the release that brought it. A name covers all that is inside it. */
const NEWER: Readonly<Record<string, readonly string[]>> = {
  '2.2': [
    'containerd.services.mounts.v1',
    'containerd.services.snapshots.v1.CommitSnapshotRequest.parent',
    'containerd.types.ActivationInfo',
    'containerd.types.ActiveMount',
    'io.containerd.cgroups.v2.CPUStat.burst_usec',
    'io.containerd.cgroups.v2.CPUStat.nr_bursts',
    'io.containerd.cgroups.v2.HugeTlbStat.failcnt',
    'io.containerd.cgroups.v2.Metrics.network',
    'io.containerd.cgroups.v2.NetworkStat',
  ],
  '2.3': [
    'containerd.runtime.sandbox.v1.StartSandboxResponse.spec',
    'containerd.services.sandbox.v1.ControllerStartResponse.spec',
    'containerd.types.Platform.os_features',
    'containerd.types.transfer.ContainerPath',
    'containerd.types.transfer.ReadStream',
    'containerd.types.transfer.WriteStream',
    'io.containerd.cgroups.v2.MemoryEvents.oom_group_kill',
  ],
  '2.4-beta': [
    'containerd.events.ContentCreate.mediaType',
    'containerd.runc.v1.CheckpointOptions.parent_path',
    'containerd.services.tasks.v1.CreateTaskRequest.task_api_address',
    'containerd.services.tasks.v1.CreateTaskRequest.task_api_version',
  ],
  'cgroups after 3.1.3, in no containerd yet': [
    'io.containerd.cgroups.v2.MemoryStat.workingset_activate_anon',
    'io.containerd.cgroups.v2.MemoryStat.workingset_activate_file',
    'io.containerd.cgroups.v2.MemoryStat.workingset_refault_anon',
    'io.containerd.cgroups.v2.MemoryStat.workingset_refault_file',
  ],
};

const hostLacks = labUnavailable();
const unavailable = hostLacks && `Debian's packages cannot be had on this host: ${hostLacks}`;
const upstreams = new Map<Suite, Upstream>();
const missing = new Map<Suite, string>();
let ours: ReadonlyMap<string, string> = new Map();

beforeAll(async () => {
  ours = factsByName(wireElements(await compileFolder(join(import.meta.dirname, '../../proto'))));
  if (unavailable !== undefined) return;
  for (const suite of SUITES) {
    try {
      upstreams.set(suite, await provideUpstream(suite));
    } catch (error) {
      missing.set(suite, error instanceof Error ? error.message : String(error));
    }
  }
}, 600_000);

describe('the wire definitions', () => {
  test.for(SUITES)('say what the packages of %s say, wherever both say something', (suite, context) => {
    const upstream = upstreams.get(suite);
    if (upstream === undefined) {
      const why = unavailable ?? missing.get(suite) ?? 'not fetched';
      if (suite === REQUIRED_SUITE && unavailable === undefined) expect.fail(why);
      console.error(`the definitions packaged in ${suite} are not checked: ${why}`);
      return context.skip(why);
    }
    const theirs = upstreamElements(upstream);
    const shared = theirs.filter(({ name }) => ours.has(name));
    const differences = shared
      .filter(({ name, fact }) => ours.get(name) !== fact && !wasDeclaredSo(suite, name, fact))
      .map(({ name, fact }) => `${name}: ${fact} upstream, ${ours.get(name)} in proto/`);
    const lacking = summarize(theirs.filter(({ name }) => !ours.has(name)));
    console.log(
      [
        `${suite}: ${shared.length} elements compared, ${differences.length} differ (${versionList(upstream)})`,
        ...lacking.map((line) => `  not in proto/: ${line}`),
      ].join('\n'),
    );
    expect(differences).toEqual([]);
  });

  test('are all known to a packaged upstream, or listed as newer', (context) => {
    const known = new Set(
      [...upstreams.values()].flatMap((u) => upstreamElements(u).map(({ name }) => name)),
    );
    const unknown = [...ours.keys()].filter((name) => !known.has(name));
    if (upstreams.size < SUITES.length) {
      const why =
        unavailable ?? `without ${[...missing.keys()].join(' and ')} some definitions have no upstream`;
      console.error(`${unknown.length} of ${ours.size} definitions are not checked: ${why}`);
      return context.skip(why);
    }
    const newer = Object.entries(NEWER).flatMap(([release, names]) =>
      names.map((name) => ({ release, name })),
    );
    const listed = unknown.flatMap((name) => newer.find((entry) => covers(entry.name, name)) ?? []);
    console.log(
      [
        `${ours.size} elements in proto/, ${ours.size - unknown.length} of them packaged`,
        ...newer
          .filter((entry) => listed.includes(entry))
          .map(
            ({ release, name }) =>
              `  declared from the reference, newer than any packaged upstream: ${name} (${release})`,
          ),
        ...newer
          .filter((entry) => !listed.includes(entry))
          .map(({ name }) => `  packaged by now, and to be taken off the list: ${name}`),
      ].join('\n'),
    );
    expect(unknown.filter((name) => !newer.some((entry) => covers(entry.name, name)))).toEqual([]);
    expect(newer.filter(({ name }) => ![...ours.keys()].some((known) => covers(name, known)))).toEqual([]);
  });
});

/** The newest suite must agree to the letter; an older one may still hold the declaration that was replaced. */
const wasDeclaredSo = (suite: Suite, name: string, fact: string): boolean =>
  suite !== SUITES.at(-1) && REDECLARED[name] === fact;

const upstreamElements = ({ descriptors }: Upstream): readonly WireElement[] =>
  wireElements(descriptors, (typeName) => ALIASES[typeName] ?? typeName);

const factsByName = (elements: readonly WireElement[]): ReadonlyMap<string, string> =>
  new Map(elements.map(({ name, fact }) => [name, fact]));

const covers = (listed: string, name: string): boolean =>
  name === listed || name.startsWith(`${listed}.`) || name.startsWith(`${listed}/`);

const versionList = ({ versions }: Upstream): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name.replace(/^golang-(.*)-dev$/, '$1')} ${version}`)
    .join(', ');

/** One line per message, enum or method; the parts of something that is missing as a whole go without saying. */
const summarize = (elements: readonly WireElement[]): readonly string[] => {
  const wholes = elements.filter(({ fact }) => ['message', 'enum', 'service'].includes(fact));
  const inside = ({ name }: WireElement): boolean =>
    wholes.some((whole) => whole.name !== name && covers(whole.name, name));
  const lines = elements.filter((element) => !inside(element)).map(({ name, fact }) => `${name} ${fact}`);
  return [...new Set(lines)].sort();
};
