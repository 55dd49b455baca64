/** Images where containerd is Docker's image store: Docker's list, containerd's records, and the content that they name. */
import type { ContentInfo, Image, Manifest } from '../containerd.ts';
import type { DockerImage } from '../docker.ts';
import { canonicalName, DANGLING, familiarName } from '../image-name.ts';
import { compareText } from '../kinds/kind.ts';
import { isUnknown, type Observed } from '../observed.ts';
import type { FacetName } from '../snapshot.ts';
import { type Book, bookOf } from './book.ts';
import { type Check, evidenceOf, type ReconcileRow, rowOf, sideOf, unread, unreadBeside } from './row.ts';
import type { Stage } from './stage.ts';

export const STORE_IMAGE_WANTS: readonly FacetName[] = [
  'docker.images',
  'containerd.images',
  'containerd.manifests',
  'containerd.content',
];

/** On the record of an image that the classic builder made upon another. */
const PARENT = 'org.mobyproject.image.parent';

/** One row for each target of an image record, and for each image that Docker lists. */
export const storeImageRows = (stage: Stage): readonly ReconcileRow[] => {
  const { mode } = stage;
  const books = booksOf(stage);
  const active = mode.state === 'seen' ? mode.value === 'containerd' : undefined;
  const targets = new Set(books.records.items.map(({ target }) => target.digest as string));
  // Docker's list is of the store in use, whichever that is.
  if (active === true) for (const image of books.listed.items) targets.add(targetOf(image));
  return [...targets]
    .flatMap((target) => imageRows(stage, books, active, target))
    .toSorted((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id));
};

interface ImageBooks {
  /** By target. */
  readonly listed: Book<DockerImage>;
  /** By target and by name. */
  readonly records: Book<Image>;
  readonly manifests: Book<Manifest>;
  readonly content: Book<ContentInfo>;
  /** Targets that others were built upon. */
  readonly parents: ReadonlySet<string>;
}

function booksOf({ host, namespace, silent }: Stage): ImageBooks {
  const only = (item: { readonly namespace: string }): boolean => item.namespace === namespace;
  const records = bookOf(host, 'containerd.images', {
    keys: ({ name, target }) => [name, target.digest],
    kinds: ['image'],
    only,
    namespace,
  });
  return {
    records,
    listed: bookOf(host, 'docker.images', { keys: (image) => [targetOf(image)], kinds: ['image'], silent }),
    manifests: bookOf(host, 'containerd.manifests', {
      keys: ({ digest }) => [digest],
      kinds: ['manifest'],
      only,
      namespace,
    }),
    content: bookOf(host, 'containerd.content', {
      keys: ({ digest }) => [digest],
      kinds: ['content'],
      only,
      namespace,
    }),
    parents: new Set(records.items.flatMap(({ labels }) => labels[PARENT] ?? [])),
  };
}

const targetOf = ({ id, target }: DockerImage): string => target?.digest ?? id;

function imageRows(
  stage: Stage,
  books: ImageBooks,
  active: boolean | undefined,
  target: string,
): readonly ReconcileRow[] {
  const records = books.records.all(target);
  const record = books.records.look(target);
  const listed = active === true ? books.listed.look(target) : undefined;
  const names = records.map(({ name }) => name).filter((name) => !name.startsWith(DANGLING));
  const tags = listed?.state === 'seen' ? listed.value.tags : [];
  const name = [...new Set([...tags, ...names.map(familiarName)])].join(', ') || '<none>';
  const docker =
    listed &&
    sideOf(
      [listed],
      'listed',
      evidenceOf('docker', listed, 'tags', (image) => image.tags.join(', ') || 'none', 'not listed'),
    );
  const recorded = evidenceOf(
    'containerd',
    record,
    'records',
    () => records.map((r) => r.name).join(', '),
    'none',
  );
  const content = books.content.look(target);
  const evidence = [...recorded, ...evidenceOf('content', content, target, () => 'there')];
  const known = listed && { target, records, record, listed };
  const object = { kind: 'image', namespace: stage.namespace, name, id: target } as const;
  const containerd = sideOf([record], 'a record', evidence);
  if (known === undefined) {
    const side = active === false ? NOT_IN_USE : undefined;
    return [rowOf(object, { docker: side, containerd }, [otherStore(stage)])];
  }
  return [rowOf(object, { docker, containerd }, checksOf(books, known)), ...nameRows(stage, books, known)];
}

function otherStore({ mode }: Stage): Check {
  return isUnknown(mode)
    ? unread(mode, 'which image store Docker uses')
    : { rule: 'other-store', detail: 'containerd' };
}

const NOT_IN_USE = { has: false, says: 'not looked at: Docker uses a graphdriver', evidence: [] } as const;

interface Known {
  readonly target: string;
  readonly records: readonly Image[];
  readonly record: Observed<Image>;
  readonly listed: Observed<DockerImage>;
}

function checksOf(books: ImageBooks, known: Known): Check[] {
  const { target, record, listed } = known;
  const checks: (Check | undefined)[] = [
    record.state === 'absent' && listed.state === 'seen'
      ? { rule: 'record-missing', detail: target }
      : undefined,
    isUnknown(record) ? unread(record, "containerd's images") : undefined,
    record.state === 'seen' ? contentCheck(books, target) : undefined,
    record.state === 'seen' ? listCheck(books, known) : undefined,
  ];
  return checks.filter((check) => check !== undefined);
}

// A name that Docker shows is a record of the same target. Each is an object of its own: it may come and go while the image stays.
function nameRows(
  { namespace }: Stage,
  { records }: ImageBooks,
  { target, listed, record: own }: Known,
): readonly ReconcileRow[] {
  // Without any record of the target, the image itself is missing.
  if (listed.state !== 'seen' || own.state !== 'seen') return [];
  return listed.value.tags.flatMap((tag): ReconcileRow[] => {
    const name = canonicalName(tag);
    const record = records.look(name);
    if (isUnknown(record) || (record.state === 'seen' && record.value.target.digest === target)) return [];
    const evidence = evidenceOf('containerd', record, name, (image) => image.target.digest, 'no such record');
    const check: Check = {
      rule: record.state === 'seen' ? 'record-elsewhere' : 'record-missing',
      detail: target,
    };
    const docker = { has: true, says: target, evidence: evidenceOf('docker', listed, tag, () => target) };
    const containerd = sideOf([record], 'a record', evidence);
    return [rowOf({ kind: 'reference', namespace, name: tag, id: name }, { docker, containerd }, [check])];
  });
}

// The target, and the config of each manifest that is here: without it nothing of the image starts. Layers that were
// unpacked need not stay, nor manifests of other platforms.
function contentCheck({ content, manifests }: ImageBooks, target: string): Check | undefined {
  const missing = (digest: string, role: string): Check | undefined => {
    const blob = content.look(digest);
    if (isUnknown(blob)) return unreadBeside(blob, `the ${role} ${digest}`);
    if (blob.state === 'seen') return undefined;
    const value = 'no such content in the namespace';
    return {
      rule: 'content-missing',
      detail: `${role} ${digest}`,
      containerd: [{ layer: 'content', source: blob.from, field: digest, value, at: blob.at }],
    };
  };
  const own = missing(target, 'target');
  if (own !== undefined) return own;
  const pending = [target];
  const seenDigests = new Set(pending);
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    const manifest = manifests.look(digest);
    if (isUnknown(manifest)) return unreadBeside(manifest, `manifest ${digest}`);
    if (manifest.state === 'absent') continue;
    for (const child of manifest.value.children) {
      if (child.role === 'config') {
        const config = missing(child.digest, 'config');
        if (config !== undefined) return config;
      }
      // Each once: a manifest may name itself.
      if (child.role !== 'manifest' || seenDigests.has(child.digest)) continue;
      seenDigests.add(child.digest);
      pending.push(child.digest);
    }
  }
  return undefined;
}

function listCheck({ parents }: ImageBooks, { target, records, listed }: Known): Check {
  const nameless = records.every(({ name }) => name.startsWith(DANGLING));
  if (listed.state === 'seen') return { rule: nameless ? 'image-dangling' : 'image-record' };
  if (listed.state === 'offline') return { rule: 'image-offline' };
  if (isUnknown(listed)) return unread(listed, "Docker's list of images");
  const detail = parents.has(target) ? 'another image was built upon it' : '';
  return { rule: 'image-hidden', detail };
}
