/** Versions of Docker's API: which one to speak with a daemon, or why none. */

/** The newest that this program has been tried with (28.5). A daemon that has less is spoken to in its own. */
export const NEWEST_SPOKEN = '1.51';
/** The oldest whose answers have what is read here (1.12.0 of the engine). */
export const OLDEST_SPOKEN = '1.24';

const VERSION = /^(\d{1,4})\.(\d{1,4})$/;

/** Whether the text is a version of the API. */
export const isApiVersion = (text: string): boolean => VERSION.test(text);

/** Negative when the first is older. */
export const compareApiVersions = (a: string, b: string): number => {
  const [, aMajor = 0, aMinor = 0] = VERSION.exec(a) ?? [];
  const [, bMajor = 0, bMinor = 0] = VERSION.exec(b) ?? [];
  return Number(aMajor) - Number(bMajor) || Number(aMinor) - Number(bMinor);
};

/** The version to speak, or why there is none. */
export type Negotiated = { readonly use: string } | { readonly why: string };

/**
 * The older of the daemon's newest version and ours.
 * @param minimum the oldest that the daemon accepts, where it said so
 */
export const negotiate = (server: string, minimum: string | null): Negotiated => {
  if (compareApiVersions(server, OLDEST_SPOKEN) < 0) {
    return {
      why: `it is too old: its API ends at ${server}, and ${OLDEST_SPOKEN} (Docker 1.12) is the oldest that can be read`,
    };
  }
  if (minimum !== null && compareApiVersions(minimum, NEWEST_SPOKEN) > 0) {
    return {
      why: `it is too new: its API begins at ${minimum}, and this program speaks up to ${NEWEST_SPOKEN}; a newer ctrscope may read it`,
    };
  }
  return { use: compareApiVersions(server, NEWEST_SPOKEN) < 0 ? server : NEWEST_SPOKEN };
};
