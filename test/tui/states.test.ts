/** Every state of the screen, as a person sees it. */
import { afterEach, expect, test, vi } from 'vitest';
import { unknown } from '../../src/host/observed.ts';
import { AT, demoHost, hostOf, listed, manyContainers } from './hosts.ts';
import { brokenHost } from './ill-hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';

let screen: Screen;
afterEach(async () => {
  vi.useRealTimers();
  await screen.close();
});

test('80×24: the list stands over the details, and the last row is free', async () => {
  screen = await openScreen(80, 24);
  await screen.show(demoHost());
  const lines = screen.lines();
  expect(lines[0]).toMatch(
    /^ ctrscope {2}web-01 · containerd 2\.0\.2 ● · cgroup v2 +read-only · ● live \d\d:\d\d$/,
  );
  expect(lines[1]).toContain(' 3 Tasks  5 Images  6 Content  7 Snapshots  8 Leases  9 Events  F2 more');
  expect(lines[2]).toMatch(/^─ Containers 13 ─+$/);
  expect(lines[3]).toMatch(/^ {4}STATUS +ID +NAMESPACE +PID +IMAGE +AGE$/);
  expect(lines[4]).toMatch(/^▸ ● running +k2v9x7qw…5sn4rtya +buildkit +7314 +8d $/);
  expect(lines[14]).toMatch(
    /^─ k2v9x7qwm3ld8p0zj5sn4rtya {2}Summary {2}Raw {2}Chain {2}Spec {2}Unknown {2}─+ 1–7 of 12 ─$/,
  );
  expect(lines[22]).toMatch(/^ \? help {2}\/ filter {2}s sort/);
  expect(lines[23]).toBe('');
});

test('160×50: list and details side by side, ids in full in the details', async () => {
  screen = await openScreen(160, 50);
  await screen.show(demoHost());
  await screen.press(KEYS.end);
  expect(screen.lines()[2]).toMatch(/^─ Containers 13 ─+┬─ d6f3642d326e {2}Summary/);
  // In the list twelve digits, in the details all 64, over as many lines as they need.
  const y = screen.lines().findIndex((line) => line.includes('│ id '));
  const [first = '', second = ''] = screen
    .lines()
    .slice(y)
    .map((line) => line.slice(97 + 15).trim());
  expect(first + second).toMatch(/^d6f3642d326e[0-9a-f]{52}$/);
  expect(screen.lineWith('▸')).toContain(' d6f3642d326e ');
  expect(screen.lines()[48]).toContain('q quit');
  expect(screen.lines()[1]).toContain(
    ' 3 Tasks 13  5 Images 12  6 Content 48  7 Snapshots 13  8 Leases 1  9 Events  F2 more',
  );
});

test('60×15: one pane, and Tab shows the other', async () => {
  screen = await openScreen(60, 15);
  await screen.show(demoHost());
  expect(screen.text()).toContain('Containers 13');
  expect(screen.text()).not.toContain('Summary');
  await screen.press(KEYS.tab);
  expect(screen.text()).toContain('Summary');
  expect(screen.text()).not.toContain('Containers 13');
});

test('50×10 says how much room it needs, and follows the window', async () => {
  screen = await openScreen(50, 10);
  await screen.show(demoHost());
  expect(screen.text().trim()).toBe('need 60×15, have 50×10');
  await screen.resize(58, 14);
  expect(screen.text().trim()).toBe('need 60×15, have 58×14');
  await screen.resize(80, 24);
  expect(screen.text()).toContain('Containers 13');
});

test('before the first answer it says what it waits for, and how long', async () => {
  screen = await openScreen();
  expect(screen.text()).toMatch(
    /waiting for \/run\/containerd\/containerd\.sock\n +containers, tasks.* — 0 s/,
  );
  expect(screen.lines()[0]).toContain('◌ connecting');
  await screen.settle(1100);
  expect(screen.text()).toMatch(/containers, tasks.* — 1 s/);
});

test('an empty list says what its emptiness means', async () => {
  screen = await openScreen();
  await screen.show(hostOf({ 'containerd.leases': listed([]) }));
  await screen.press('8');
  expect(screen.text()).toMatch(/no leases\n +normal when nothing is pulling/);
});

test('a filter that nothing matches says so, and Esc clears it', async () => {
  screen = await openScreen();
  await screen.show(manyContainers(148));
  await screen.press('/', 'nothing-like-this', KEYS.enter);
  expect(screen.lines()[2]).toContain('Containers <0/148> /nothing-like-this');
  expect(screen.text()).toContain('0 of 148 match — Esc to clear');
  await screen.press(KEYS.esc);
  expect(screen.lines()[2]).toMatch(/^─ Containers 148 ─+$/);
});

test('a partial list shows its rows and which source did not answer', async () => {
  screen = await openScreen();
  const host = manyContainers(3);
  await screen.show(
    hostOf({
      ...host.facets,
      'containerd.tasks': unknown('denied', 'Tasks.List', 'permission denied', AT, 3),
    }),
  );
  expect(screen.lineWith('partial')).toContain('! partial: 1 of 2 sources; Tasks.List: permission denied');
  expect(screen.lineWith('app-0001')).toMatch(/\? unknown/);
});

test('a list that could not be read says why, and what to try', async () => {
  screen = await openScreen();
  await screen.show(
    hostOf({
      'containerd.containers': unknown(
        'denied',
        'Containers.List',
        'the socket belongs to root, mode 0660',
        AT,
        1,
      ),
    }),
  );
  expect(screen.text()).toContain('✗ containers: permission denied');
  expect(screen.text()).toContain('the socket belongs to root, mode 0660');
  expect(screen.text()).toContain('try  sudo ctrscope');
  // The other views are not concerned.
  await screen.press('5');
  expect(screen.text()).not.toContain('permission denied');
});

test('a lost connection keeps the data, dimmed and called stale, and counts down to the next try', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.feed({ kind: 'lost', why: 'containerd closed the connection', retryInMs: 9000 });
  expect(screen.lineWith('retry')).toMatch(/✗ disconnected, retry in 9 s — containerd closed the connection/);
  expect(screen.lineWith('Containers')).toContain('Containers 13 stale, 0 s old');
  const row = screen.lines().findIndex((line) => line.includes('bench-io'));
  const cell = screen.terminal.buffer.active.getLine(row)?.getCell(20);
  expect(cell?.isDim()).toBeTruthy();
  await screen.shows('retry in 8 s');
  expect(screen.text()).toContain('stale, 1 s old');
  await screen.show(demoHost());
  expect(screen.text()).not.toContain('disconnected');
});

test('without any data, the cause of the failure has the place of the list', async () => {
  screen = await openScreen();
  await screen.feed({ kind: 'lost', why: 'connect ENOENT', retryInMs: 5000 });
  expect(screen.text()).toContain('✗ no connection to /run/containerd/containerd.sock');
  expect(screen.text()).toContain('connect ENOENT');
  expect(screen.text()).toContain('next try in 5 s, or r for now');
  expect(screen.text()).toContain('try  ctrscope doctor');
  await screen.press('r');
  expect(screen.refreshed()).toBe(1);
});

test('a feed that fails or ends says so, and what was read is still there', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.endFeed(new Error('the bundle is cut short'));
  expect(screen.text()).toContain('✗ disconnected, no more data will come — the bundle is cut short');
  expect(screen.text()).toContain('bench-io');
});

test('data that has not come for ten seconds is called stale', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  screen = await openScreen();
  await screen.show(demoHost());
  vi.setSystemTime(Date.now() + 12_000);
  // Any key looks at the clock.
  await screen.press('j');
  expect(screen.lines()[0]).toContain('? stale, 12 s old');
});

test.each(['disk', 'bundle'] as const)('a %s is called what it is, and never stale', async (from) => {
  vi.useFakeTimers({ toFake: ['Date'] });
  screen = await openScreen(100, 24, { title: { host: 'DISK /mnt/web-1', address: '' } });
  await screen.show({ ...demoHost(), from });
  vi.setSystemTime(Date.now() + 12_000);
  await screen.press('j');
  const words = from === 'disk' ? '◫ disk' : '◫ recorded';
  expect(screen.lines()[0]).toContain('DISK /mnt/web-1');
  expect(screen.lines()[0]).toContain(words);
});

test('a paused screen stands still until it goes on', async () => {
  screen = await openScreen();
  await screen.show(manyContainers(3));
  await screen.press('p');
  await screen.show(manyContainers(5));
  expect(screen.lines()[0]).toMatch(/‖ paused, \d s back \(1\/1\)/);
  expect(screen.text()).toContain('Containers 3');
  await screen.press('p');
  expect(screen.text()).toContain('Containers 5');
});

test('a view that cannot be made shows the error, and the others live on', async () => {
  screen = await openScreen();
  await screen.show(brokenHost());
  await screen.press('8');
  expect(screen.text()).toContain('✗ this view failed');
  expect(screen.text()).toContain('this record is broken');
  expect(screen.text()).not.toMatch(/\bat .*:\d+:\d+/);
  await screen.press('5');
  expect(screen.text()).toContain('Images 12');
});

test('what is unknown of a row is told in its own tab', async () => {
  screen = await openScreen(100, 40);
  await screen.show(demoHost());
  await screen.press('/', 'nginx', KEYS.enter, '[');
  expect(screen.text()).toContain('Unknown 1');
  expect(screen.text()).toContain(
    '? status, pid: timeout — the shim accepted the connection and sent nothing',
  );
});

test('without colour there is no SGR colour, and the selection is still reversed', async () => {
  screen = await openScreen(80, 24, { colour: 'none' });
  await screen.show(demoHost());
  await screen.press('j', '?', KEYS.esc, 's', KEYS.esc);
  const codes = [...screen.written().matchAll(/\x1b\[([\d;]*)m/g)].flatMap((m) => (m[1] ?? '').split(';'));
  expect([...new Set(codes)].toSorted()).toEqual(['1', '22', '27', '7']);
});

test('in a locale without UTF-8 only ASCII reaches the terminal', async () => {
  screen = await openScreen(130, 30, { env: { LANG: 'C' } });
  await screen.show(demoHost());
  await screen.press('?', KEYS.esc, 's', KEYS.esc, 'j');
  expect(screen.written()).toMatch(/^[\x00-\x7f]*$/);
  expect(screen.lineWith('> * running')).toContain('bench-io');
});
