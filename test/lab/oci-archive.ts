import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

import { type TarEntry, tar } from './tar.ts';

/** A single-platform image to be written. */
export type ImageSource = {
  readonly architecture: string;
  /** Bottom layer first. */
  readonly layers: readonly (readonly TarEntry[])[];
  readonly config: {
    readonly Cmd?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Env?: readonly string[];
    readonly Labels?: Readonly<Record<string, string>>;
  };
};

type Blob = { readonly digest: string; readonly bytes: Buffer };
type Descriptor = { readonly mediaType: string; readonly digest: string; readonly size: number };

/**
 * An OCI image layout in a tar:
 *
 *     oci-layout                  {"imageLayoutVersion":"1.0.0"}
 *     index.json                  names the manifest, or the index of several manifests
 *     blobs/sha256/<hex>          index, manifests, configs, gzipped layers
 *     manifest.json               the same for `docker load`, which in 20.10 reads nothing else
 *
 * Several sources make an index of several platforms, which Docker's own archive format cannot say.
 */
export const ociArchive = (name: string, sources: readonly ImageSource[]): Buffer => {
  const images = sources.map(writeImage);
  const blobs = images.flatMap((image) => image.blobs);
  const [only] = images;
  let target: Descriptor;
  if (only !== undefined && images.length === 1) {
    target = only.descriptor;
  } else {
    const index = jsonBlob({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: images.map(({ descriptor, platform }) => ({ ...descriptor, platform })),
    });
    blobs.push(index);
    target = describe('application/vnd.oci.image.index.v1+json', index);
  }
  const annotations = {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
  };
  const index = { schemaVersion: 2, manifests: [{ ...target, annotations }] };
  const unique = new Map(blobs.map((blob) => [blob.digest, blob]));
  return tar([
    { path: 'oci-layout', content: JSON.stringify({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', content: JSON.stringify(index) },
    ...(images.length === 1 && only !== undefined
      ? [{ path: 'manifest.json', content: JSON.stringify([dockerManifest(name, only)]) }]
      : []),
    { path: 'blobs', folder: true },
    { path: 'blobs/sha256', folder: true },
    ...[...unique.values()].map(({ digest, bytes }) => ({ path: blobPath(digest), content: bytes })),
  ]);
};

type WrittenImage = {
  readonly blobs: Blob[];
  readonly descriptor: Descriptor;
  readonly platform: { readonly architecture: string; readonly os: 'linux' };
  readonly configDigest: string;
  readonly layerDigests: readonly string[];
};

const writeImage = ({ architecture, layers, config }: ImageSource): WrittenImage => {
  const platform = { architecture, os: 'linux' } as const;
  const archives = layers.map(tar);
  const layerBlobs = archives.map((archive) => blob(gzipSync(archive)));
  const configBlob = jsonBlob({
    created: '1970-01-01T00:00:00Z',
    ...platform,
    config,
    rootfs: { type: 'layers', diff_ids: archives.map(digestOf) },
    history: layers.map((_, i) => ({ created: '1970-01-01T00:00:00Z', created_by: `layer ${i + 1}` })),
  });
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: describe('application/vnd.oci.image.config.v1+json', configBlob),
    layers: layerBlobs.map((layer) => describe('application/vnd.oci.image.layer.v1.tar+gzip', layer)),
  });
  return {
    blobs: [manifest, configBlob, ...layerBlobs],
    descriptor: describe('application/vnd.oci.image.manifest.v1+json', manifest),
    platform,
    configDigest: configBlob.digest,
    layerDigests: layerBlobs.map(({ digest }) => digest),
  };
};

const dockerManifest = (name: string, image: WrittenImage): unknown => ({
  Config: blobPath(image.configDigest),
  RepoTags: [name],
  Layers: image.layerDigests.map(blobPath),
});

const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

const jsonBlob = (value: unknown): Blob => blob(Buffer.from(JSON.stringify(value)));

const blob = (bytes: Buffer): Blob => ({ digest: digestOf(bytes), bytes });

const describe = (mediaType: string, { digest, bytes }: Blob): Descriptor => ({
  mediaType,
  digest,
  size: bytes.length,
});

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
