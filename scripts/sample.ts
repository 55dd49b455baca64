/**
 * `npm run sample`: records the sample host that `npm start` opens where there is nothing else to see. A seeded lab is
 * captured as any host is; then its private paths and names become those of an ordinary host.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { checksumPath } from '../src/bundle/archive-writer.ts';
import { captureFacets, WANTED_AT_ONCE } from '../src/bundle/capture.ts';
import { assembleBundle } from '../src/bundle/create.ts';
import { derivedFiles } from '../src/cli/bundle.ts';
import { unreadInReport } from '../src/cli/report.ts';
import { openRecordedHost } from '../src/collect/recorded.ts';
import { diagnose } from '../src/diagnose/engine.ts';
import { PROBES } from '../src/diagnose/probes.ts';
import { decode, encode } from '../src/host/codec.ts';
import type { DaemonProcess, Discovery } from '../src/host/daemon.ts';
import type { DockerDiscovery } from '../src/host/docker.ts';
import { type Listing, type Observed, seenValue } from '../src/host/observed.ts';
import { facet, type HostSnapshot } from '../src/host/snapshot.ts';
import { type Lab, startLab } from '../test/lab/lab.ts';
import { suiteFolder } from '../test/lab/paths.ts';
import { seedLab } from '../test/lab/seed.ts';

const ROOT = join(import.meta.dirname, '..');
const SAMPLE = join(ROOT, 'samples/web-1.tar.gz');
const KERNEL = '6.1.0-44-amd64';

/** What must not be left of where it was recorded. */
const LEFT = /ctrscope|seed|lab-|\/root|\/tmp|canary|\.test\b/;

const scratch = await mkdtemp(join(tmpdir(), 'sample-'));
const lab = await startLab({ suite: 'bookworm', docker: 'graphdriver' });
try {
  await seedLab(lab);
  const raw = join(scratch, 'raw.tar.gz');
  await execa(process.execPath, [join(ROOT, 'dist/ctrscope.cjs'), 'bundle', 'create', raw], { env: lab.env });
  await record(raw, lab);
} finally {
  await lab.stop();
  await rm(scratch, { recursive: true, force: true });
}

async function record(raw: string, lab: Lab): Promise<void> {
  const recorded = await openRecordedHost(raw, {});
  const ordinary = (host: HostSnapshot): HostSnapshot => ({
    ...(decode(renamed(encode(host), lab)) as HostSnapshot),
    from: 'live',
  });
  const all = await recorded.collect(WANTED_AT_ONCE);
  const host = ordinary({ ...all, facets: ownFacets(all, lab) });
  const names = new Map(
    (['containerd.containers', 'docker.containers'] as const)
      .flatMap((name) => seenValue<Listing<{ namespace: string; id: string }>>(facet(all, name))?.items ?? [])
      .map(({ namespace, id }) => [renamed(`${namespace}/${id}`, lab), { namespace, id }]),
  );
  const facets = await captureFacets(
    host,
    async (wants, containers) => {
      const own = containers.flatMap(({ namespace, id }) => names.get(`${namespace}/${id}`) ?? []);
      return ordinary(await recorded.collect(wants, { containers: own }));
    },
    30_000,
  );
  await recorded.close();
  const unknown = unreadInReport(host);
  const diagnosis = await diagnose(host, PROBES, undefined, unknown.length);
  const derived = derivedFiles(host, diagnosis, unknown);
  const { version } = await import('../package.json', { with: { type: 'json' } }).then(
    (json) => json.default,
  );
  const bundle = assembleBundle('web-1.tar.gz', { host, toolVersion: version, facets, derived });
  const left = bundle.files.flatMap(({ path, chunks }) =>
    path.startsWith('host/') || path.startsWith('inventory/')
      ? leftIn(path, Buffer.concat(chunks).toString())
      : [],
  );
  if (left.length > 0) throw new Error(`the sample would tell where it was recorded:\n${left.join('\n')}`);
  await rm(SAMPLE, { force: true });
  const { bytes } = await bundle.write(SAMPLE, `${SAMPLE}.draft`);
  await rm(checksumPath(SAMPLE));
  await chmod(SAMPLE, 0o644);
  process.stdout.write(`${SAMPLE}: ${bytes} bytes, ${diagnosis.verdict}: ${diagnosis.summary}\n`);
}

// Other labs run on the same machine; and the host's own containerd was found, not named.
function ownFacets(
  host: HostSnapshot,
  { tag, address, containerdPid, dockerdPid }: Lab,
): HostSnapshot['facets'] {
  const daemons = seenValue(facet(host, 'proc.daemons'))?.items ?? [];
  const own = daemons.filter((daemon) => encode(daemon).includes(tag));
  const containerd = {
    address,
    origin: 'process',
    named: `containerd, pid ${containerdPid}`,
    answer: { state: 'answers' },
  } as const;
  const docker = seenValue(facet(host, 'docker.discovery'))?.chosen;
  const chosen = docker
    ? ({ ...docker, origin: 'process', named: `dockerd, pid ${dockerdPid}` } as const)
    : null;
  const changed = <T>(fact: Observed<T>, value: T): Observed<T> =>
    fact.state === 'seen' ? { ...fact, from: '/proc, well-known paths', value } : fact;
  return {
    ...host.facets,
    'proc.daemons': changed<Listing<DaemonProcess>>(facet(host, 'proc.daemons'), { items: own, gaps: [] }),
    'containerd.discovery': changed<Discovery>(facet(host, 'containerd.discovery'), {
      candidates: [containerd],
      chosen: containerd,
    }),
    'docker.discovery': changed<DockerDiscovery>(facet(host, 'docker.discovery'), {
      containerd: address,
      candidates: chosen === null ? [] : [chosen],
      chosen,
    }),
  };
}

function renamed(text: string, lab: Lab): string {
  const names: readonly (readonly [from: string | undefined, to: string])[] = [
    [lab.address, '/run/containerd/containerd.sock'],
    [lab.containerdConfig, '/etc/containerd/config.toml'],
    [lab.containerdRoot, '/var/lib/containerd'],
    [lab.state, '/run/containerd'],
    [lab.runcRoot, '/run/containerd/runc'],
    [lab.fifoDir, '/run/containerd/fifo'],
    [`${lab.root}/opt`, '/opt/containerd'],
    [lab.dockerSocket, '/run/docker.sock'],
    [lab.dockerdConfig, '/etc/docker/daemon.json'],
    [lab.dockerRoot, '/var/lib/docker'],
    [lab.dockerExecRoot, '/run/docker'],
    [suiteFolder(lab.suite), ''],
    [`${lab.namespace}-empty`, 'storage'],
    [`${lab.namespace}-b`, 'blog'],
    [lab.namespace, 'shop'],
    ['registry.test/ctrscope/multi:1', 'registry.example.com/shop/cache:2.4'],
    ['ctrscope-busybox:1', 'busybox:1.36'],
    ['ctrscope-imported:1', 'tools:1'],
    ['ctrscope-busybox', 'busybox'],
    ['ctrscope-imported', 'tools'],
    ['ctrscope.test/', 'example.com/'],
    ['ctrscope.test', 'example.com/made'],
    ['"seed"', '"sample"'],
    ['seed-', 'backup-'],
  ];
  const [system] = /"kernel":"[^"]*"/.exec(text) ?? [];
  const ordinary = names.reduce(
    (whole, [from, to]) => (from === undefined ? whole : whole.replaceAll(from, to)),
    text,
  );
  return ordinary
    .replaceAll(system ?? '"kernel":""', `"kernel":"${KERNEL}"`)
    .replaceAll(`"hostname":"${hostname()}"`, '"hostname":"web-1"');
}

function leftIn(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, i) => {
    const found = LEFT.exec(line);
    return found === null
      ? []
      : [`${path} line ${i + 1}: …${line.slice(Math.max(0, found.index - 40), found.index + 60)}…`];
  });
}
