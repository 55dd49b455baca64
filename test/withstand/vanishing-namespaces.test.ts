import { describe, expect, test } from 'vitest';

import { Namespaces } from '../../src/gen/containerd/services/namespaces/v1/namespaces_pb.js';
import { chosenSuites } from '../faults/fault.ts';
import { seedLab } from '../lab/seed.ts';
import { sharedLab } from '../lab/shared.ts';
import { openWire } from '../live/wire.ts';
import { answerOf, isInert } from './answers.ts';

const RUNS = 50;
const KINDS = ['containers', 'tasks', 'images', 'content', 'snapshots', 'leases', 'ingests', 'sandboxes'];

for (const suite of chosenSuites('vanishing namespaces')) {
  describe(`namespaces that come and go while they are listed (${suite})`, () => {
    const lab = sharedLab(suite);

    test('take nothing from the others', async () => {
      const seeded = await seedLab(lab());
      using wire = openWire(lab().address);
      let [made, running] = [0, true];
      const churn = async (name: string): Promise<void> => {
        while (running) {
          // 1.6 publishes the event in the namespace of the call.
          await wire.call(Namespaces.method.create, { namespace: { name } }, name);
          made += 1;
          await wire.call(Namespaces.method.delete, { name }, name);
        }
      };
      const churning = Promise.all(['a', 'b', 'c'].map((n) => churn(`${lab().namespace}-churn-${n}`)));
      // Should it fail, the runs say so at their end.
      churning.catch(() => {});
      const seen = { whole: 0, partly: 0, listed: 0 };
      try {
        const runs = Array.from({ length: RUNS }, (_, i) => KINDS[i % KINDS.length] ?? '').values();
        const worker = async (): Promise<void> => {
          for (const kind of runs) {
            const answer = await answerOf(lab(), ['get', kind]);
            isInert(answer);
            expect([0, 5], `get ${kind}: ${answer.stderr}`).toContain(answer.exitCode);
            seen[answer.exitCode === 0 ? 'whole' : 'partly'] += 1;
            // What cannot be read is of a namespace that went away, and of no other.
            for (const { object } of answer.unknown) expect(object?.namespace).toContain('-churn-');
            if (kind === 'containers') {
              expect(answer.items?.map(({ namespace, id }) => `${namespace}/${id}`).toSorted()).toEqual(
                seeded.containers.map(({ namespace, id }) => `${namespace}/${id}`).toSorted(),
              );
            }
          }
        };
        await Promise.all([worker(), worker()]);
        // The test has something to see: the namespaces do show up in listings.
        for (let i = 0; i < 200 && seen.listed === 0; i += 1) {
          const { namespaces } = await wire.call(Namespaces.method.list, {});
          if (namespaces.some(({ name }) => name.includes('-churn-'))) seen.listed += 1;
        }
      } finally {
        running = false;
        await churning;
      }
      process.stdout.write(
        `namespaces made and deleted meanwhile: ${made}; runs whole ${seen.whole}, partly ${seen.partly}\n`,
      );
      expect(seen.whole + seen.partly).toBe(RUNS);
      expect(seen.listed).toBe(1);
      expect(made).toBeGreaterThan(RUNS);
    });
  });
}
