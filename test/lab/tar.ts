/** A file, folder or link to be put into a tar archive. */
export type TarEntry = {
  readonly path: string;
  /** @default 0o755 for folders, 0o644 for files, 0o777 for links */
  readonly mode?: number;
} & ({ readonly content: Uint8Array | string } | { readonly linkTo: string } | { readonly folder: true });

const BLOCK = 512;

/** An ustar archive, owned by root and dated 1970: the same entries always give the same bytes. */
export const tar = (entries: readonly TarEntry[]): Buffer =>
  Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)]);

const blocksOf = (entry: TarEntry): readonly Buffer[] => {
  const content = 'content' in entry ? Buffer.from(entry.content) : Buffer.alloc(0);
  return [header(entry, content.length), content, Buffer.alloc(-content.length & (BLOCK - 1))];
};

// 0 name[100] · 100 mode[8] · 108 uid[8] · 116 gid[8] · 124 size[12] · 136 mtime[12] · 148 checksum[8]
// 156 type · 157 link[100] · 257 "ustar\0" "00"
const header = (entry: TarEntry, size: number): Buffer => {
  const block = Buffer.alloc(BLOCK);
  const name = 'folder' in entry ? `${entry.path}/` : entry.path;
  const link = 'linkTo' in entry ? entry.linkTo : '';
  if (Buffer.byteLength(name) > 100 || Buffer.byteLength(link) > 100) {
    throw new Error(`"${name}" does not fit the 100 bytes that ustar has for a name`);
  }
  const octal = (value: number, offset: number, length: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset);
  };
  block.write(name, 0);
  octal(entry.mode ?? ('content' in entry ? 0o644 : 'linkTo' in entry ? 0o777 : 0o755), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write('        ', 148); // the checksum is taken with blanks in its own place
  block.write('folder' in entry ? '5' : 'linkTo' in entry ? '2' : '0', 156);
  block.write(link, 157);
  block.write('ustar\x0000', 257);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
};
