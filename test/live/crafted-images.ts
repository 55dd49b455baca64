import { Images } from '../../src/gen/containerd/services/images/v1/images_pb.js';
import type { Wire } from './wire.ts';

/** An image record to make, and the blobs it names as far as they are to be there. */
type Crafted = {
  readonly name: string;
  readonly mediaType: string;
  /** Text is a blob of that content, JSON or not; `null` a target whose blob is not in the store. */
  readonly target: object | string | null;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
};

const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';

type Descriptor = { readonly mediaType: string; readonly digest: string; readonly size: number };

/** No blob of this digest is ever written. */
export const MISSING_DIGEST = `sha256:${'0'.repeat(64)}`;

/** Images whose targets no build of an honest tool on this host would give: all that a listing has to read. */
export const craftImages = async (wire: Wire, namespace: string): Promise<void> => {
  const blob = async (content: object | string, mediaType: string): Promise<Descriptor> => {
    const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
    return { mediaType, digest: await wire.writeBlob(bytes, namespace), size: bytes.length };
  };
  const layer = (size: number): Descriptor => ({ mediaType: OCI_LAYER, digest: MISSING_DIGEST, size });
  const manifest = async (config: object, layers: readonly Descriptor[]): Promise<Descriptor> =>
    await blob({ schemaVersion: 2, config: await blob(config, OCI_CONFIG), layers }, OCI_MANIFEST);

  const amd64 = await manifest({ os: 'linux', architecture: 'amd64', rootfs: {} }, [layer(1280), layer(7)]);
  // Without a variant: ctr reads that of a config only since 2.0.
  const arm = await manifest({ os: 'linux', architecture: 'arm', rootfs: {} }, [layer(9)]);
  const dockerManifest = {
    schemaVersion: 2,
    config: await blob({ os: 'linux', architecture: 'x86_64', rootfs: {} }, DOCKER_CONFIG),
    layers: [layer(123_456_789)],
  };
  const absent = (mediaType: string): Descriptor => ({ mediaType, digest: MISSING_DIGEST, size: 555 });

  const crafted: readonly Crafted[] = [
    {
      name: 'crafted.test/attested:1',
      mediaType: OCI_INDEX,
      target: {
        schemaVersion: 2,
        manifests: [
          { ...amd64, platform: { os: 'linux', architecture: 'amd64' } },
          {
            ...(await manifest({ os: 'unknown', architecture: 'unknown' }, [])),
            platform: { os: 'unknown', architecture: 'unknown' },
            annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
          },
        ],
      },
      annotations: { 'org.opencontainers.image.ref.name': '1' },
    },
    {
      name: 'crafted.test/variants:1',
      mediaType: DOCKER_LIST,
      target: {
        schemaVersion: 2,
        manifests: [
          { ...arm, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
          { ...absent(OCI_MANIFEST), platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
          { ...amd64, platform: { os: 'linux', architecture: 'amd64', variant: 'v3' } },
          {
            ...absent(OCI_MANIFEST),
            platform: { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763.1' },
          },
        ],
      },
    },
    {
      name: 'crafted.test/silent-index:1',
      mediaType: OCI_INDEX,
      target: { schemaVersion: 2, manifests: [arm, amd64] },
    },
    { name: 'crafted.test/docker:1', mediaType: DOCKER_MANIFEST, target: dockerManifest },
    {
      name: 'crafted.test/foreign:1',
      mediaType: OCI_MANIFEST,
      target: {
        schemaVersion: 2,
        config: await blob({ os: 'linux', architecture: 'aarch64', rootfs: {} }, OCI_CONFIG),
        layers: [layer(1 << 20)],
      },
    },
    { name: 'crafted.test/missing-manifest:1', mediaType: OCI_MANIFEST, target: null },
    { name: 'crafted.test/missing-index:1', mediaType: OCI_INDEX, target: null },
    { name: 'crafted.test/other:1', mediaType: 'text/plain', target: 'just text' },
    {
      name: 'crafted.test/only-foreign:1',
      mediaType: OCI_INDEX,
      target: {
        schemaVersion: 2,
        manifests: [{ ...arm, platform: { os: 'linux', architecture: 's390x' } }],
      },
    },
    {
      name: 'crafted.test/absent-child:1',
      mediaType: OCI_INDEX,
      target: {
        schemaVersion: 2,
        manifests: [{ ...absent(OCI_MANIFEST), platform: { os: 'linux', architecture: 'amd64' } }],
      },
    },
    { name: 'crafted.test/empty-index:1', mediaType: OCI_INDEX, target: { schemaVersion: 2, manifests: [] } },
    {
      name: 'crafted.test/\u001b[31mred\u202e:1',
      mediaType: OCI_MANIFEST,
      target: dockerManifest,
      labels: { 'a.b/empty': '', 'a.b/equals': 'x=y', ключ: 'значение' },
    },
  ];
  for (const { name, mediaType, target, annotations = {}, labels = {} } of crafted) {
    const descriptor = target === null ? absent(mediaType) : await blob(target, mediaType);
    await wire.call(
      Images.method.create,
      { image: { name, labels, target: { ...descriptor, size: BigInt(descriptor.size), annotations } } },
      namespace,
    );
  }
};
