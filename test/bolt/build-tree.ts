/** Files by what is in them: nested buckets are laid out as bbolt would, each on a page of its own or inline. */
import type { FileSpec, LeafEntry, PageSpec } from './build-file.ts';
import { bucketAt, inlineBucket } from './build-file.ts';

/** A bucket: values are text or bytes, buckets are trees. */
export interface Tree {
  readonly [key: string]: string | Uint8Array | Tree;
}

export interface Laid extends FileSpec {
  readonly pages: Record<number, PageSpec>;
  /** The page that a bucket begins on, by its path with slashes. */
  readonly pageOf: (path: string) => number;
}

const INLINE_BYTES = 1024;

/** A file's pages, to be written by buildFile, or spoilt before. */
export const layOut = (tree: Tree, options: Partial<FileSpec> = {}): Laid => {
  const pages: Record<number, PageSpec> = {};
  const places = new Map<string, number>();
  let next = 3;
  const lay = (bucket: Tree, path: string): number => {
    const id = next;
    places.set(path, id);
    next += 1;
    const leaf = Object.entries(bucket)
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([key, value]): LeafEntry => {
        if (typeof value === 'string' || value instanceof Uint8Array) return { key, value };
        const inline = inlineOf(value);
        const below = path === '' ? key : `${path}/${key}`;
        return { key, value: inline ?? bucketAt(lay(value, below)), bucket: true };
      });
    pages[id] = { leaf };
    // Larger than a page: whatever comes after goes behind it.
    const bytes = leaf.reduce((sum, { key, value }) => sum + key.length + value.length + 16, 16);
    if (bytes > 4096) throw new Error(`bucket ${path} needs ${bytes} bytes, more than a page`);
    return id;
  };
  const root = lay(tree, '');
  const pageOf = (path: string): number => {
    const id = places.get(path);
    if (id === undefined) throw new Error(`${path} has no page of its own`);
    return id;
  };
  return { root, pages, pageOf, ...options };
};

const inlineOf = (bucket: Tree): Buffer | undefined => {
  const entries = Object.entries(bucket);
  if (entries.some(([, value]) => typeof value !== 'string' && !(value instanceof Uint8Array)))
    return undefined;
  const inline = inlineBucket(
    entries
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([key, value]) => ({ key, value: value as string | Uint8Array })),
  );
  return inline.length > INLINE_BYTES ? undefined : inline;
};
