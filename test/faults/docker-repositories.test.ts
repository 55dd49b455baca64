import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { importDockerImages, SINGLE_IMAGE } from '../lab/images.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { diskOf, examineDisk } from './disk-copy.ts';
import { chosenSuites, isSilent, testFault } from './fault.ts';

const PROBE = 'repositories-json-corrupt';
const IMAGE = SINGLE_IMAGE.replace('docker.io/library/', '');

const fileOf = (lab: Lab): string => join(lab.dockerRoot ?? '', 'image/overlay2/repositories.json');

for (const [name, spoil, title] of [
  [
    'is cut off',
    (whole: string) => whole.slice(0, 60),
    /is damaged at byte \d+ of 60: dockerd does not start/,
  ],
  ['is empty', () => '', /is empty: dockerd does not start with it$/],
] as const) {
  testFault({
    probe: PROBE,
    name: `repositories.json ${name} while dockerd runs`,
    options: { docker: 'graphdriver' },
    prepare: async (lab) => void (await importDockerImages(lab)),
    onDisk: true,
    inject: async (lab) => {
      const whole = readFileSync(fileOf(lab), 'utf8');
      writeFileSync(fileOf(lab), spoil(whole));
      // The way out that it names, and not the file that was there before.
      const undo = async (): Promise<void> => {
        await lab.docker(['tag', IMAGE, 'one-more:1']);
        await lab.docker(['rmi', 'one-more:1']);
        expect(JSON.parse(readFileSync(fileOf(lab), 'utf8'))).toEqual(JSON.parse(whole));
      };
      return { undo };
    },
    expected: (lab) => ({
      title,
      layer: 'docker',
      kind: 'file',
      id: fileOf(lab),
      name: 'repositories.json',
      layers: ['docker'],
      first: /image ls --all --no-trunc --digests$/,
    }),
  });
}

/** What stands in the file, and what dockerd does with it. */
const CONTENTS: readonly (readonly [
  what: string,
  spoil: (whole: string) => string | undefined,
  outcome: string,
])[] = [
  ['all of it', (whole) => whole, 'starts'],
  ['more after it', (whole) => `${whole}garbage`, 'starts'],
  ['its beginning', (whole) => whole.slice(0, 60), 'fails'],
  ['nothing', () => '', 'fails'],
  ['zeros', (whole) => '\0'.repeat(whole.length), 'fails'],
  ['null', () => 'null', 'fails'],
  ['a list', () => '{"Repositories":[]}', 'fails'],
  ['a number for an image', (whole) => whole.replace(/"sha256:\w+"/, '5'), 'fails'],
  ['null for an image', (whole) => whole.replace(/"sha256:\w+"/, 'null'), 'loses names'],
  ['no digest for an image', (whole) => whole.replace(/"sha256:\w+"/, '"sha256:beef"'), 'loses names'],
  ['no file', () => undefined, 'loses names'],
];
const NAMED: Readonly<Record<string, readonly string[]>> = {
  starts: [],
  fails: [`fail ${PROBE}`],
  'loses names': [`warn ${PROBE}`],
};

const TITLE = 'what is said of a repositories.json on a disk is what dockerd does with it';
const suites = chosenSuites(TITLE);

describe.skipIf(suites.length === 0)(TITLE, () => {
  test.each(suites)('%s', async (suite) => {
    await using lab = await startLab({ suite, docker: 'graphdriver' });
    await importDockerImages(lab);
    const whole = readFileSync(fileOf(lab), 'utf8');
    const names = async (): Promise<number> => {
      const { stdout } = await lab.docker(['image', 'ls', '--quiet', '--filter', 'dangling=false']);
      return stdout.split('\n').filter(Boolean).length;
    };
    const all = await names();
    expect(all).toBeGreaterThan(1);
    for (const [what, spoil, outcome] of CONTENTS) {
      await lab.stopDockerd();
      const content = spoil(whole);
      if (content === undefined) rmSync(fileOf(lab));
      else writeFileSync(fileOf(lab), content);
      const { findings, unknown } = await examineDisk(diskOf(lab));
      const unread = unknown.map((entry) => JSON.stringify(entry));
      expect(unread, 'each once').toEqual([...new Set(unread)]);
      expect(
        findings.map(({ outcome, id }) => `${outcome} ${id}`),
        what,
      ).toEqual(NAMED[outcome]);
      const isUp = await lab.startDockerd().then(
        () => true,
        () => false,
      );
      const does = !isUp ? 'fails' : (await names()) === all ? 'starts' : 'loses names';
      expect(`${what}: ${does}`).toBe(`${what}: ${outcome}`);
    }
    await lab.stopDockerd();
    writeFileSync(fileOf(lab), whole);
    await lab.startDockerd();
    await isSilent(lab, {}, 0, 'after all of them');
  });
});
