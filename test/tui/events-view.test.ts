/** The events view: what is new, what was missed, and staying where one reads. */
import { afterEach, expect, test } from 'vitest';
import type { HostEvent } from '../../src/host/event.ts';
import { parseFilter } from '../../src/tui/filter.ts';
import { eventFilter } from '../../src/tui/lists/event-list.ts';
import { viewNamed } from '../../src/tui/views.ts';
import { demoHost, hostOf } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';
import { eventOf, eventsOf, gapAt } from './view-hosts.ts';

let screen: Screen;
afterEach(() => screen?.close());

const host = hostOf({});
// A feed gives an event again as it was.
const ALL = eventsOf(0, 100);
const tell = (events: readonly HostEvent[]): Promise<void> =>
  screen.feed({ kind: 'snapshot', host: { ...host }, recentEvents: events });
const selected = (): string => screen.lines().find((line) => line.startsWith('▸')) ?? '';
const title = (): string => screen.lines()[2] ?? '';

test('the newest event is at the bottom and selected, and stays so while more come', async () => {
  screen = await openScreen();
  await tell(ALL.slice(0, 50));
  await screen.press('9');
  expect(title()).toContain('Events 50 following');
  expect(selected()).toMatch(/task\.exit +app-0049 +containerd +pid=1049 {2}exitStatus=1/);
  expect(screen.lines()[13]).toContain('app-0049');
  await tell(ALL.slice(0, 60));
  expect(selected()).toContain('app-0059');
  expect(screen.lines()[13]).toContain('app-0059');
});

test('moving up stops following; G follows again', async () => {
  screen = await openScreen();
  await tell(ALL.slice(0, 50));
  await screen.press('9', 'k', 'k');
  expect(title()).toContain('Events 50 G to follow');
  expect(selected()).toContain('app-0047');
  const place = screen.lines().indexOf(selected());
  // Old ones go, new ones come: what is read does not move.
  await tell(ALL.slice(20, 90));
  expect(selected()).toContain('app-0047');
  expect(screen.lines().indexOf(selected())).toBe(place);
  await screen.press('G');
  expect(selected()).toContain('app-0089');
  expect(title()).toContain('following');
  await tell(ALL.slice(20, 95));
  expect(selected()).toContain('app-0094');
  // Down to the last is the end as well.
  await screen.press('k', 'j');
  await tell(ALL.slice(20, 97));
  expect(selected()).toContain('app-0096');
});

test('following goes on through other views, a filter, and a pause', async () => {
  screen = await openScreen();
  await tell(ALL.slice(0, 10));
  await screen.press('9', '5');
  await tell(ALL.slice(0, 20));
  await screen.press('9');
  expect(selected()).toContain('app-0019');
  await screen.press('/', 'exitStatus=0', KEYS.enter);
  expect(selected()).toContain('app-0018');
  await tell(ALL.slice(0, 30));
  expect(selected()).toContain('app-0027');
  await screen.press('p');
  await tell(ALL.slice(0, 40));
  expect(selected()).toContain('app-0027');
  await screen.press('p');
  expect(selected()).toContain('app-0039');
});

test('in another order the end is not what is new, and nothing follows it', async () => {
  screen = await openScreen();
  await tell(ALL.slice(0, 10));
  await screen.press('9', ':', 'sort time desc', KEYS.enter, 'G');
  expect(selected()).toContain('app-0000');
  expect(title()).not.toContain('follow');
  await tell(ALL.slice(0, 20));
  expect(selected()).toContain('app-0000');
  await screen.press(':', 'sort none', KEYS.enter);
  expect(selected()).toContain('app-0019');
});

test('the whole event is told in the details, as YAML', async () => {
  screen = await openScreen(160, 30);
  const event = eventOf(3, {
    type: 'container.create',
    source: 'docker',
    object: { kind: 'container', id: 'c0ffee', name: 'web-1' },
    details: { attributes: { image: 'redis:7', 'com.example/app': 'shop' } },
    topic: 'container/create',
  });
  await tell([event]);
  await screen.press('9', 'd');
  expect(selected()).toMatch(/container\.create +c0ffee +web-1 +docker +image=redis:7/);
  for (const line of [
    'type: container.create',
    'name: web-1',
    'com.example/app: shop',
    'topic: container/create',
  ]) {
    expect(screen.text()).toContain(line);
  }
  await screen.press('c');
  expect(screen.lineWith('copied')).toContain('copied c0ffee');
});

test('what may have been missed is a row of its own, in yellow, which no filter hides', async () => {
  screen = await openScreen(120, 30);
  await tell([...ALL.slice(0, 10), gapAt(10), ...ALL.slice(11, 15)]);
  await screen.press('9');
  // It is no event.
  expect(title()).toContain('Events 14 ');
  const y = screen.lines().findIndex((line) => line.includes(' gap '));
  expect(screen.lines()[y]).toMatch(
    /^ {2}! \d\d:00:00\.100 {2}gap +containerd {2}events since 2026-03-01T11:59/,
  );
  const cell = screen.terminal.buffer.active.getLine(y)?.getCell(30);
  expect([cell?.isFgPalette(), cell?.getFgColor()]).toEqual([true, 3]);
  await screen.press('/', 'app-0012', KEYS.enter);
  expect(title()).toContain('<1/14>');
  expect(screen.text()).toContain(' gap ');
  expect(screen.text()).not.toContain('app-0011 ');
  await screen.press(':', 'ns moby', KEYS.enter);
  await screen.press(KEYS.esc, 'z');
  expect(screen.text()).toContain(' gap ');
});

test('a recording has no events, a host on which nothing happened has none yet; both say so', async () => {
  screen = await openScreen();
  await screen.feed({ kind: 'snapshot', host: { ...demoHost(), from: 'bundle' } });
  await screen.press('9');
  expect(screen.text()).toMatch(/no events here\n +a recording is one moment/);
  await tell([]);
  expect(screen.text()).toMatch(/no events yet\n +what happens is heard from the start of ctrscope on/);
  await tell(ALL.slice(0, 1));
  expect(selected()).toContain('app-0000');
});

test('an event of another day says which', async () => {
  screen = await openScreen();
  await tell([eventOf(0, { at: '2026-02-20T12:00:00.5Z' }), eventOf(1)]);
  await screen.press('9');
  expect(screen.lineWith('app-0000')).toMatch(/2026-02-20 \d\d:00:00\.500/);
});

test('hostile events bend nothing', async () => {
  screen = await openScreen();
  const text = '\x1b]0;owned\x07\u202e中文\n';
  await tell([
    eventOf(0, {
      at: text,
      type: text.repeat(50),
      object: { kind: text, id: text, name: text },
      namespace: text,
      details: { [text]: text, deep: { [text]: [text] } },
      topic: text,
    }),
    { ...gapAt(5), details: { why: text } },
  ]);
  await screen.press('9', 'k', '[', KEYS.tab, 'G');
  expect(screen.lines()[0]).toMatch(/^ ctrscope/);
  expect(screen.lines()[22]).toMatch(/^ \? help/);
  expect(screen.text()).not.toContain('failed');
  expect(screen.written().replace(/\x1b\[[\d;]*[A-Za-z]|\x1b\[\?[\d;]+[hl]|[\r\n]/g, '')).not.toMatch(
    /[\u0000-\u001f\u202a-\u202e]/,
  );
});

test.each([
  'web-1',
  'sha256:0123',
  'docker.io/library/redis:7.2@sha256:ff',
  'a b',
  'a,b',
  '!x',
  're:x',
  '-f x',
  'a=b~c!=d',
  'line\nbreak',
  '(paren[',
  '^$.*+?|{}\\',
  ' spaces ',
  'ÄÖ',
])('the filter for an object %j leaves its events and no others', (id) => {
  const events = [
    eventOf(0, { object: { kind: 'container', id, name: null } }),
    eventOf(1, { object: { kind: 'container', id: `${id}x`, name: null } }),
    eventOf(2, { object: { kind: 'container', id: `x${id}`, name: null } }),
    eventOf(3, { object: null }),
  ];
  const table = viewNamed('events').table({ host, receivedAt: 0, events });
  const filter = parseFilter(eventFilter(id), table);
  expect(filter.state).toBe('ok');
  const test = filter.state === 'ok' ? filter.test : () => true;
  expect(events.map((_, row) => test(row))).toEqual([true, false, false, false]);
});

test('of two thousand events, those that are seen are put into words, and of new ones the new', async () => {
  let read = 0;
  const counted = (i: number): HostEvent =>
    Object.defineProperty({ ...eventOf(i) }, 'details', {
      enumerable: true,
      get: () => {
        read += 1;
        return { pid: i };
      },
    });
  const all = Array.from({ length: 2600 }, (_, i) => counted(i));
  screen = await openScreen(160, 50);
  await tell(all.slice(0, 2000));
  // What is not looked at costs nothing.
  expect(read).toBe(0);
  await screen.press('9');
  for (const key of ['k', KEYS.pageDown, 'g', 'G', 'j']) {
    read = 0;
    await screen.press(key);
    expect(read, JSON.stringify(key)).toBeLessThanOrEqual(55);
  }
  // The widths of columns are measured on some of them.
  const perPicture = 400 + 55;
  read = 0;
  await tell(all.slice(500, 2500));
  expect(read).toBeLessThanOrEqual(perPicture);
  await screen.press('/', 'app');
  read = 0;
  await tell(all.slice(600, 2600));
  expect(read).toBeLessThanOrEqual(perPicture + 100);
});
