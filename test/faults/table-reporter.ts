/** Ends a run with what became of each fault: fault × suite × result. */
import type { Reporter, TestModule } from 'vitest/node';

import { SUITES } from '../lab/suites.ts';
import type {} from './fault.ts';

const MARK = { passed: 'named', failed: 'FAILED', skipped: 'skipped', pending: 'pending' } as const;

/** One line for each fault, one column for each suite that any fault was tried on. */
// biome-ignore lint/style/noDefaultExport: vitest loads reporters by their default export.
export default class FaultTableReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = new Map<string, Map<string, string>>();
    const seen = new Set<string>();
    for (const test of modules.flatMap((module) => [...module.children.allTests()])) {
      const { fault } = test.meta();
      if (fault === undefined) continue;
      const row = rows.get(`${fault.probe}: ${fault.fault}`) ?? new Map<string, string>();
      rows.set(`${fault.probe}: ${fault.fault}`, row.set(fault.suite, MARK[test.result().state]));
      seen.add(fault.suite);
    }
    if (rows.size === 0) return;
    const suites = SUITES.filter((suite) => seen.has(suite));
    const header = ['FAULT', ...suites];
    const lines = [...rows].map(([fault, row]) => [fault, ...suites.map((suite) => row.get(suite) ?? '-')]);
    const widths = header.map((title, i) =>
      Math.max(title.length, ...lines.map((line) => line[i]?.length ?? 0)),
    );
    const text = [header, ...lines]
      .map((line) => line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '))
      .map((line) => `${line.trimEnd()}\n`);
    process.stdout.write(`\n${text.join('')}`);
  }
}
