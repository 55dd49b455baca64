/** Closes a run with one line that scripts can read, after saying what was skipped and why. */
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** `N passed, N failed, N skipped`, alone as the last line. */
// biome-ignore lint/style/noDefaultExport: vitest loads reporters by their default export.
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const cases = modules.flatMap((module) => [...module.children.allTests()]);
    const number = (state: string): number => cases.filter((test) => test.result().state === state).length;
    // A file that cannot be loaded and an error outside any test have no case to fail, and are failures all the same.
    const broken = modules.filter(
      (module) => module.state() === 'failed' && [...module.children.allTests('failed')].length === 0,
    );
    for (const test of cases) sayWhySkipped(test);
    process.stdout.write(
      `\n${number('passed')} passed, ${number('failed') + broken.length + unhandled.length} failed, ${number('skipped')} skipped\n`,
    );
  }
}

function sayWhySkipped(test: TestCase): void {
  const result = test.result();
  if (result.state !== 'skipped') return;
  // A suite that is skipped as a whole says why in its title.
  const why = result.note ?? (test.fullName.includes('skipped: ') ? undefined : 'no reason given');
  process.stdout.write(`skipped: ${test.fullName}${why === undefined ? '' : `: ${why}`}\n`);
}
