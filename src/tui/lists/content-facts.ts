/** Whether what an image is made of is here, as its summary says it. */
import type { ContentState, ImageContent, MissingBlob, PlatformContent } from '../../host/image-content.ts';
import type { RowTone } from '../../host/kinds/kind.ts';
import { count } from '../../text/units.ts';
import type { RowFact } from '../table.ts';

/** Platforms, and blobs of one that are missing; an index may name hundreds. */
const MOST_PLATFORMS = 12;
const MOST_BLOBS = 4;
const LABEL = 'content';

const WORDS: Readonly<Record<ContentState, { readonly words: string; readonly tone: RowTone }>> = {
  complete: { words: 'complete', tone: 'pass' },
  discarded: { words: 'runs; layers were given up on purpose', tone: 'pass' },
  incomplete: { words: 'incomplete', tone: 'bad' },
  arriving: { words: 'arriving', tone: 'created' },
  notHere: { words: 'not here, not asked for', tone: 'absent' },
  unknown: { words: 'unknown', tone: 'unknown' },
};

/** The state of the whole, then that of each platform where there is more to say. */
export const contentFacts = ({ state, platforms, missing, why }: ImageContent): readonly RowFact[] => {
  const { words, tone } = WORDS[state];
  const whole: RowFact = { label: LABEL, words: why === null ? words : `${words} — ${why}`, tone };
  const isPlain = platforms.length === 1 && platforms[0]?.state === state && state !== 'incomplete';
  const shown = isPlain ? [] : platforms.slice(0, MOST_PLATFORMS);
  const more = isPlain ? 0 : platforms.length - shown.length;
  return [
    whole,
    ...blobFacts(missing),
    ...shown.flatMap(platformFacts),
    ...(more > 0 ? [plain(`… and ${count(more, 'other')}`)] : []),
  ];
};

function platformFacts({ platform, manifest, state, missing }: PlatformContent): readonly RowFact[] {
  const { words, tone } = WORDS[state];
  const named: RowFact = { label: LABEL, words: `${platform ?? manifest}: ${words}`, tone };
  return [named, ...(state === 'incomplete' || state === 'arriving' ? blobFacts(missing) : [])];
}

function blobFacts(missing: readonly MissingBlob[]): readonly RowFact[] {
  const more = missing.length - MOST_BLOBS;
  return [
    ...missing
      .slice(0, MOST_BLOBS)
      .map(({ role, digest, how }) =>
        plain(`  ${how === 'noFile' ? 'no file of' : 'lacks'} ${role} ${digest}`),
      ),
    ...(more > 0 ? [plain(`  … and ${count(more, 'other')}`)] : []),
  ];
}

function plain(words: string): RowFact {
  return { label: LABEL, words, tone: 'plain' };
}
