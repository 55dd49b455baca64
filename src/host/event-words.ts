/** What an event says besides what it is and of what, in a few words for people. */
import type { EventDetails } from './event.ts';

/** `key=value` for every detail; mounts and other lists are for programs. Foreign text, not yet escaped. */
export const detailWords = (details: EventDetails): readonly string[] =>
  Object.entries(details).flatMap(([key, value]) => {
    if (Array.isArray(value)) return [];
    if (typeof value === 'object' && value !== null) return detailWords(value as EventDetails);
    const text = String(value);
    return [`${key}=${/[\s"]/.test(text) ? JSON.stringify(text) : text}`];
  });

/** What a gap in a stream of events says. */
export const gapWords = (details: EventDetails): string =>
  `events since ${String(details['since'])} may be missing: ${String(details['why'])}`;
