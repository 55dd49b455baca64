/** Bundles for tests: written as the program writes them, taken apart, and put together again in ways it never would. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { extract, type Header, pack } from 'tar-stream';
import { onTestFinished } from 'vitest';
import { captureFacets, WANTED_AT_ONCE } from '../../src/bundle/capture.ts';
import { assembleBundle, type DerivedFile } from '../../src/bundle/create.ts';
import { openRecordedHost, type RecordedHost } from '../../src/collect/recorded.ts';
import { facet, type HostSnapshot, type Scope } from '../../src/host/snapshot.ts';

/** The recorded host that is shipped with the program: real shapes of everything. */
export const SAMPLE = join(import.meta.dirname, '../../samples/web-1.tar.gz');

/** A directory for the running test. */
export const scratch = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'bundle-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

/** A file of the running test with this content. */
export const fileOf = (bytes: string | Uint8Array, name = 'made.tar.gz'): string => {
  const path = join(scratch(), name);
  writeFileSync(path, bytes);
  return path;
};

/** A bundle of the host; its bodies are those that the host has, by scope. */
export const bundleOf = async (host: HostSnapshot, derived: readonly DerivedFile[] = []): Promise<string> => {
  const facets = await captureFacets(host, async (_, containers) => scoped(host, containers), 1000);
  const path = join(scratch(), 'made.tar.gz');
  await assembleBundle('made.tar.gz', { host, toolVersion: '0.0.0', facets, derived }).write(
    path,
    `${path}.draft`,
  );
  return path;
};

/** Opens a bundle for the running test. */
export const opened = async (path: string, scope: Scope = {}): Promise<RecordedHost> => {
  const recorded = await openRecordedHost(path, scope);
  onTestFinished(() => recorded.close());
  return recorded;
};

/** Everything that a bundle has, bodies of all its containers included. */
export const whole = async (recorded: RecordedHost): Promise<HostSnapshot> => {
  const host = await recorded.collect(WANTED_AT_ONCE);
  const listed = facet(host, 'containerd.containers');
  const containers = listed.state === 'seen' ? listed.value.items : [];
  const bodies = await recorded.collect(['containerd.bodies', 'docker.bodies'], { containers });
  return { ...host, facets: { ...host.facets, ...bodies.facets } };
};

const scoped = (host: HostSnapshot, containers: NonNullable<Scope['containers']>): HostSnapshot => {
  const bodies = facet(host, 'containerd.bodies');
  if (bodies.state !== 'seen') return host;
  const items = bodies.value.items.filter((body) =>
    containers.some(({ namespace, id }) => body.namespace === namespace && body.id === id),
  );
  const gaps = bodies.value.gaps.filter(({ object }) => containers.some(({ id }) => object?.id === id));
  return { ...host, facets: { ...host.facets, 'containerd.bodies': { ...bodies, value: { items, gaps } } } };
};

export interface Entry {
  readonly header: Partial<Header> & { readonly name: string };
  readonly content: string | Uint8Array;
}

export const entry = (name: string, content: string | Uint8Array = ''): Entry => ({
  header: { name },
  content,
});

/** A tar of these entries, as they are. */
export const tarOf = async (entries: readonly Entry[]): Promise<Buffer> => {
  const tar = pack();
  const chunks: Uint8Array[] = [];
  const read = (async () => {
    for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  })();
  for (const { header, content } of entries) {
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error | null): void => (error ? reject(error) : resolve());
      if (header.type === undefined || header.type === 'file') {
        tar.entry({ ...header, mtime: new Date(0) }, Buffer.from(content), done);
      } else tar.entry({ ...header, mtime: new Date(0) }, done);
    });
  }
  tar.finalize();
  await read;
  return Buffer.concat(chunks);
};

/** A file that is a gzipped tar of these entries. */
export const archiveOf = async (entries: readonly Entry[]): Promise<string> =>
  fileOf(gzipSync(await tarOf(entries)));

/** The files of a bundle. */
export const filesIn = async (path: string): Promise<Map<string, string>> => {
  const files = new Map<string, string>();
  const tar = extract();
  tar.end(gunzipSync(readFileSync(path)));
  for await (const one of tar) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of one) chunks.push(chunk as Uint8Array);
    files.set(one.header.name, Buffer.concat(chunks).toString());
  }
  return files;
};

/** A bundle of these files; with `honest`, its manifest says what they are. */
export const rebuilt = async (files: ReadonlyMap<string, string>, honest = false): Promise<string> => {
  const all = new Map(files);
  if (honest) {
    const manifest = JSON.parse(files.get('manifest.json') ?? '{}') as {
      files: { path: string; sha256: string }[];
    };
    for (const one of manifest.files) {
      one.sha256 = createHash('sha256')
        .update(all.get(one.path) ?? '')
        .digest('hex');
    }
    all.set('manifest.json', JSON.stringify(manifest));
  }
  return archiveOf([...all].map(([name, content]) => entry(name, content)));
};

/** A bundle in which one file is something else. */
export const changed = async (
  path: string,
  name: string,
  change: (content: string) => string,
  honest = true,
): Promise<string> => {
  const files = await filesIn(path);
  files.set(name, change(files.get(name) ?? ''));
  return rebuilt(files, honest);
};
