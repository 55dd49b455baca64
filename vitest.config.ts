import { defineConfig } from 'vitest/config';

// Live suites start daemons of their own and wait for them most of the time: two files at once, after the quick ones.
const LIVE = [
  'test/lab/*.test.ts',
  'test/live/*.test.ts',
  'test/withstand/*.test.ts',
  'test/proto/conformance.test.ts',
];
// Faults are made one at a time; so is whatever measures how long something takes, or what it leaves behind.
const ALONE = [
  'test/faults/*.test.ts',
  'test/lab/lab.test.ts',
  'test/live/scale.test.ts',
  'test/live/feed*.test.ts',
  'test/withstand/stopped-shims.test.ts',
];
const DAEMONS = { testTimeout: 120_000, hookTimeout: 300_000 } as const;

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
          exclude: [...LIVE, ...ALONE],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'live',
          include: LIVE,
          exclude: ALONE,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          ...DAEMONS,
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          ...DAEMONS,
        },
      },
    ],
  },
});
