/** version.json and manifest.json: what made the bundle, and what is in it. */
import type { Timestamp } from '../host/observed.ts';
import type { Scope } from '../host/snapshot.ts';
import { escapeText } from '../text/escape.ts';
import { BUNDLE_VERSION } from './layout.ts';
import { list, moment, nullable, number, object, optional, parsed, type Shape, text } from './shape.ts';

/** What made the bundle, where and when. */
export interface BundleVersion {
  readonly schemaVersion: number;
  readonly kind: 'ctrscope-bundle';
  /** The program that wrote it. */
  readonly tool: { readonly name: string; readonly version: string };
  readonly capturedAt: Timestamp;
  /** What it was limited to. */
  readonly scope: Pick<Scope, 'namespaces'>;
  /** Null where not even that could be read. */
  readonly host: {
    readonly hostname: string;
    readonly os: string;
    readonly kernel: string;
    readonly arch: string;
  } | null;
  /** What was asked for each file of `host/`, and why it did not answer. */
  readonly sources: readonly Pick<ManifestEntry, 'path' | 'source' | 'error'>[];
}

/** One file of the bundle. */
export interface ManifestEntry {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** The call, file or command its facts came from. */
  readonly source: string;
  readonly startedAt: Timestamp;
  readonly ms: number;
  /** Items that are in the file, and that had no room in it. */
  readonly truncated: { readonly kept: number; readonly dropped: number } | null;
  /** Why there is nothing in it. */
  readonly error: string | null;
}

export interface Manifest {
  readonly schemaVersion: number;
  readonly files: readonly ManifestEntry[];
}

// Only what is read back; the rest is for people.
const version: Shape<Omit<BundleVersion, 'kind' | 'sources'>> = object<
  Omit<BundleVersion, 'kind' | 'sources'>
>({
  schemaVersion: number(),
  tool: object({ name: text(), version: text() }),
  capturedAt: moment,
  scope: object<Pick<Scope, 'namespaces'>>({ namespaces: optional(list(text())) }),
  host: nullable(object({ hostname: text(), os: text(), kernel: text(), arch: text() })),
});

const manifest: Shape<{ readonly files: readonly Pick<ManifestEntry, 'path' | 'sha256'>[] }> = object({
  files: list(object({ path: text(), sha256: text() })),
});

/** @throws Error when it is none, or of a version that this program does not read */
export const parseVersion = (json: string): Omit<BundleVersion, 'kind' | 'sources'> => {
  const value: unknown = parseJson(json);
  if (typeof value === 'object' && value !== null && 'schemaVersion' in value) {
    const { schemaVersion } = value;
    // Before anything else: a later version may look different altogether.
    if (typeof schemaVersion === 'number' && schemaVersion > BUNDLE_VERSION) {
      const tool = 'tool' in value ? nameOfTool(value.tool) : 'a later ctrscope';
      throw new Error(
        `it was written by ${tool} with schema version ${schemaVersion}; this program reads up to ${BUNDLE_VERSION}: open it with that one or a later one`,
      );
    }
    if (typeof schemaVersion !== 'number' || !Number.isInteger(schemaVersion) || schemaVersion < 1) {
      throw new Error('schemaVersion is no version');
    }
  }
  return parsed(version, value);
};

/** What each file should be, by path. @throws Error when it is no manifest */
export const parseManifest = (json: string): ReadonlyMap<string, string> =>
  new Map(parsed(manifest, parseJson(json)).files.map(({ path, sha256 }) => [path, sha256]));

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Error('it is not JSON');
  }
}

function nameOfTool(tool: unknown): string {
  if (typeof tool === 'object' && tool !== null && 'version' in tool && typeof tool.version === 'string') {
    return `ctrscope ${escapeText(tool.version.slice(0, 40))}`;
  }
  return 'a later ctrscope';
}
