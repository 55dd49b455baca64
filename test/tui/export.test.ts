/** Marked rows, and views written to files. */
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fileExporter } from '../../src/cli/export-file.ts';
import { containerId } from '../../src/host/ids.ts';
import { unknown } from '../../src/host/observed.ts';
import { AT, containerOf, demoHost, hostOf, listed, manyContainers, taskOf } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';

const NOW = new Date('2026-03-01T12:34:56.789Z');
let folder: string;
let screen: Screen;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrscope-export-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  await screen.close();
  for (const name of await readdir(folder)) await rm(join(folder, name));
});
const open = async (): Promise<void> => {
  screen = await openScreen(140, 30, { exporter: fileExporter(folder, () => NOW) });
};
const only = async (): Promise<string> => {
  const [name, ...more] = await readdir(folder);
  expect(more).toEqual([]);
  return join(folder, name ?? '');
};

test('ctrl-s writes the view as it stands, filtered and sorted, readable by its maker alone', async () => {
  await open();
  await screen.show(demoHost());
  await screen.press('/', 'ns=moby', KEYS.enter, ':', 'sort id desc', KEYS.enter, KEYS.ctrlS);
  await screen.settle(60);
  const path = await only();
  expect(path).toBe(join(folder, 'ctrscope-web-01-tasks-20260301T123456Z.yaml'));
  expect(screen.text()).toContain(`6 rows in ${path}`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const document = parse(await readFile(path, 'utf8')) as {
    kind: string;
    at: string;
    items: { id: string; namespace: string }[];
    unknown: { reason: string }[];
  };
  expect(document).toMatchObject({ schemaVersion: 1, kind: 'containers', at: AT, from: 'live' });
  expect(document.items).toHaveLength(6);
  const ids = document.items.map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted().toReversed());
  // What is unknown of these rows, and not of those that were filtered away.
  expect(document.unknown.map(({ reason }) => reason)).toEqual([
    'the shim accepted the connection and sent nothing for 2000 ms',
  ]);
});

test('export json and export csv, and no file is ever written over', async () => {
  await open();
  await screen.show(manyContainers(2));
  await writeFile(join(folder, 'ctrscope-web-01-tasks-20260301T123456Z.json'), 'mine');
  await symlink('/nonexistent/target', join(folder, 'ctrscope-web-01-tasks-20260301T123456Z-2.json'));
  await screen.press(':', 'export json', KEYS.enter, ':', 'export csv', KEYS.enter);
  await screen.settle(60);
  const names = (await readdir(folder)).toSorted();
  expect(names.map((name) => name.replace('ctrscope-web-01-tasks-20260301T123456Z', ''))).toEqual([
    '-2.json',
    '-3.json',
    '.csv',
    '.json',
  ]);
  expect(await readFile(join(folder, names[3] ?? ''), 'utf8')).toBe('mine');
  const items = (JSON.parse(await readFile(join(folder, names[1] ?? ''), 'utf8')) as { items: unknown[] })
    .items;
  expect(items).toHaveLength(2);
  const csv = (await readFile(join(folder, names[2] ?? ''), 'utf8')).split('\n');
  expect(csv[0]).toBe('status,name,id,namespace,pid,image,runtime,age');
  expect(csv[1]).toContain('app-0000,moby,1000');
  await screen.press(':', 'export xml', KEYS.enter);
  expect(screen.text()).toContain('! no export as “xml”; there are yaml, json, csv');
});

test('a failure is said, and so is a list that could not be read', async () => {
  await open();
  const why = unknown('denied', 'Containers.List', 'permission denied', AT, 1);
  await screen.show(hostOf({ ...manyContainers(1).facets, 'containerd.containers': why }));
  await screen.press(':', 'export csv', KEYS.enter);
  await screen.shows('not exported: the list could not be read');
  await screen.press(KEYS.ctrlS);
  await screen.settle(60);
  const text = await readFile(await only(), 'utf8');
  expect(text).toContain('permission denied');
  expect(text).not.toContain('items');
  await screen.close();
  screen = await openScreen(140, 30, { exporter: fileExporter(join(folder, 'missing')) });
  await screen.show(manyContainers(1));
  await screen.press(KEYS.ctrlS);
  await screen.shows('not exported: ENOENT');
});

test('space marks and goes on; C and ctrl-s take the marked rows, whatever the filter shows; Esc takes the marks away', async () => {
  await open();
  await screen.show(manyContainers(9));
  await screen.press(' ', 'j', ' ', ' ', 'k', ' ');
  expect(screen.lines()[2]).toContain('Containers 9 · 2 marked');
  expect(screen.lineWith('app-0000')).toMatch(/^ ✓● running/);
  expect(screen.lineWith('app-0003')).toMatch(/^ {2}● running/);
  await screen.press('/', 'app-0008', KEYS.enter, 'C');
  const copied = /\x1b\]52;c;([^\x07]*)\x07/.exec(screen.written())?.[1] ?? '';
  const rows = parse(Buffer.from(copied, 'base64').toString()) as { id: string }[];
  expect(rows.map(({ id }) => id)).toEqual(['app-0000', 'app-0002']);
  expect(screen.text()).toContain('copied 2 marked rows as YAML');
  await screen.press(KEYS.ctrlS);
  await screen.settle(60);
  expect(parse(await readFile(await only(), 'utf8'))).toMatchObject({
    items: [{ id: 'app-0000' }, { id: 'app-0002' }],
  });
  await screen.press(KEYS.esc, KEYS.esc);
  expect(screen.lines()[2]).toMatch(/Containers 9 ─/);
});

test('what strangers put into names neither acts on a terminal nor on a spreadsheet', async () => {
  await open();
  const id = '=cmd\x1b[2J';
  await screen.show(
    hostOf({
      'containerd.containers': listed([containerOf({ id: containerId(id) })]),
      'containerd.tasks': listed([taskOf(id, 'RUNNING')]),
    }),
  );
  await screen.press(':', 'export csv', KEYS.enter, ':', 'export yaml', KEYS.enter);
  await screen.settle(60);
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    expect(text, name).not.toContain('\x1b');
    if (name.endsWith('csv')) expect(text).not.toMatch(/(^|,|\n)=cmd/);
  }
});
