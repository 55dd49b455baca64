/** What docs/layers.md says of images: what Docker keeps for itself, and what of a pull containerd has. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { Images } from '../../src/gen/containerd/services/images/v1/images_pb.js';
import { Leases } from '../../src/gen/containerd/services/leases/v1/leases_pb.js';
import { importDockerImages } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { type Registry, startRegistry } from '../lab/registry.ts';
import { sharedLab, skipReason } from '../lab/shared.ts';
import { hasContainerdStore } from '../lab/suites.ts';
import { until } from '../lab/until.ts';
import { rotatingSuites } from './rotation.ts';
import { openWire } from './wire.ts';

const MOBY = 'moby';
const REPOSITORY = 'ctrscope/busybox';
const DIGEST = /^sha256:[0-9a-f]{64}$/;

for (const suite of rotatingSuites('the images of each store')) {
  for (const store of ['graphdriver', 'containerd'] as const) {
    if (store === 'containerd' && !hasContainerdStore(suite)) continue;
    const reason = skipReason(suite);
    const title = `${suite}, ${store}${reason === undefined ? '' : `, skipped: ${reason}`}`;

    describe(`an image of Docker's (${title})`, { skip: reason !== undefined }, () => {
      const lab = sharedLab(suite, { docker: store });
      let seen: Seen;
      beforeAll(async () => {
        seen = await watchImages(lab());
      }, 120_000);

      if (store === 'graphdriver') {
        test('that was loaded or imported is in repositories.json alone', () => {
          expect(Object.keys(seen.loaded.repositories ?? {})).toEqual(seen.loaded.tags.toSorted());
          expect(seen.loaded.held).toEqual(NOTHING);
        });

        test('that was pulled leaves its index and manifest in containerd, and nothing else', () => {
          const { index, manifest, held, blobs } = seen.pulled;
          expect(held).toMatchObject({ images: [], snapshots: [], content: [index, manifest].toSorted() });
          for (const [digest, blob] of Object.entries(blobs)) expect(sha256(blob)).toBe(digest);
          expect(JSON.parse(blobs[manifest] ?? '{}')).toMatchObject({ config: { digest: seen.pulled.id } });
        });

        test('that was pulled is held by a lease that is named by its id and never expires', () => {
          const { id, index, manifest, held } = seen.pulled;
          const resources = [index, manifest].map((digest) => `content ${digest}`).toSorted();
          expect(held.leases).toEqual([{ id: `moby-image-${id}`, labels: {}, resources }]);
        });

        test('has names in repositories.json that containerd has not', () => {
          const { repositories, tags, index, id, held } = seen.pulled;
          const [tag = ''] = tags;
          const repository = tag.slice(0, tag.lastIndexOf(':'));
          expect(repositories).toEqual({ [tag]: id, [`${repository}@${index}`]: id });
          expect(held.images).toEqual([]);
        });

        test('that is removed takes its lease along', () => {
          expect(seen.removed).toMatchObject({ repositories: {}, held: { leases: [] } });
        });
      } else {
        test('is a record, blobs and snapshots of containerd; there is no repositories.json', () => {
          for (const { repositories, held, tags } of [seen.loaded, seen.pulled]) {
            expect(repositories).toBeUndefined();
            expect(held.images.map(({ name }) => name.replace('docker.io/library/', ''))).toEqual(
              tags.toSorted(),
            );
            expect(held.leases).toEqual([]);
          }
          expect(existsSync(join(lab().dockerRoot ?? '', 'image'))).toBe(false);
        });

        test('that was pulled has all its blobs and its chain of snapshots in containerd', () => {
          const { index, manifest, held, blobs, tags } = seen.pulled;
          expect(held.images).toEqual([{ name: tags[0], target: index }]);
          const { config, layers } = JSON.parse(blobs[manifest] ?? '{}') as Manifest;
          const digests = [config, ...layers].map(({ digest }) => digest);
          expect(held.content).toEqual(expect.arrayContaining([index, manifest, ...digests]));
          const { rootfs } = JSON.parse(blobs[config.digest] ?? '{}') as ImageConfig;
          expect(rootfs.diff_ids.length).toBe(layers.length);
          expect(held.snapshots).toEqual(chainIds(rootfs.diff_ids).toSorted());
        });

        test("has its index's digest as id, where graphdrivers have its configuration's", () => {
          expect(seen.pulled.id).toBe(seen.pulled.index);
        });

        test('that is removed takes record and snapshots along', () => {
          expect(seen.removed).toMatchObject({ held: { images: [], snapshots: [] } });
        });
      }
    });
  }
}

/** What containerd holds for Docker, each list sorted. */
type Held = {
  readonly images: readonly { readonly name: string; readonly target: string }[];
  readonly snapshots: readonly string[];
  readonly content: readonly string[];
  /** Those that do not expire by themselves: operations have others while they last. */
  readonly leases: readonly {
    readonly id: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly resources: readonly string[];
  }[];
};

const NOTHING: Held = { images: [], snapshots: [], content: [], leases: [] };

type State = {
  /** Names with a tag, as `docker images` has them. */
  readonly tags: readonly string[];
  /** Names and ids of repositories.json; `undefined` when there is no such file. */
  readonly repositories: Readonly<Record<string, string>> | undefined;
  readonly held: Held;
};

type Seen = {
  readonly loaded: State;
  readonly pulled: State & {
    readonly id: string;
    readonly index: string;
    readonly manifest: string;
    /** The JSON among the blobs, by digest. */
    readonly blobs: Readonly<Record<string, string>>;
  };
  readonly removed: State;
};

type Descriptor = { readonly mediaType: string; readonly digest: string; readonly size: number };
type Manifest = { readonly config: Descriptor; readonly layers: readonly Descriptor[] };
type ImageConfig = { readonly rootfs: { readonly diff_ids: readonly string[] } };

/** Loads images, pushes one, removes all, and pulls it by an index that names it. */
const watchImages = async (lab: Lab): Promise<Seen> => {
  await using registry = await startRegistry(lab);
  const images = await importDockerImages(lab);
  const loaded = await stateOf(lab);

  const name = `${registry.host}/${REPOSITORY}`;
  await lab.docker(['tag', images[0] ?? '', `${name}:pushed`]);
  await lab.docker(['push', '--quiet', `${name}:pushed`]);
  await lab.docker(['rmi', `${name}:pushed`, ...images]);
  await until(`containerd of lab ${lab.tag} has collected what was removed`, async () =>
    (await heldFor(lab)).content.length === 0 ? true : undefined,
  );

  const { index, manifest } = await putIndex(registry, 'pushed', 'indexed');
  await lab.docker(['pull', '--quiet', `${name}:indexed`]);
  const { stdout: id } = await lab.docker(['image', 'inspect', '--format', '{{.Id}}', `${name}:indexed`]);
  const pulled = await stateOf(lab);
  const blobs: Record<string, string> = {};
  for (const digest of pulled.held.content) {
    const { stdout } = await lab.ctr(['content', 'get', digest], { namespace: MOBY });
    if (stdout.startsWith('{')) blobs[digest] = stdout;
  }
  await lab.docker(['rmi', `${name}:indexed`]);
  return { loaded, pulled: { ...pulled, id, index, manifest, blobs }, removed: await stateOf(lab) };
};

/** Writes an index of one manifest into the registry, as a build for several platforms would. */
const putIndex = async (
  registry: Registry,
  tag: string,
  indexTag: string,
): Promise<{ index: string; manifest: string }> => {
  const manifests = `http://${registry.host}/v2/${REPOSITORY}/manifests`;
  const accept = [OCI_MANIFEST, DOCKER_MANIFEST].join(', ');
  const answer = await fetch(`${manifests}/${tag}`, { headers: { accept } });
  const bytes = await answer.text();
  const mediaType = answer.headers.get('content-type') ?? '';
  const manifest = sha256(bytes);
  const platform = { os: 'linux', architecture: arch() === 'x64' ? 'amd64' : arch() };
  const list = mediaType === OCI_MANIFEST ? OCI_INDEX : DOCKER_LIST;
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: list,
    manifests: [{ mediaType, digest: manifest, size: Buffer.byteLength(bytes), platform }],
  });
  const put = await fetch(`${manifests}/${indexTag}`, {
    method: 'PUT',
    headers: { 'content-type': list },
    body: index,
  });
  if (!put.ok) throw new Error(`the registry refuses an index: ${put.status} ${await put.text()}`);
  return { index: sha256(index), manifest };
};

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';

const stateOf = async (lab: Lab): Promise<State> => {
  const { stdout } = await lab.docker(['images', '--format', '{{.Repository}}:{{.Tag}}']);
  const tags = stdout.split('\n').filter((line) => line !== '');
  return { tags, repositories: await repositoriesOf(lab), held: await heldFor(lab) };
};

const repositoriesOf = async (lab: Lab): Promise<State['repositories']> => {
  const file = join(lab.dockerRoot ?? '', 'image/overlay2/repositories.json');
  if (!existsSync(file)) return undefined;
  const { Repositories } = JSON.parse(await readFile(file, 'utf8')) as {
    Repositories: Record<string, Record<string, string>>;
  };
  return Object.fromEntries(Object.values(Repositories).flatMap((names) => Object.entries(names)));
};

const heldFor = async (lab: Lab): Promise<Held> => {
  using wire = openWire(lab.address);
  const { images } = await wire.call(Images.method.list, {}, MOBY);
  const { leases } = await wire.call(Leases.method.list, {}, MOBY);
  const lasting = leases.filter(({ labels }) => labels['containerd.io/gc.expire'] === undefined);
  const list = async (...args: string[]): Promise<string[]> =>
    (await lab.ctr(args, { namespace: MOBY })).stdout.split('\n').filter((line) => line !== '');
  const snapshots = (await list('snapshots', 'list')).slice(1); // the first line has the titles
  return {
    images: images
      .map(({ name, target }) => ({ name, target: target?.digest ?? 'none' }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    snapshots: snapshots.map((line) => line.split(' ')[0] ?? '').toSorted(),
    content: (await list('content', 'list', '--quiet')).toSorted(),
    leases: await Promise.all(
      lasting.map(async ({ id, labels }) => {
        const { resources } = await wire.call(Leases.method.listResources, { id }, MOBY);
        return { id, labels, resources: resources.map((each) => `${each.type} ${each.id}`).toSorted() };
      }),
    ),
  };
};

/** The names of a chain of snapshots: each is the digest of the one below and its own layer's. */
const chainIds = (diffIds: readonly string[]): readonly string[] => {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    expect(diffId).toMatch(DIGEST);
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : sha256(`${below} ${diffId}`));
  }
  return chain;
};

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
