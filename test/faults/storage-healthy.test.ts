/** Stores in which something comes, goes or is missing on purpose: no probe may say a word of them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { importMultiImage, MULTI_IMAGE, SINGLE_IMAGE } from '../lab/images.ts';
import { startLab } from '../lab/lab.ts';
import { seedLab } from '../lab/seed.ts';
import { hasContainerdStore } from '../lab/suites.ts';
import { until } from '../lab/until.ts';
import { chosenSuites, isSilent } from './fault.ts';
import { doctor } from './program.ts';
import { blobFile, collectGarbage, contentStore, imageBlobs, withContainer } from './store-files.ts';

describe('what looks like a fault and is none', () => {
  for (const suite of chosenSuites('discarded layers')) {
    test(`layers that were given up on purpose (${suite})`, async ({ onTestFinished }) => {
      const lab = await startLab({ suite });
      onTestFinished(() => lab.stop());
      await withContainer(lab);
      const { layers } = await imageBlobs(lab);
      await lab.ctr(['content', 'prune', 'references']);
      await collectGarbage(lab);
      await until('the layers are collected', () =>
        layers.every((layer) => !existsSync(blobFile(lab, layer))) ? true : undefined,
      );
      await isSilent(lab, {}, 0, 'with layers given up');
      // No fault, and told all the same: who would push it is refused.
      const { document } = await doctor(lab);
      const answer = document.probes.find(({ id }) => id === 'image-incomplete');
      expect(answer?.reason).toContain(`(${SINGLE_IMAGE}) is without layers on purpose`);
    });
  }

  for (const suite of chosenSuites('images that come and go')) {
    test(`images and containers that come and go while it looks (${suite})`, async ({ onTestFinished }) => {
      const lab = await startLab({ suite });
      onTestFinished(() => lab.stop());
      await withContainer(lab);
      let rounds = 0;
      let stopped = false;
      const coming = (async () => {
        for (; !stopped; rounds += 1) {
          await importMultiImage(lab);
          await lab.ctr(['run', '--rm', SINGLE_IMAGE, `round-${rounds}`, '/bin/true']);
          await lab.ctr(['images', 'rm', '--sync', MULTI_IMAGE]);
        }
      })();
      try {
        for (let looks = 0; looks < 8 || rounds < 3; looks += 1) {
          const { document, stdout } = await doctor(lab);
          expect(document.findings, stdout).toEqual([]);
        }
      } finally {
        stopped = true;
        await coming;
      }
      await isSilent(lab, {}, 0, 'when nothing moves any more');
    });
  }

  for (const suite of chosenSuites('a seeded host')) {
    const stores = hasContainerdStore(suite)
      ? (['graphdriver', 'containerd'] as const)
      : (['graphdriver'] as const);
    test.for(stores)(
      `everything that a healthy host has, Docker on %s (${suite})`,
      { timeout: 240_000 },
      async (docker, { onTestFinished }) => {
        const lab = await startLab({ suite, docker });
        onTestFinished(() => lab.stop());
        await seedLab(lab);
        expect((await lab.ctr(['images', 'list', '--quiet'])).stdout).toContain(MULTI_IMAGE);
        expect(readdirSync(join(contentStore(lab), 'ingest'))).not.toEqual([]);
        await isSilent(lab, {}, 0, 'seeded');
      },
    );
  }
});
