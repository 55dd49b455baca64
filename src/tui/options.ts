/** What the terminal UI is given; it opens nothing on the host by itself. */
import type { DetailSource, Feed } from '../host/feed.ts';

import type { Exporter } from './exporter.ts';

export interface TuiOptions {
  readonly feed: Feed;
  readonly details: DetailSource;
  /** `none` leaves bold, reverse and underline, and nothing else. */
  readonly colour: 'none' | 'basic';
  readonly title: { readonly host: string; readonly address: string };
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WritableStream;
  /** The locale, the theme's name and the place of the configuration are read from it; `process.env` when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly exporter: Exporter;
  /** Who is told of signals and of errors that nobody caught; `process` when left out. */
  readonly host?: ProcessLike;
}

/** The part of `process` that the UI needs, so that a test can send it a signal without being hit by it. */
export interface ProcessLike {
  on(event: string, listener: (reason: unknown) => void): unknown;
  off(event: string, listener: (reason: unknown) => void): unknown;
  /** Stops our whole process group, as the terminal's own Ctrl-Z would; returns when it has been continued. */
  suspend(): Promise<void>;
  /** CPU time used so far in microseconds, and resident bytes. */
  usage(): { readonly cpuMicros: number; readonly rss: number };
}
