/** README.txt: for whoever is handed the file and has never heard of it. */
import { escapeText } from '../text/escape.ts';
import { shellWord } from '../text/shell.ts';
import { count } from '../text/units.ts';
import type { BundleVersion, ManifestEntry } from './documents.ts';

/** What the bundle is, how to open it, what is not in it. */
export const readmeText = (
  fileName: string,
  version: BundleVersion,
  files: readonly ManifestEntry[],
  withheld: number,
): string => {
  const name = shellWord(escapeText(fileName));
  const incomplete = files.filter(({ error, truncated }) => error !== null || truncated !== null);
  return `A support bundle of ctrscope ${version.tool.version}: what containerd and its neighbours held on one host at one moment.

  host      ${hostLine(version)}
  captured  ${version.capturedAt}
  scope     ${version.scope.namespaces === undefined ? 'all namespaces' : version.scope.namespaces.map(escapeText).join(', ')}

OPEN IT

  ctrscope bundle open ${name}                the terminal UI, or the report where there is no terminal
  ctrscope --bundle ${name} get containers    any command that reads

That needs no containerd, no Docker and no root. Without ctrscope: report.md first, then findings.json and inventory/.

WHAT IS IN IT

  report.md        what is wrong, what could not be read, what is here
  findings.json    the findings with their evidence
  inventory/       every kind of object as JSON; made from host/
  host/            what was read, one file for each kind of fact; this alone is read back
  manifest.json    each file's SHA-256, source, time and failure
  version.json     what wrote this, where and when

WHAT IS NOT IN IT

  ${withheld === 0 ? 'Nothing had to be withheld' : `${count(withheld, 'value')} withheld`}: environment values, secret-looking arguments and labels, credentials in URLs.
  Their names are still here. No file content, no layer, no log is here.
${
  incomplete.length === 0
    ? '  Everything that was asked for could be read.\n'
    : `${incomplete.map((file) => `  ${file.path}: ${missing(file)}\n`).join('')}`
}
SENSITIVITY

  It names containers, images, labels, paths, command lines and the host. Look through it before you hand it on.
`;
};

function hostLine({ host }: BundleVersion): string {
  if (host === null) return 'unknown';
  return escapeText(`${host.hostname}, ${host.os}, kernel ${host.kernel}, ${host.arch}`);
}

function missing({ error, truncated }: ManifestEntry): string {
  if (error !== null) return escapeText(error);
  return truncated === null ? '' : `${truncated.dropped} of ${truncated.kept + truncated.dropped} left out`;
}
