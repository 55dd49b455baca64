/** Images and snapshots as trees. */
import { afterEach, expect, test } from 'vitest';
import { digest, namespaceName } from '../../src/host/ids.ts';
import { unknown } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { AT, demoHost, hostOf, listed } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';
import {
  blobOf,
  childOf,
  digestOf,
  imageOf,
  indexOf,
  layeredSnapshots,
  manifestOf,
  redisFacets,
  shortOf,
  snapshotOf,
  viewsHost,
} from './view-hosts.ts';

let screen: Screen;
afterEach(() => screen.close());

/** The rows of the list, without its mark of the selection. */
const rows = (): readonly string[] => {
  const lines = screen.lines();
  const end = lines.findIndex((line, y) => y > 3 && /^─|^ \? help/.test(line));
  return lines
    .slice(4, end)
    .filter((line) => line !== '' && !line.startsWith('  ! partial'))
    .map((line) => line.slice(2).trimEnd());
};
const selected = (): string => screen.lineWith('▸').slice(2).trim().replace(/\s+/g, ' ');
const current = (): string =>
  (screen.lines().find((line) => line.startsWith('▸')) ?? '').slice(2).trim().replace(/\s+/g, ' ');
const copied = (): string => {
  const all = [...screen.written().matchAll(/\x1b\]52;c;([^\x07]*)\x07/g)];
  return Buffer.from(all.at(-1)?.[1] ?? '', 'base64').toString();
};

const imagesOpened = async (facets: HostSnapshot['facets'], columns = 118): Promise<void> => {
  screen = await openScreen(columns, 40);
  await screen.show(hostOf(facets));
  await screen.press('5', 'G', ' ');
};

test('an image is opened to index, manifests, config and layers, each with what is here of it', async () => {
  await imagesOpened(redisFacets());
  expect(rows().map((row) => row.replace(/\s+/g, ' ').trim())).toEqual([
    expect.stringMatching(/^▸ docker\.io\S* /),
    expect.stringMatching(/^▾ docker\.io\S* /),
    expect.stringMatching(/^● └ ▾ index .* 1\.6 KiB.* present$/),
    expect.stringMatching(/^● ├ ▾ manifest linux\/amd64 .* 2\.2 KiB.* present$/),
    expect.stringMatching(/^● │ ├ config .* 8\.9 KiB.* present$/),
    expect.stringMatching(/^● │ ├ layer 1 of 2 .* 26\.9 MiB.* present$/),
    expect.stringMatching(/^– │ └ layer 2 of 2 .* 1\.3 MiB.* absent$/),
    expect.stringMatching(/^– ├ attestation manifest .* 841 B.* not on this host$/),
    expect.stringMatching(/^– └ manifest linux\/arm64\/v8 .* 2\.2 KiB.* not on this host$/),
  ]);
  // What another platform needs is no alarm, and the heading still counts images.
  expect(screen.lines()[2]).toContain('─ Images 2 ─');
  expect(screen.text()).not.toMatch(/\d problem/);
});

test('Space closes what it opened; Right opens and goes in, Left goes out and closes; Enter drills in', async () => {
  await imagesOpened(redisFacets());
  await screen.press(' ');
  expect(rows()).toHaveLength(2);
  expect(current()).toMatch(/^▸ docker/);
  await screen.press('\x1b[C');
  expect(rows()).toHaveLength(9);
  await screen.press('\x1b[C', '\x1b[C', '\x1b[C', '\x1b[C');
  expect(current()).toContain('config');
  // A config has nothing below it.
  await screen.press('\x1b[C', ' ');
  expect(current()).toContain('config');
  await screen.press('\x1b[D');
  expect(current()).toContain('▾ manifest');
  await screen.press('\x1b[D');
  expect(current()).toContain('▸ manifest');
  expect(rows()).toHaveLength(6);
  await screen.press('\x1b[D', '\x1b[D');
  expect(current()).toContain('▸ index');
  await screen.press('k', '\x1b[D');
  expect(rows()).toHaveLength(2);
  await screen.press('\x1b[D', ' ', 'j', KEYS.enter);
  expect(screen.lineWith('Summary')).toContain(`─ sha256:${shortOf('redis')} `);
  expect(screen.text()).toMatch(/role +index/);
  await screen.press('j', ' ');
  // The keys are the details' now.
  expect(rows()).toHaveLength(3);
});

test('a click on the sign opens and closes', async () => {
  await imagesOpened(redisFacets());
  const y = screen.lines().findIndex((line) => line.includes('▾ manifest'));
  const x = screen.lines()[y]?.indexOf('▾') ?? 0;
  const click = `\x1b[<0;${x + 1};${y + 1}M\x1b[<0;${x + 1};${y + 1}m`;
  await screen.press(click);
  expect(rows()).toHaveLength(6);
  await screen.press(click);
  expect(rows()).toHaveLength(9);
  // Beside it, it only selects.
  await screen.press(click.replaceAll(`;${x + 1};`, `;${x + 8};`));
  expect(rows()).toHaveLength(9);
  expect(current()).toContain('manifest');
});

test('a blob is absent only where the content could be read; else it is unknown', async () => {
  const denied = unknown('denied', 'Content.List', 'permission denied', AT, 3);
  const facets = { ...redisFacets(), 'containerd.content': denied };
  await imagesOpened(facets);
  expect(screen.text()).not.toMatch(/ absent|not on this host/);
  expect(screen.lineWith('layer 2 of 2')).toMatch(/\? {3}│ └ {3}layer 2 of 2 .* unknown/);
  // What was read of it was there to be read.
  expect(screen.lineWith('manifest linux/amd64')).toContain('present');
  expect(screen.lineWith('partial')).toContain('2 of 3 sources; Content.List: permission denied');
  await screen.press('j', 'j', 'j', 'j', 'j', '[');
  expect(screen.text()).toContain('? blob: denied — permission denied');
});

test('one namespace whose content could not be read says nothing of the others', async () => {
  const other = namespaceName('k8s.io');
  const gap = {
    ...unknown('timeout', 'Content.List', 'no answer', AT, 2000),
    object: { namespace: 'k8s.io' },
  };
  const facets = redisFacets();
  screen = await openScreen(100, 40);
  await screen.show(
    hostOf({
      ...facets,
      'containerd.images': listed([
        imageOf('redis', 'redis'),
        imageOf('zebra', 'nobody-has-this', other),
        imageOf('zoo', 'nor-this'),
      ]),
      'containerd.content': listed([blobOf('redis')], [gap]),
    }),
  );
  await screen.press('5', ...'  ', 'G', ' ');
  expect(current()).toContain('zoo');
  expect(rows().at(-1)).toMatch(/– └ {3}target .* absent/);
  await screen.press('/', 'zebra', KEYS.enter, ' ');
  expect(rows().at(-1)).toMatch(/\? └ {3}target .* unknown/);
});

test('a manifest that could not be read says why, in its own gaps', async () => {
  const gap = {
    ...unknown('failed', 'Content.Read', 'it is no JSON object', AT, 3),
    object: { kind: 'content', namespace: 'moby', id: digestOf('redis-amd64') },
  };
  const { 'containerd.images': images, 'containerd.content': content } = redisFacets();
  const index = indexOf('redis', [childOf('manifest', 'redis-amd64', 9n, 'linux/amd64')], 'redis-amd64');
  await imagesOpened({
    'containerd.images': images,
    'containerd.content': content,
    'containerd.manifests': listed([index], [gap]),
  } as HostSnapshot['facets']);
  expect(rows().at(-1)).toMatch(/\? {3}└ {3}manifest linux\/amd64 .* present/);
  await screen.press('G', '[');
  expect(screen.text()).toContain('? parts: failed — it is no JSON object');
});

test('an index that names itself, and one below another without end, come to an end', async () => {
  const deep = Array.from({ length: 40 }, (_, i) =>
    indexOf(`deep-${i}`, [childOf('manifest', `deep-${i + 1}`, 9n)], `deep-${i + 1}`),
  );
  await imagesOpened({
    'containerd.images': listed([imageOf('a-deep', 'deep-0'), imageOf('b-circle', 'circle')]),
    'containerd.manifests': listed([
      ...deep,
      indexOf('circle', [childOf('manifest', 'circle', 9n)], 'circle'),
    ]),
    'containerd.content': listed([]),
  });
  expect(rows().filter((row) => /[├└]/.test(row))).toHaveLength(2);
  await screen.press('j', 'j');
  expect(screen.text()).toContain('it is named below itself');
  await screen.press('g', ' ');
  expect(rows().filter((row) => /[├└]/.test(row)).length).toBeLessThan(12);
  expect(screen.text()).not.toContain('this view failed');
});

test('a blob at many places is a row at each of them, and c copies its digest', async () => {
  await imagesOpened({
    'containerd.images': listed([imageOf('one', 'm'), imageOf('two', 'm')]),
    'containerd.manifests': listed([
      manifestOf('m', [childOf('layer', 'same', 9n), childOf('layer', 'same', 9n)]),
    ]),
    'containerd.content': listed([blobOf('same')]),
  });
  await screen.press('g', ' ');
  expect(rows().filter((row) => row.includes('layer'))).toHaveLength(4);
  await screen.press('j', 'j', 'j');
  expect(current()).toContain('layer 2 of 2');
  await screen.press('c');
  expect(copied()).toBe(digestOf('same'));
  await screen.press('C');
  expect(copied()).toContain('role: layer');
});

test('siblings are sorted among themselves, and stay below what they belong to', async () => {
  await imagesOpened(redisFacets());
  await screen.press(':', 'sort size desc', KEYS.enter);
  const names = (): readonly string[] => rows().map((row) => /[├└│ ▸▾●–]*(\S+)/.exec(row)?.[1] ?? '');
  expect(rows()[0]).toContain('redis');
  expect(names().slice(1, 8)).toEqual([
    'index',
    'manifest',
    'manifest',
    'layer',
    'layer',
    'config',
    'attestation',
  ]);
  await screen.press('R');
  expect(names().slice(2)).toEqual([
    'index',
    'attestation',
    'manifest',
    'config',
    'layer',
    'layer',
    'manifest',
  ]);
});

test('snapshots stand on their parents; open down to what is in use, closed where nothing is', async () => {
  screen = await openScreen(100, 40);
  await screen.show(hostOf({ 'containerd.snapshots': listed(layeredSnapshots()) }));
  await screen.press('7');
  expect(screen.lines()[2]).toContain('Snapshots 9');
  expect(rows().map((row) => row.replace(/\s+moby.*?(Active|Committed|View)/, ' $1'))).toEqual([
    expect.stringMatching(/^ {2}▾ base Committed .* 4$/),
    expect.stringMatching(/^ {2}├ ▾ base-a Committed .* 2$/),
    expect.stringMatching(/^ {2}│ ├ {3}web Active/),
    expect.stringMatching(/^ {2}│ └ {3}web-view View/),
    expect.stringMatching(/^ {2}└ {3}base-b Committed/),
    expect.stringMatching(/^ {2}▸ idle Committed .* 2$/),
    expect.stringMatching(/^! {3}lost Active .* its parent is not here$/),
  ]);
  expect(screen.text()).toContain('! 1 problem');
});

test('what is opened and selected stays so while other rows come and go', async () => {
  screen = await openScreen(100, 40);
  const all = layeredSnapshots();
  await screen.show(hostOf({ 'containerd.snapshots': listed(all) }));
  await screen.press('7', 'G', 'k', ' ', 'j', ' ', 'j');
  expect(current()).toContain('idle-2');
  await screen.show(hostOf({ 'containerd.snapshots': listed([snapshotOf('a-new', null), ...all.slice(2)]) }));
  expect(current()).toContain('idle-2');
  // What it stood on is gone: it stands for itself, and says so.
  await screen.show(hostOf({ 'containerd.snapshots': listed(all.filter(({ key }) => key !== 'idle-1')) }));
  expect(current()).toMatch(/idle-2 .*its parent is not here/);
});

test('a filter keeps what leads to a match, dimmed; opened by hand, a branch shows all of it', async () => {
  screen = await openScreen(100, 40);
  await screen.show(hostOf({ 'containerd.snapshots': listed(layeredSnapshots()) }));
  await screen.press('7', '/', 'idle-2', KEYS.enter);
  // Also where the branch is closed otherwise.
  expect(rows().map((row) => row.trim().split(/\s{2,}/)[0])).toEqual(
    ['▾ idle', '└ ▾ idle-1', '└   idle-2'].map((text) => text.split(/\s{2,}/)[0]),
  );
  expect(screen.lines()[2]).toContain('<1/9>');
  const y = screen.lines().findIndex((line) => line.includes('└ ▾ idle-1'));
  const x = screen.lines()[y]?.indexOf('idle-1') ?? 0;
  expect(screen.terminal.buffer.active.getLine(y)?.getCell(x)?.isDim()).toBeTruthy();
  expect(
    screen.terminal.buffer.active
      .getLine(y + 1)
      ?.getCell(x + 3)
      ?.isDim(),
  ).toBeFalsy();
  // What was selected is not there any more: the match is, not what leads to it.
  await screen.press(KEYS.esc, 'G', '/', 'base-a', KEYS.enter);
  expect(rows()).toHaveLength(2);
  expect(current()).toContain('base-a');
  await screen.press(' ');
  expect(rows()).toHaveLength(4);
  await screen.press(' ');
  expect(rows()).toHaveLength(2);
});

test('the filter line also reads fields, and what is open of an image', async () => {
  await imagesOpened(redisFacets());
  await screen.press('/', 'blob=absent', KEYS.enter);
  expect(rows()).toHaveLength(4);
  expect(rows().at(-1)).toContain('layer 2 of 2');
  // One of the two images has what was looked for.
  expect(screen.lines()[2]).toContain('<1/2>');
  await screen.press(KEYS.esc, '/', shortOf('redis-arm64'), KEYS.enter);
  expect(rows().at(-1)).toContain('└   manifest');
});

test('problems only: strays with what leads to them, and nothing else', async () => {
  screen = await openScreen(100, 40);
  await screen.show(
    hostOf({ 'containerd.snapshots': listed([...layeredSnapshots(), snapshotOf('on-lost', 'lost')]) }),
  );
  await screen.press('7', 'z');
  expect(rows()).toHaveLength(1);
  expect(rows()[0]).toMatch(/! ▸ lost/);
  await screen.press(' ');
  expect(rows()).toHaveLength(2);
});

test('a parent in a namespace that was not read in full is not said to be gone', async () => {
  screen = await openScreen(100, 40);
  const gap = {
    ...unknown('timeout', 'Snapshots.List', 'no answer', AT, 2000),
    object: { namespace: 'moby' },
  };
  await screen.show(hostOf({ 'containerd.snapshots': listed([snapshotOf('a', 'b')], [gap]) }));
  await screen.press('7');
  expect(rows()[0]).toMatch(/^\? {3}a .*its parent was not read/);
});

test('snapshots of two snapshotters with one name have nothing to do with one another', async () => {
  screen = await openScreen(100, 40);
  const native = { ...snapshotOf('base', null), snapshotter: 'native' };
  await screen.show(
    hostOf({ 'containerd.snapshots': listed([native, snapshotOf('top', 'base', 'Active')]) }),
  );
  await screen.press('7');
  expect(rows()).toHaveLength(2);
  expect(screen.lineWith('top')).toContain('its parent is not here');
});

test('parents that lead in a circle, or to themselves, are shown and do not hang', async () => {
  screen = await openScreen(100, 40);
  await screen.show(
    hostOf({
      'containerd.snapshots': listed([
        snapshotOf('a', 'c'),
        snapshotOf('b', 'a'),
        snapshotOf('c', 'b'),
        snapshotOf('leaf', 'b', 'Active'),
        snapshotOf('self', 'self'),
      ]),
    }),
  );
  await screen.press('7');
  expect(screen.lineWith('▾ a ')).toContain('its parents lead back to it');
  expect(screen.lineWith(' self ')).toContain('its parents lead back to it');
  expect(rows().map((row) => /\b(a|b|c|leaf|self)\b/.exec(row)?.[0])).toEqual([
    'a',
    'b',
    'c',
    'leaf',
    'self',
  ]);
});

test('a namespace narrows a tree as any list', async () => {
  screen = await openScreen(100, 40);
  const other = { ...snapshotOf('elsewhere', null), namespace: namespaceName('k8s.io') };
  await screen.show(
    hostOf({
      'containerd.snapshots': listed([...layeredSnapshots(), other]),
      'containerd.namespaces': listed([{ name: namespaceName('k8s.io'), labels: {} }]),
    }),
  );
  await screen.press('7', ':', 'ns k8s.io', KEYS.enter);
  expect(rows()).toHaveLength(1);
  expect(screen.lines()[2]).toContain('Snapshots 1 ');
});

test('hostile digests, platforms and keys bend nothing', async () => {
  const evil = '\x1b]0;owned\x07\u202e中文\n├ ▾ ';
  const child = { ...childOf('manifest', 'x', -1n, evil), digest: digest(evil), mediaType: evil };
  screen = await openScreen(80, 24);
  await screen.show(
    hostOf({
      'containerd.images': listed([{ ...imageOf(evil, 'evil'), name: evil }]),
      'containerd.manifests': listed([indexOf('evil', [child, child, { ...child, role: 'layer' }])]),
      'containerd.content': listed([]),
      'containerd.snapshots': listed([
        snapshotOf(evil, null),
        snapshotOf(evil, evil),
        snapshotOf(`${evil}/${evil}`, evil, 'Active'),
        snapshotOf('__proto__', 'constructor', 'Active'),
      ]),
    }),
  );
  await screen.press('5', ' ', 'j', 'j', ' ', '[', '7', 'j', ' ', 'G', ' ', '/', '__proto__', KEYS.enter);
  expect(screen.lines()[0]).toMatch(/^ ctrscope/);
  expect(screen.lines()[22]).toMatch(/^ \? help/);
  expect(screen.text()).not.toContain('failed');
  expect(screen.lineWith('__proto__  ')).toContain('its parent is not here');
  expect(screen.written().replace(/\x1b\[[\d;]*[A-Za-z]|\x1b\[\?[\d;]+[hl]|[\r\n]/g, '')).not.toMatch(
    /[\u0000-\u001f\u202a-\u202e]/,
  );
});

test.each([
  [60, 15],
  [80, 24],
  [120, 30],
  [160, 50],
])('%i×%i: a tree whose row is its name and its state', async (columns, height) => {
  screen = await openScreen(columns, height);
  await screen.show(viewsHost());
  await screen.press('5', 'j', ' ');
  expect(screen.lineWith('layer 2 of 2')).toMatch(/absent/);
  expect(screen.lineWith('└   manifest')).toMatch(/not on this host/);
  await screen.press('7');
  expect(screen.lineWith('web-view')).toMatch(/│ └ {3}web-view .*View/);
  expect(screen.lineWith('lost')).toContain('its parent is not here');
});

test('without UTF-8, plus and minus say what is closed and open', async () => {
  screen = await openScreen(100, 30, { env: { LANG: 'C' } });
  await screen.show(viewsHost());
  await screen.press('7');
  expect(screen.lineWith('base-a')).toContain('| - base-a');
  expect(screen.lineWith('idle')).toMatch(/ \+ idle/);
  expect(screen.lineWith('web-view')).toContain('| `   web-view');
  await screen.press('6');
  expect(screen.lineWith('of 30.0 MiB')).toContain('######....  60%');
  expect(screen.written()).toMatch(/^[\x00-\x7f]*$/);
});

test('where there is no tree arrows do nothing and Space marks; the footer offers to open only where there is one', async () => {
  screen = await openScreen(120, 30);
  await screen.show(demoHost());
  await screen.press('j', '\x1b[C', '\x1b[D');
  expect(selected()).toContain('bench-io');
  await screen.press(' ');
  expect(screen.lineWith('bench-io')).toContain('✓');
  expect(screen.lines()[28]).not.toContain('Space');
  await screen.press('7');
  expect(screen.lines()[28]).toContain('Space open');
});

test("an image's summary says whether what it is made of is here, by platform", async () => {
  screen = await openScreen(160, 40);
  await screen.show(viewsHost());
  await screen.press('5', 'G');
  expect(screen.lineWith(' content ')).toContain('✗ incomplete');
  expect(screen.lineWith('linux/amd64: incomplete')).not.toBe('');
  expect(screen.lineWith('lacks layer sha256:')).not.toBe('');
  expect(screen.lineWith('linux/arm64/v8: not here, not asked for')).not.toBe('');
});

test('what could not be listed leaves it unknown whether an image is complete', async () => {
  screen = await openScreen(160, 40);
  const denied = unknown('denied', 'Content.List', 'permission denied', AT, 1);
  await screen.show(hostOf({ ...redisFacets(), 'containerd.content': denied }));
  await screen.press('5', 'G');
  expect(screen.lineWith(' content ')).toContain('? unknown — ');
});
