/** `ctrscope bundle create [FILE]` */
import { randomBytes } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { DerivedFile } from '../bundle/create.ts';
import { type LiveHost, type LiveOptions, openLiveHost } from '../collect/live.ts';
import { diagnose } from '../diagnose/engine.ts';
import { PROBES } from '../diagnose/probes.ts';
import type { Diagnosis } from '../host/finding.ts';
import { KINDS } from '../host/kinds/index.ts';
import { isUnknown, seenValue } from '../host/observed.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';
import { type UnknownEntry, unknownOfKind } from '../host/unknown-entries.ts';
import { diagnosisFields } from '../report/document.ts';
import { jsonText } from '../report/json.ts';
import { reportMarkdown } from '../report/markdown.ts';
import { unknownLine } from '../report/unknown.ts';
import { escapeText } from '../text/escape.ts';
import { count, duration, bytes as size } from '../text/units.ts';
import { documentHead, documentText } from './document.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions, liveOptions } from './globals.ts';
import { foundNobody, sayChoice, sayNobody } from './no-containerd.ts';
import { unreadInReport } from './report.ts';
import { writeOut } from './terminal-output.ts';
import { VERSION } from './version.ts';

const FORMATS = ['text', 'json', 'yaml'] as const;
/** How long reading the containers' bodies may take; everything else has its own deadlines. */
const BODIES_MS = 30_000;
/** Of each kind in inventory/; host/ has them all. */
const MAX_INVENTORY = 10_000;
const MAX_UNREAD_LINES = 10;

/** Writes a support bundle of the live host. */
export const createBundle = async (
  file: string | undefined,
  { allowLeaks }: { readonly allowLeaks?: boolean },
  globals: GlobalOptions,
): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  const [{ captureFacets, WANTED_AT_ONCE }, { assembleBundle }, { refuseToOverwrite }] = await Promise.all([
    import('../bundle/capture.ts'),
    import('../bundle/create.ts'),
    import('../bundle/archive-writer.ts'),
  ]);
  const started = performance.now();
  const path = file ?? defaultName();
  await refuseToOverwrite(path);
  await needDirectory(dirname(path));

  // What is withheld from every output is withheld from what leaves the host.
  const options: LiveOptions = { ...liveOptions(globals), showSecrets: false };
  const live = openLiveHost(options);
  let pinned: LiveHost | undefined;
  try {
    const host = await live.collect(WANTED_AT_ONCE);
    await introduce(host, globals);
    const unknown = unreadInReport(host);
    const diagnosis = await diagnose(host, PROBES, (wants) => live.collect(wants), unknown.length);
    // Found once, it need not be looked for with every few containers.
    pinned = openLiveHost(pinnedTo(host, options));
    const bodies = pinned;
    const facets = await captureFacets(
      host,
      (wants, containers) => bodies.collect(wants, { ...host.scope, containers }),
      BODIES_MS,
    );
    const derived = derivedFiles(host, diagnosis, unknown);
    const bundle = assembleBundle(basename(path), { host, toolVersion: VERSION, facets, derived });
    const [leak] = bundle.leaks;
    if (leak !== undefined && allowLeaks !== true) throw new Error(leakMessage(bundle.leaks));
    const draft = join(dirname(path), `.${basename(path)}.${randomBytes(3).toString('hex')}.draft`);
    const { bytes, sha256 } = await withoutRemains(draft, () => bundle.write(path, draft));
    const failed = bundle.manifest.files.flatMap(({ path: name, error }) =>
      error === null ? [] : [{ path: name, reason: error }],
    );
    const { withheld, manifest } = bundle;
    const written = {
      path,
      bytes,
      sha256,
      ms: Math.round(performance.now() - started),
      files: manifest.files.length,
      withheld,
      failed,
    };
    if (format === 'text') await writeOut(summary(written, diagnosis, unknown, globals.quiet === true));
    else {
      const head = documentHead('bundle create', host, unknown);
      const { verdict, findings } = diagnosis;
      await writeOut(await documentText({ ...head, ...written, verdict, findings: findings.length }, format));
    }
    return EXIT.ok;
  } finally {
    pinned?.close();
    live.close();
  }
};

function defaultName(): string {
  const host =
    hostname()
      .replaceAll(/[^\w.-]/g, '')
      .slice(0, 63) || 'host';
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `ctrscope-${host}-${time}-${randomBytes(3).toString('hex')}.tar.gz`;
}

async function needDirectory(directory: string): Promise<void> {
  const there = await stat(directory).catch(() => undefined);
  if (there?.isDirectory() !== true) throw new Error(`${directory} is no directory`);
  await access(directory, constants.W_OK).catch(() => {
    throw new Error(`${directory} cannot be written to`);
  });
}

// A host without containerd is worth a bundle, too: it says what was looked for.
async function introduce(host: HostSnapshot, globals: GlobalOptions): Promise<void> {
  if (globals.quiet === true) return;
  const nobody = foundNobody(host);
  if (nobody === undefined) await sayChoice(host);
  else await sayNobody(nobody);
}

function pinnedTo(host: HostSnapshot, options: LiveOptions): LiveOptions {
  const address = seenValue(facet(host, 'containerd.discovery'))?.chosen?.address;
  const docker = seenValue(facet(host, 'docker.discovery'))?.chosen?.address;
  return {
    ...options,
    ...(address === undefined ? {} : { address }),
    ...(docker === undefined ? {} : { dockerHost: docker }),
  };
}

/** What is in a bundle for people, made from the snapshot. */
export function derivedFiles(
  host: HostSnapshot,
  diagnosis: Diagnosis,
  unknown: readonly UnknownEntry[],
): readonly DerivedFile[] {
  const findings = { ...documentHead('doctor', host, unknown), ...diagnosisFields(diagnosis) };
  return [
    { path: 'report.md', text: reportMarkdown(host, diagnosis, unknown), truncated: null },
    { path: 'findings.json', text: jsonText(findings), truncated: null },
    ...KINDS.map((kind): DerivedFile => {
      const head = documentHead(kind.name, host, unknownOfKind(host, kind));
      const path = `inventory/${kind.name}.json`;
      if (isUnknown(facet(host, kind.facet))) return { path, text: jsonText(head), truncated: null };
      return kind.use((typed) => {
        const rows = typed.rows(host);
        const items = rows.slice(0, MAX_INVENTORY).map((row) => typed.item(row));
        const dropped = rows.length - items.length;
        const truncated = dropped === 0 ? null : { kept: items.length, dropped };
        return { path, text: jsonText({ ...head, items }), truncated };
      });
    }),
  ];
}

function leakMessage(
  leaks: readonly { readonly rule: string; readonly path: string; readonly line: number }[],
): string {
  const named = leaks.slice(0, 3).map(({ rule, path, line }) => `${rule} in ${path} line ${line}`);
  const more = leaks.length > 3 ? `, and ${leaks.length - 3} more` : '';
  return `no bundle was written, for it would hold what looks like a secret: ${named.join(', ')}${more}. If it is none: --allow-leaks`;
}

// Whatever ends us while it is written, no half of it stays.
async function withoutRemains<T>(draft: string, write: () => Promise<T>): Promise<T> {
  const end = (code: number) => (): void => {
    rmSync(draft, { force: true });
    process.exit(code);
  };
  const listeners = [
    ['SIGINT', end(EXIT.interrupted)],
    ['SIGTERM', end(EXIT.terminated)],
  ] as const;
  for (const [signal, listener] of listeners) process.on(signal, listener);
  try {
    return await write();
  } finally {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  }
}

function summary(
  written: {
    readonly path: string;
    readonly bytes: number;
    readonly ms: number;
    readonly files: number;
    readonly withheld: number;
    readonly failed: readonly { readonly path: string; readonly reason: string }[];
  },
  { findings }: Diagnosis,
  unknown: readonly UnknownEntry[],
  quiet: boolean,
): string {
  if (quiet) return `${written.path}\n`;
  const unread = [
    ...new Set([
      ...written.failed.map(({ path, reason }) => `${path}: ${escapeText(reason)}`),
      ...unknown.map(unknownLine),
    ]),
  ];
  const lines = [
    written.path,
    `  size      ${size(written.bytes)}, ${count(written.files, 'file')}`,
    `  time      ${duration(written.ms)}`,
    `  findings  ${findings.length === 0 ? 'none' : findings.map(({ title }) => escapeText(title)).join('\n            ')}`,
    `  withheld  ${count(written.withheld, 'value')}`,
    `  unread    ${unread.length === 0 ? 'nothing' : unread.slice(0, MAX_UNREAD_LINES).join('\n            ')}`,
    ...(unread.length > MAX_UNREAD_LINES
      ? [`            and ${unread.length - MAX_UNREAD_LINES} more: see report.md in it`]
      : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
