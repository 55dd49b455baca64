/**
 * What a support bundle is made of. A gzipped tar, small and useful files first:
 *
 *     README.txt  version.json  manifest.json  report.md  findings.json    for people, and what is in here
 *     inventory/<kind>.json                                                for jq; derived
 *     host/<facet>.jsonl                                                   the snapshot; the only files read back
 *
 * A facet's first line says how it was observed, each further line is one item. The writer keeps the limits that the
 * reader holds every bundle to, so that what was written can always be opened.
 */
import type { FacetName } from '../host/snapshot.ts';

/** Of the layout and of the facets' items. What is added later is optional; what changes its meaning gets a new number. */
export const BUNDLE_VERSION = 1;

export const VERSION_FILE = 'version.json';
export const MANIFEST_FILE = 'manifest.json';

const MIB = 1 << 20;

export const LIMITS = {
  entries: 1000,
  /** Of one file. */
  fileBytes: 64 * MIB,
  /** Of all files. */
  totalBytes: 256 * MIB,
  /** Of version.json and manifest.json, which are held in memory. */
  documentBytes: 4 * MIB,
  lineBytes: 8 * MIB,
  /** Unpacked to packed, from `ratioFromBytes` on: thousands of containers alike stay far below, bombs do not. */
  ratio: 500,
  ratioFromBytes: 32 * MIB,
  /** Nesting of a spec, and of whatever else is foreign JSON; as deep as it is read of a live host. */
  depth: 200,
  pathChars: 200,
} as const;

export const facetPath = (facet: FacetName): string => `host/${facet}.jsonl`;
