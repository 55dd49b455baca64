/** `ctrscope doctor` */

import { wantsOf } from '../diagnose/engine.ts';
import { PROBES } from '../diagnose/probes.ts';
import type { Probe } from '../host/finding.ts';
import { distinct, unknownFacets } from '../host/unknown-entries.ts';
import { diagnosisFields } from '../report/document.ts';
import { nearest } from '../text/nearest.ts';
import { tableLines } from '../text/table.ts';
import { documentHead, documentText } from './document.ts';
import { examine, exitCodeOf } from './examine.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions } from './globals.ts';
import { writeOut } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

const FORMATS = ['text', 'json', 'yaml', 'markdown', 'sarif', 'junit'] as const;

export interface DoctorOptions {
  readonly probe: readonly string[];
  readonly skip: readonly string[];
  readonly explain?: string;
  readonly list?: boolean;
}

/** Runs the probes, or says what they are. */
export const doctor = async (options: DoctorOptions, globals: GlobalOptions): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  if (options.list === true) return list(format);
  if (options.explain !== undefined) return explain(probeNamed(options.explain));
  const probes = chosen(options);
  const examined = await examine(globals, probes, [], (host) =>
    distinct(unknownFacets(host, wantsOf(probes))),
  );
  if (examined === undefined) return EXIT.failed;
  const { host, diagnosis, unknown } = examined;
  switch (format) {
    case 'json':
    case 'yaml':
      await writeOut(
        await documentText(
          { ...documentHead('doctor', host, unknown), ...diagnosisFields(diagnosis) },
          format,
        ),
      );
      break;
    case 'markdown': {
      const { doctorMarkdown } = await import('../report/markdown.ts');
      await writeOut(doctorMarkdown(diagnosis));
      break;
    }
    case 'sarif': {
      const { sarif } = await import('../report/sarif.ts');
      await writeOut(await documentText(sarif(diagnosis, probes, VERSION), 'json'));
      break;
    }
    case 'junit': {
      const { junit } = await import('../report/junit.ts');
      await writeOut(junit(diagnosis));
      break;
    }
    case 'text': {
      const { doctorText } = await import('../report/text.ts');
      await writeOut(doctorText(diagnosis, globals.verbose === true));
    }
  }
  return exitCodeOf(diagnosis);
};

function chosen({ probe, skip }: DoctorOptions): readonly Probe[] {
  const only = probe.map(probeNamed);
  const without = skip.map(probeNamed);
  const probes = (only.length === 0 ? PROBES : only).filter((p) => !without.includes(p));
  if (probes.length === 0) throw new UsageError('no probe is left to run');
  return probes;
}

function probeNamed(id: string): Probe {
  const probe = PROBES.find((p) => p.id === id);
  if (probe !== undefined) return probe;
  const meant = nearest(
    id,
    PROBES.map((p) => p.id),
  );
  throw new UsageError(
    `no probe "${id}"${meant === undefined ? '' : `; did you mean ${meant}?`} See doctor --list`,
  );
}

async function list(format: (typeof FORMATS)[number]): Promise<number> {
  if (format === 'json' || format === 'yaml') {
    const items = PROBES.map(({ id, title, wants }) => ({ id, title, wants }));
    await writeOut(await documentText({ schemaVersion: 1, kind: 'probes', items }, format));
  } else {
    const rows = PROBES.map(({ id, title }) => [id, title]);
    const lines = tableLines([{ title: 'PROBE' }, { title: 'QUESTION' }], rows);
    await writeOut(lines.map((line) => `${line}\n`).join(''));
  }
  return EXIT.ok;
}

async function explain({ id, title, explain: text, wants }: Probe): Promise<number> {
  await writeOut(`${id}: ${title}\n\n${text}\n\nReads: ${wants.join(', ')}\n`);
  return EXIT.ok;
}
