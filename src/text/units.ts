/** Numbers for people: binary sizes, durations, counts. */

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** Bytes with a binary unit: `0 B`, `1.5 MiB`. */
export const bytes = (count: bigint | number): string => {
  let value = Number(count);
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BINARY.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 || Math.abs(value) >= 100
    ? `${Math.round(value)} ${BINARY[unit]}`
    : `${value.toFixed(1)} ${BINARY[unit]}`;
};

/** Milliseconds as `340ms`, `3.4s`, `3m12s`, `4h05m`, `12d`. */
export const duration = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const s = ms / 1000;
  if (s < 10) return `${s.toFixed(1)}s`;
  if (s < 60) return `${Math.floor(s)}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h${two((s % 3600) / 60)}m`;
  return `${Math.floor(s / 86_400)}d`;
};

/** `1 container`, `3 containers`. */
export const count = (n: number, singular: string, plural: string = `${singular}s`): string =>
  `${n} ${n === 1 ? singular : plural}`;

/**
 * Parses `500ms`, `2s`, `1m`, `1h` or a bare number of seconds.
 * @returns milliseconds, or undefined when the text is none of these.
 */
export const parseDuration = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  if (match === null) return undefined;
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] ?? 's'] ?? 1000;
  return Number(match[1]) * factor;
};

/** How long before `at` the moment `since` was; empty when either is no time. */
export const age = (since: string | null, at: string): string => {
  if (since === null) return '';
  const ms = Date.parse(at) - Date.parse(since);
  return Number.isFinite(ms) ? duration(Math.max(0, ms)) : '';
};

function two(n: number): string {
  return String(Math.floor(n)).padStart(2, '0');
}
