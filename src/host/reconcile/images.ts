/** Images of Docker's graphdrivers: repositories.json ↔ imagedb ↔ layers, Docker's own list, and the lease in containerd. */
import type { ContentInfo, Lease } from '../containerd.ts';
import type { DockerImage } from '../docker.ts';
import type { DockerImageConfig, DockerReference } from '../docker-disk.ts';
import type { Evidence } from '../finding.ts';
import { canonicalName } from '../image-name.ts';
import { compareText } from '../kinds/kind.ts';
import { isUnknown, type Observed } from '../observed.ts';
import type { FacetName } from '../snapshot.ts';
import { type Book, bookOf } from './book.ts';
import { imageLayerCheck, type LayerBooks, layerBooks, layerRows, NO_PART } from './layers.ts';
import { type LeaseBooks, leaseBooks } from './leases.ts';
import { type Check, evidenceOf, type ReconcileRow, rowOf, sideOf, unread, unreadBeside } from './row.ts';
import { isActive, type Stage } from './stage.ts';

export const GRAPH_IMAGE_WANTS: readonly FacetName[] = [
  'docker.images',
  'docker.references',
  'docker.imageConfigs',
  'docker.layers',
  'docker.graphDirectories',
  'containerd.leases',
  'containerd.leaseResources',
  'containerd.content',
];

/** The id of the lease that a pull leaves for an image, since 20.10. */
export const imageLease = (imageId: string): string => `moby-image-${imageId}`;

/** One row for each image of any graphdriver on the disk, and one for each layer that is broken. */
export const graphImageRows = (stage: Stage): readonly ReconcileRow[] => {
  const books = booksOf(stage);
  const known = new Map<string, { readonly driver: string | undefined; readonly id: string }>();
  const add = (driver: string | undefined, id: string): void => {
    const key = `${driver ?? ''}/${id}`;
    if (!known.has(key)) known.set(key, { driver, id });
  };
  for (const { driver, imageId } of books.references.items) add(driver, imageId);
  for (const { driver, imageId } of books.configs.items) add(driver, imageId);
  const own = stage.driver.state === 'seen' ? stage.driver.value : undefined;
  if (stage.mode.state === 'seen' && stage.mode.value === 'graphdriver')
    for (const { id } of books.listed.items) add(own, id);
  return [
    ...[...known.values()]
      .flatMap(({ driver, id }) => imageRows(stage, books, driver, id))
      .toSorted((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id)),
    ...layerRows(stage, books),
  ];
};

/** The image configs of every graphdriver, by image id. */
export const configBook = ({ host }: Stage): Book<DockerImageConfig> =>
  bookOf(host, 'docker.imageConfigs', {
    keys: ({ driver, imageId }) => [imageId, `${driver}/${imageId}`],
    kinds: ['image'],
  });

interface ImageBooks extends LayerBooks, LeaseBooks {
  readonly listed: Book<DockerImage>;
  readonly references: Book<DockerReference>;
  readonly configs: Book<DockerImageConfig>;
  readonly content: Book<ContentInfo>;
}

function booksOf(stage: Stage): ImageBooks {
  const { host, namespace, silent } = stage;
  return {
    ...layerBooks(stage),
    ...leaseBooks(stage),
    listed: bookOf(host, 'docker.images', { keys: ({ id }) => [id], kinds: ['image'], silent }),
    references: bookOf(host, 'docker.references', {
      keys: ({ driver, imageId }) => [`${driver}/${imageId}`],
      kinds: ['reference'],
    }),
    configs: configBook(stage),
    content: bookOf(host, 'containerd.content', {
      keys: ({ digest }) => [digest],
      kinds: ['content'],
      only: (item) => item.namespace === namespace,
      namespace,
    }),
  };
}

function imageRows(
  stage: Stage,
  books: ImageBooks,
  driver: string | undefined,
  id: string,
): readonly ReconcileRow[] {
  const key = `${driver ?? ''}/${id}`;
  const references = books.references.all(key);
  const active = driver === undefined ? true : isActive(stage, 'graphdriver', driver);
  const listed = active === true ? books.listed.look(id) : undefined;
  const config = books.configs.look(key);
  const lease = books.leases.look(imageLease(id));
  const image = listed?.state === 'seen' ? listed.value : undefined;
  const names = [...new Set([...(image?.tags ?? []), ...references.map(({ reference }) => reference)])];
  const tags = names.filter((name) => !name.includes('@'));
  const name = (tags.length > 0 ? tags : names).join(', ') || '<none>';
  const evidence = [
    ...(listed === undefined
      ? []
      : evidenceOf('docker', listed, 'tags', (i) => i.tags.join(', ') || 'none', 'not listed')),
    ...evidenceOf(
      'docker',
      books.references.look(key),
      'names',
      () => references.map((r) => r.reference).join(', '),
      'none',
    ),
    ...evidenceOf('docker', config, 'image config', ({ path }) => path, 'no such file'),
  ];
  const docker = sideOf([listed ?? config, config], `an image of ${driver ?? 'its graphdriver'}`, evidence);
  const leaseEvidence = evidenceOf(
    'containerd',
    lease,
    `lease ${imageLease(id)}`,
    () => keptBy(books, id),
    'none',
  );
  const containerd = sideOf([lease], 'a lease', leaseEvidence);
  const known = { id, driver, references, listed, config, lease };
  const checks = active === true ? checksOf(stage, books, known) : [otherStore(stage, active, driver ?? '')];
  return [
    rowOf({ kind: 'image', namespace: stage.namespace, name, id }, { docker, containerd }, checks),
    ...nameRows(books, known),
  ];
}

// The manifests that a pull left. A missing one is no fault: dockerd can do without, and another namespace may have it.
function keptBy({ resources, content }: ImageBooks, id: string): string {
  const held = resources.look(imageLease(id));
  if (held.state !== 'seen') return 'there';
  const digests = held.value.content.map((digest) =>
    content.look(digest).state === 'absent' ? `${digest} (not in the namespace)` : digest,
  );
  return digests.length === 0 ? 'keeps nothing' : `keeps ${digests.join(', ')}`;
}

interface Known {
  readonly id: string;
  readonly driver: string | undefined;
  readonly references: readonly DockerReference[];
  readonly listed: Observed<DockerImage> | undefined;
  readonly config: Observed<DockerImageConfig>;
  readonly lease: Observed<Lease>;
}

function checksOf(stage: Stage, books: ImageBooks, known: Known): Check[] {
  const { config } = known;
  const listed: Observed<unknown> = known.listed ?? config;
  const checks: (Check | undefined)[] = [
    // A name in repositories.json alone does not say that there is such an image.
    isUnknown(config) && isUnknown(listed) ? unread(config, "the image's config") : undefined,
    configCheck(known),
    config.state === 'seen' ? layersCheck(books, config.value) : undefined,
    ...nameDoubts(stage, books, known),
    leaseCheck(books, known),
  ];
  return checks.filter((check) => check !== undefined);
}

function layersCheck(books: ImageBooks, config: DockerImageConfig): Check | undefined {
  const doubt = books.configs.unreadField(config.imageId, 'diffIds');
  return doubt === undefined ? imageLayerCheck(books, config) : unreadBeside(doubt, 'its layers');
}

function configCheck({ references, listed, config }: Known): Check | undefined {
  if (isUnknown(config)) return unreadBeside(config, "the image's config");
  if (config.state === 'seen') {
    return config.value.intact ? undefined : { rule: 'config-damaged', detail: config.value.path };
  }
  const [reference] = references;
  if (reference !== undefined) return { rule: 'reference-without-config', detail: reference.reference };
  return listed?.state === 'seen' ? { rule: 'config-missing' } : undefined;
}

function nameDoubts(
  { filesDecide }: Stage,
  { references }: ImageBooks,
  { listed, driver }: Known,
): readonly Check[] {
  if (listed === undefined || driver === undefined) return [];
  if (isUnknown(listed) && !filesDecide) return [unreadBeside(listed, "Docker's list of images")];
  return references.lacks === undefined ? [] : [unreadBeside(references.lacks, 'repositories.json')];
}

// What Docker has in memory, and what it would have after a restart. Each name is an object of its own: it may come and go
// while the image stays. Docker hides an image whose config is missing.
function nameRows(books: ImageBooks, known: Known): readonly ReconcileRow[] {
  const { driver, id, references, listed, config } = known;
  if (listed === undefined || driver === undefined || isUnknown(listed) || config.state !== 'seen') return [];
  if (books.references.lacks !== undefined) return [];
  const tags = listed.state === 'seen' ? listed.value.tags : [];
  const said = new Set(tags.map(canonicalName));
  const written = references.map(({ reference }) => reference).filter((name) => !name.includes('@'));
  const inFile = new Set(written.map(canonicalName));
  const row = (name: string, rule: 'reference-unread' | 'reference-unwritten'): ReconcileRow => {
    const inMemory = rule === 'reference-unwritten';
    const file = books.references.look(`${driver}/${id}`);
    const evidence: readonly Evidence[] = [
      {
        layer: 'docker',
        source: listed.from,
        field: name,
        value: inMemory ? id : 'not listed',
        at: listed.at,
      },
      { layer: 'docker', source: file.from, field: name, value: inMemory ? 'no such name' : id, at: file.at },
    ];
    const object = { kind: 'reference', namespace: null, name, id: canonicalName(name) } as const;
    const docker = { has: true, says: inMemory ? 'in memory only' : 'in the file only', evidence };
    return rowOf(object, { docker, containerd: NO_PART }, [{ rule, detail: id }]);
  };
  return [
    ...written.filter((name) => !said.has(canonicalName(name))).map((name) => row(name, 'reference-unread')),
    ...tags
      .filter((name) => !inFile.has(canonicalName(name)))
      .map((name) => row(name, 'reference-unwritten')),
  ];
}

function leaseCheck({ resources }: LeaseBooks, { id, lease }: Known): Check {
  if (isUnknown(lease)) return unread(lease, "containerd's leases");
  if (lease.state === 'absent') return { rule: 'image-without-lease' };
  const held = resources.look(imageLease(id));
  const empty = held.state === 'seen' && held.value.content.length === 0;
  return empty ? { rule: 'lease-empty' } : { rule: 'image-leased' };
}

function otherStore({ mode, driver }: Stage, active: boolean | undefined, own: string): Check {
  if (active === false) return { rule: 'other-store', detail: own };
  const doubt = isUnknown(mode) ? mode : driver;
  return isUnknown(doubt)
    ? unread(doubt, 'which image store Docker uses')
    : { rule: 'unread', detail: 'which image store Docker uses' };
}
