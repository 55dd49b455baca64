/** The UI in use: keys and the mouse. */
import { afterEach, expect, test } from 'vitest';
import type { ContainerBody } from '../../src/host/containerd.ts';
import { containerId, namespaceName } from '../../src/host/ids.ts';
import { absent, type Observed, seen } from '../../src/host/observed.ts';
import { AT, containerOf, demoHost, hostOf, listed, manyContainers, taskOf } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';

let screen: Screen;
afterEach(() => screen.close());

const noChain = () => Promise.resolve(absent('made up', AT));
const selected = (): string => screen.lineWith('▸').replace(/\s+/g, ' ');
const header = (): string => screen.lines().find((line) => line.includes('STATUS')) ?? '';

test('the selection moves, scrolls, and is drawn in reverse', async () => {
  screen = await openScreen();
  await screen.show(manyContainers(100));
  await screen.press('j', 'j', KEYS.down, 'k');
  expect(selected()).toContain('app-0002');
  const row = screen.lines().findIndex((line) => line.startsWith('▸'));
  const line = screen.terminal.buffer.active.getLine(row);
  expect([0, 40, 79].map((x) => Boolean(line?.getCell(x)?.isInverse()))).toEqual([true, true, true]);
  await screen.press('G');
  expect(selected()).toContain('app-0099');
  await screen.press('g', KEYS.pageDown);
  expect(selected()).toContain('app-0009');
});

test('the selection stays on its object when rows come and go', async () => {
  screen = await openScreen();
  const all = manyContainers(20);
  await screen.show(all);
  await screen.press('j', 'j', 'j', 'j', 'j');
  const without = (...gone: readonly number[]) => {
    const { items } = (
      all.facets['containerd.containers'] as Extract<
        Observed<{ items: readonly { id: string }[] }>,
        { state: 'seen' }
      >
    ).value;
    return hostOf({
      ...all.facets,
      'containerd.containers': listed(items.filter((_, i) => !gone.includes(i)) as never[]),
    });
  };
  await screen.show(without(0, 1));
  expect(selected()).toContain('app-0005');
  await screen.show(without(0, 1, 5));
  expect(selected()).toContain('app-0006');
});

test('a filter works while it is typed; Enter keeps it, Esc clears it', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.press('/', ...'redis');
  expect(screen.lines()[2]).toContain('Containers <1/13>');
  expect(screen.lines()[21]).toMatch(/^ \/redis +Enter keep {2}Esc clear$/);
  await screen.press(KEYS.enter);
  expect(screen.lines()[2]).toContain('<1/13> /redis');
  await screen.press(KEYS.esc);
  expect(screen.lines()[2]).toContain('Containers 13');
});

test('letters go into the filter and a paste never runs as keys', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.press('\x1b[200~q\rz\x1b[201~');
  expect(screen.text()).toContain('Containers 13');
  await screen.press('/', 'q', '\x1b[200~ns\r=\x1b[201~');
  expect(screen.lineWith(' /q')).toContain('/qns =');
});

test('a broken regular expression is told beside it', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.press('/', 're:web(');
  expect(screen.lineWith('/re:web(')).toContain('! not a regular expression');
  expect(screen.lines()[2]).toContain('Containers 13');
});

test('columns are sorted by menu, by Shift-arrows and reversed by R; the sorted one is marked', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.press('s');
  expect(screen.text()).toMatch(/┌─ Sort by ─+┐/);
  await screen.press(KEYS.esc, ':', 'sort pid', KEYS.enter, 's', 'k', 'j', KEYS.enter);
  expect(header()).toContain('PID▲');
  expect(screen.lines()[4]).toContain('smoke-test');
  await screen.press('R');
  expect(header()).toContain('PID▼');
  const x = header().indexOf('PID▼');
  expect(screen.terminal.buffer.active.getLine(3)?.getCell(x)?.isInverse()).toBeTruthy();
  await screen.press(KEYS.shiftRight);
  expect(header()).toContain('IMAGE▲');
  await screen.press(KEYS.shiftLeft, KEYS.shiftLeft);
  expect(header()).toContain('NAMESPACE▲');
});

test('problems only', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.press('z');
  expect(screen.lines()[1]).toContain('! problems only');
  expect(screen.lines()[2]).toContain('Containers <2/13>');
  expect(screen.text()).toContain('✗ exited 137');
  expect(screen.text()).toContain('? unknown');
});

test('Enter on a namespace narrows every view to it; Esc leads back', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.press(':', ...'namespaces', KEYS.enter);
  expect(screen.lines()[2]).toContain('Namespaces 4');
  await screen.press('G', KEYS.enter);
  expect(screen.lines()[1]).toContain('namespace moby');
  expect(screen.lines()[2]).toContain('Containers 6');
  await screen.press('6');
  expect(screen.lines()[2]).toContain('Content 32');
  await screen.press(KEYS.esc, KEYS.esc);
  expect(screen.lines()[2]).toContain('Namespaces 4');
  await screen.press(KEYS.esc, KEYS.esc, KEYS.esc);
  expect(screen.lines()[2]).toContain('Containers 13');
});

test('- goes to the last view and back', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.press('5', '-');
  expect(screen.lines()[2]).toContain('Containers');
  await screen.press('-');
  expect(screen.lines()[2]).toContain('Images');
});

test('the palette completes, remembers, and says what was most likely meant', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.press(':', ...'imags', KEYS.enter);
  expect(screen.lines()[21]).toContain('! unknown command “imags”; did you mean “images”?');
  await screen.press(KEYS.esc, KEYS.ctrlP, 'p', 'l', KEYS.tab);
  expect(screen.lines()[21]).toMatch(/^ :plugins/);
  await screen.press(KEYS.enter);
  expect(screen.lines()[1]).toContain('Plugins');
  expect(screen.lines()[2]).toContain('Plugins 4');
  expect(screen.lineWith('devmapper')).toContain('✗ error');
  await screen.press(':', KEYS.up);
  expect(screen.lines()[21]).toMatch(/^ :plugins/);
});

test('F2 opens any view, also one without a digit', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.press(KEYS.f2, KEYS.end, KEYS.enter);
  expect(screen.lines()[2]).toContain('Sandboxes');
  expect(screen.text()).toContain('✗ sandboxes: not supported by this version');
});

test('help lists the keys; F1 and Esc close it', async () => {
  screen = await openScreen(80, 24);
  await screen.show(demoHost());
  await screen.press('?');
  expect(screen.text()).toContain('j ↓');
  await screen.press('G');
  expect(screen.text()).toContain('While typing');
  await screen.press(KEYS.esc);
  expect(screen.lines()[2]).toContain('Containers');
  await screen.press(KEYS.f1, KEYS.f1);
  expect(screen.lines()[2]).toContain('Containers');
});

test('the details have tabs: the row as YAML, and the spec, read when it is looked at', async () => {
  const asked: string[] = [];
  const body = ({ namespace, id }: { namespace: string; id: string }): Promise<Observed<ContainerBody>> => {
    asked.push(`${namespace}/${id}`);
    return Promise.resolve(
      seen(
        {
          namespace: namespaceName(namespace),
          id: containerId(id),
          spec: seen({ hostname: `host-of-${id}` }, 'Containers.Get', AT),
          runtimeOptions: seen({ systemdCgroup: true }, 'Containers.Get', AT),
          extensions: {},
        },
        'Containers.Get',
        AT,
      ),
    );
  };
  screen = await openScreen(120, 30, { details: { body, chain: noChain } });
  await screen.show(manyContainers(30));
  await screen.press(']');
  expect(screen.text()).toContain('image: docker.io/library/redis:7.2');
  expect(asked).toEqual([]);
  await screen.press(']', ']');
  // Rows that are only passed are not asked for.
  await screen.press('j', 'j', 'j', 'j');
  await screen.settle(500);
  expect(asked).toEqual(['moby/app-0004']);
  expect(screen.text()).toContain('hostname: host-of-app-0004');
  expect(screen.text()).toContain('# runtime options');
});

test('of two readings of a spec, the newest wish wins', async () => {
  const answers = new Map<string, (spec: string) => void>();
  const body = ({ id }: { id: string }): Promise<Observed<ContainerBody>> =>
    new Promise((resolve) =>
      answers.set(id, (hostname) =>
        resolve(
          seen(
            {
              namespace: namespaceName('moby'),
              id: containerId(id),
              spec: seen({ hostname }, 'x', AT),
              runtimeOptions: seen({}, 'x', AT),
              extensions: {},
            },
            'x',
            AT,
          ),
        ),
      ),
    );
  screen = await openScreen(120, 30, { details: { body, chain: noChain } });
  await screen.show(manyContainers(3));
  await screen.press(']', ']', ']');
  await screen.shows('reading the spec — 0 s');
  await screen.press('j');
  await screen.settle(200);
  answers.get('app-0001')?.('the newer');
  await screen.settle();
  answers.get('app-0000')?.('the older');
  await screen.settle(100);
  expect(screen.text()).toContain('hostname: the newer');
});

test('c copies the id to the clipboard of the terminal, and says so', async () => {
  screen = await openScreen();
  await screen.show(
    hostOf({
      'containerd.containers': listed([containerOf({ id: containerId('web\nrm -rf') })]),
      'containerd.tasks': listed([taskOf('web\nrm -rf', 'RUNNING')]),
    }),
  );
  await screen.press('c');
  const copied = /\x1b\]52;c;([^\x07]*)\x07/.exec(screen.written())?.[1] ?? '';
  expect(Buffer.from(copied, 'base64').toString()).toBe('web\\nrm -rf');
  expect(screen.lineWith('copied')).toContain('copied web\\nrm -rf');
});

test('the mouse: wheel, click, double click, a column, a tab; m gives it back to the terminal', async () => {
  screen = await openScreen(160, 30);
  await screen.show(manyContainers(100));
  const click = (x: number, y: number): string => `\x1b[<0;${x + 1};${y + 1}M\x1b[<0;${x + 1};${y + 1}m`;
  await screen.press(click(30, 8));
  expect(selected()).toContain('app-0004');
  await screen.press('\x1b[<65;30;8M');
  expect(selected()).toContain('app-0007');
  await screen.press(click(header().indexOf('PID'), 3));
  expect(header()).toContain('PID▲');
  await screen.press(click(header().indexOf('PID'), 3));
  expect(header()).toContain('PID▼');
  await screen.press(click(screen.lines()[2]?.indexOf('Raw') ?? 0, 2));
  expect(screen.text()).toContain('namespace: moby');
  await screen.press(click(screen.lines()[1]?.indexOf('Images') ?? 0, 1));
  expect(screen.lines()[2]).toContain('─ Images');
  await screen.press(click(1, 28));
  expect(screen.text()).toContain('this help');
  await screen.press(KEYS.esc);
  expect(screen.terminal.modes.mouseTrackingMode).toBe('vt200');
  await screen.press('m');
  expect(screen.terminal.modes.mouseTrackingMode).toBe('none');
  expect(screen.text()).toContain('mouse off — select freely');
});

test('Tab moves the keys to the details and back', async () => {
  screen = await openScreen();
  await screen.show(demoHost());
  await screen.press(KEYS.tab, 'j', 'j');
  expect(screen.text()).toContain('3–9 of 12');
  await screen.press('G');
  expect(screen.text()).toContain('6–12 of 12');
  await screen.press(KEYS.tab, 'j');
  expect(selected()).toContain('bench-io');
});
