/** Views that the UI exports, as new files that only their maker can read. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeCsv } from '../text/escape.ts';
import type { Export, Exporter } from '../tui/exporter.ts';
import { documentHead, documentText } from './document.ts';

/** As many exports of one view in one second. */
const MOST_TRIES = 100;

export const fileExporter = (directory: string, now: () => Date = () => new Date()): Exporter => ({
  directory,
  write: async (wanted) => {
    const text = await textOf(wanted);
    const stem = join(directory, nameOf(wanted, now()));
    for (let i = 1; i <= MOST_TRIES; i += 1) {
      const path = `${stem}${i === 1 ? '' : `-${i}`}.${wanted.format}`;
      if (await writeNew(path, text)) return path;
    }
    throw new Error(`${stem}.${wanted.format} is there, and ${MOST_TRIES - 1} more of its name`);
  },
});

async function textOf({ format, kind, host, unknown, items, columns, cells }: Export): Promise<string> {
  if (format !== 'csv') {
    const head = documentHead(kind, host, unknown);
    return documentText(items === undefined ? head : { ...head, items }, format);
  }
  if (items === undefined) throw new Error('the list could not be read, and CSV has no place to say so');
  return [columns, ...cells].map((row) => `${row.map(escapeCsv).join(',')}\n`).join('');
}

// `ctrscope-web-1-images-20261123T194703Z`; a host may be called anything.
function nameOf({ hostName, view }: Export, at: Date): string {
  const host = hostName.replace(/[^\w.-]+/g, '-').slice(0, 64);
  const stamp = at.toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');
  return `ctrscope-${host}-${view}-${stamp}`;
}

// False when there is something of that name, be it a link to nowhere. What was begun and cannot be ended is taken away.
async function writeNew(path: string, text: string): Promise<boolean> {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined;
    throw error;
  });
  if (file === undefined) return false;
  try {
    await file.writeFile(text);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return true;
}
