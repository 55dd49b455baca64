import { isDeepStrictEqual } from 'node:util';

import { beforeAll, describe, expect, test } from 'vitest';

import { seedLab } from '../lab/seed.ts';
import { sharedLab, skipReason, suites } from '../lab/shared.ts';
import { until } from '../lab/until.ts';
import { craftObjects } from './crafted-objects.ts';
import { agoWords, binarySize, decimalSize } from './ctr-output.ts';
import {
  containerInfo,
  contentRows,
  EXPECTED,
  hasSandboxes,
  imageRows,
  ingestRows,
  type KindName,
  namespacesOf,
} from './expected-items.ts';
import { documentOf, type Item } from './program.ts';
import { openWire, type Wire } from './wire.ts';

const KINDS = Object.keys(EXPECTED) as KindName[];

for (const suite of suites()) {
  const reason = skipReason(suite);
  const title = reason === undefined ? suite : `${suite}, skipped: ${reason}`;

  describe(`a seeded host (${title})`, { skip: reason !== undefined }, () => {
    // Only the newest Docker keeps its images and snapshots in containerd.
    const lab = sharedLab(suite, { docker: suite === 'sid' ? 'containerd' : 'graphdriver' });
    let wire: Wire;

    beforeAll(async () => {
      await seedLab(lab());
      wire = openWire(lab().address);
      await craftObjects(lab(), wire);
      return () => wire[Symbol.dispose]();
    });

    test.for(KINDS)('has the %s that ctr says, all of them and no other', async (kind) => {
      const { said, document } = await whileQuiet(
        () => EXPECTED[kind]({ lab: lab(), wire }),
        () => documentOf(lab(), ['get', kind]),
      );
      expect(document.items).toStrictEqual(said);
      expect(document.unknown).toEqual([]);
      // A listing of nothing would be equal to nothing.
      expect(said.length > 0).toBe(kind !== 'sandboxes' || hasSandboxes(lab()));
    });

    test('has the sizes and ages that ctr rounds', async () => {
      const [images, blobs, ingests] = await Promise.all(
        ['images', 'content', 'ingests'].map(async (kind) => (await documentOf(lab(), ['get', kind])).items),
      );
      let compared = 0;
      for (const namespace of await namespacesOf(lab())) {
        for (const { name, sizeWords } of await imageRows(lab(), namespace)) {
          const { size, targetSize } = itemOf(images, { namespace, name });
          // Of an image that is not there, ctr counts what its record says.
          expect(binarySize(BigInt(Number(size ?? targetSize))), name).toBe(sizeWords);
          compared += 1;
        }
        for (const { value: rows, at } of [await timed(() => contentRows(lab(), namespace))]) {
          for (const { digest, sizeWords, ageWords } of rows) {
            const { size, createdAt } = itemOf(blobs, { namespace, digest });
            expect(decimalSize(BigInt(Number(size))), digest).toBe(sizeWords);
            expect(agesOf(createdAt, at), digest).toContain(ageWords);
            compared += 1;
          }
        }
        for (const { value: rows, at } of [await timed(() => ingestRows(lab(), namespace))]) {
          for (const { ref, sizeWords, ageWords } of rows) {
            const { offset, startedAt } = itemOf(ingests, { namespace, ref });
            expect(decimalSize(BigInt(Number(offset))), ref).toBe(sizeWords);
            expect(agesOf(startedAt, at), ref).toContain(ageWords);
            compared += 1;
          }
        }
      }
      expect(compared).toBe([images, blobs, ingests].flat().length);
    });

    test('has the containers and their specs that ctr inspects, environment values withheld', async () => {
      // What only Docker has, as it has every stopped container under a graphdriver, has no record for ctr.
      const items = (await documentOf(lab(), ['inspect', '--all'])).items.filter(hasRecord);
      const shown = (await documentOf(lab(), ['inspect', '--all', '--show-secrets'])).items.filter(hasRecord);
      expect(items.length).toBeGreaterThan(10);
      expect(items.map(keyOf)).toEqual((await documentOf(lab(), ['get', 'containers'])).items.map(keyOf));
      for (const [i, item] of items.entries()) {
        const info = await containerInfo(lab(), String(item['namespace']), String(item['id']));
        expect(item['spec'], keyOf(item)).toStrictEqual(withoutEnvironment(info.Spec));
        expect(shown[i]?.['spec'], keyOf(item)).toStrictEqual(info.Spec);
      }
    });
  });
}

const hasRecord = (item: Item): boolean =>
  (item['links'] as readonly Item[]).some(
    ({ layer, state }) => layer === 'containerd' && state === 'present',
  );

/** What two readers say of a host on which nothing has changed in between: ctr is asked before and after. */
const whileQuiet = async <Said, Document>(
  ask: () => Promise<Said>,
  read: () => Promise<Document>,
): Promise<{ said: Said; document: Document }> => {
  let said = await ask();
  return await until('ctr says the same twice', async () => {
    const document = await read();
    const again = await ask();
    const quiet = isDeepStrictEqual(said, again);
    said = again;
    return quiet ? { said, document } : undefined;
  });
};

/** The item with these values. */
const itemOf = (items: readonly Item[] | undefined, values: Item): Item => {
  const found = items?.filter((item) => Object.entries(values).every(([key, value]) => item[key] === value));
  const [item] = found ?? [];
  if (item === undefined || found?.length !== 1) {
    throw new Error(`${found?.length} items are ${JSON.stringify(values)}`);
  }
  return item;
};

/** A value with the moments before and after it was read. */
const timed = async <T>(read: () => Promise<T>): Promise<{ value: T; at: readonly number[] }> => {
  const before = Date.now();
  const value = await read();
  return { value, at: [before, Date.now()] };
};

const agesOf = (since: unknown, at: readonly number[]): string[] =>
  at.map((moment) => agoWords(moment - Date.parse(String(since))));

const withoutEnvironment = (spec: Readonly<Record<string, unknown>> | null): unknown => {
  const copy = structuredClone(spec) as { process?: { env?: string[] } } | null;
  if (copy?.process?.env !== undefined) {
    copy.process.env = copy.process.env.map((entry) => entry.replace(/=[\s\S]*$/, '=‹withheld›'));
  }
  return copy;
};

const keyOf = (item: Item): string => `${item['namespace']}/${item['id']}`;
