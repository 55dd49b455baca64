/** Says whose files on a disk are read, or that there are none and where they were looked for. */
import type { DiskHost } from '../collect/disk.ts';
import { unknownLine } from '../report/unknown.ts';
import { escapeText } from '../text/escape.ts';
import { writeError, writeHint } from './terminal-output.ts';

/** Users may have containerds of their own, and there may be many users. */
const MAX_PLACES = 20;

/** @returns false when neither containerd nor Docker has left anything, which has then been said */
export const sayDisk = async ({ folder, layout, chosen }: DiskHost, quiet: boolean): Promise<boolean> => {
  const { containerds, docker, unread } = layout;
  if (chosen === undefined && docker === null) {
    const nothing = `neither containerd nor Docker has left its files in ${folder}`;
    const unseen = `whether containerd or Docker has left files in ${folder} cannot be seen`;
    await writeError(escapeText(unread.length > 0 ? unseen : nothing));
    await sayPlaces(layout);
    for (const { from, state, why } of unread.slice(0, MAX_PLACES)) {
      const entry = { source: from, state, reason: why, object: null, fields: null };
      await writeHint(`could not look: ${unknownLine(entry)}`);
    }
    return false;
  }
  if (quiet) return true;
  if (chosen === undefined) {
    await writeError(
      escapeText(`no containerd has left its files in ${folder}; Docker has, in ${docker ?? ''}`),
    );
    await sayPlaces(layout);
    return true;
  }
  await writeError(escapeText(`read from the disk: ${chosen.path} (${chosen.named})`));
  const others = containerds.filter(({ path }) => path !== chosen.path);
  if (others.length === 0) return true;
  await writeError(`${containerds.length} containerds have left their files here. Others, with --root:`);
  for (const { path, named } of others) await writeHint(`${escapeText(path)} (${escapeText(named)})`);
  return true;
};

// Why there may be one all the same, else where one would be.
async function sayPlaces({ looked, unread, elsewhere }: DiskHost['layout']): Promise<void> {
  if (elsewhere !== null) {
    await writeHint(escapeText(elsewhere));
    await writeHint('a folder that has both, as they were below /, can be named with --root');
  }
  const shown = unread.length > 0 ? [] : looked.slice(0, MAX_PLACES);
  for (const { path, named } of shown)
    await writeHint(`looked in ${escapeText(path)} (${escapeText(named)})`);
}
