import { defineConfig } from 'vitest/config';

// Live suites start daemons and count processes and mounts: one file at a time. The others run side by side.
const LIVE = [
  'test/lab/**',
  'test/live/**',
  'test/faults/**',
  'test/withstand/**',
  'test/proto/conformance*',
].map((at) => (at.endsWith('*') && !at.endsWith('**') ? `${at}.test.ts` : `${at}/*.test.ts`));

export default defineConfig({
  test: {
    reporters: ['default', './test/faults/table-reporter.ts', './test/summary-reporter.ts'],
    env: { FORCE_COLOR: '3' },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: LIVE,
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'live',
          include: LIVE,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
