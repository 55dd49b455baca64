/** Every way out gives the terminal back. */
import { expect, test } from 'vitest';
import { demoHost } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';

const expectGivenBack = async (screen: Screen): Promise<void> => {
  await screen.settle(30);
  expect(screen.isRaw()).toBe(false);
  expect(screen.terminal.buffer.active.type).toBe('normal');
  expect(screen.terminal.modes.mouseTrackingMode).toBe('none');
  expect(screen.terminal.modes.bracketedPasteMode).toBe(false);
  expect(screen.written().lastIndexOf('\x1b[?25h')).toBeGreaterThan(
    screen.written().lastIndexOf('\x1b[?25l'),
  );
  expect(screen.hostEvents.eventNames()).toEqual([]);
};

test.each([
  ['q', 'q', 0],
  ['F10', KEYS.f10, 0],
  ['Ctrl-C', KEYS.ctrlC, 130],
])('%s', async (_, key, code) => {
  const screen = await openScreen();
  await screen.show(demoHost());
  expect(screen.isRaw()).toBe(true);
  expect(screen.terminal.buffer.active.type).toBe('alternate');
  await screen.press(key);
  expect(await screen.exited).toBe(code);
  await expectGivenBack(screen);
  expect(screen.stderr()).toBe('');
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])('%s', async (signal, code) => {
  const screen = await openScreen();
  screen.hostEvents.emit(signal);
  expect(await screen.exited).toBe(code);
  await expectGivenBack(screen);
});

test.each(['uncaughtException', 'unhandledRejection'])('%s: the message follows on stderr', async (event) => {
  const screen = await openScreen();
  await screen.show(demoHost());
  screen.hostEvents.emit(event, new Error('a fault\x1b[2J'));
  expect(await screen.exited).toBe(1);
  await expectGivenBack(screen);
  expect(screen.stderr()).toBe('ctrscope: the terminal UI failed: a fault\\x1b[2J\n');
});

test('Ctrl-C and F10 also quit while a line is typed or a menu is open; Esc never quits', async () => {
  const screen = await openScreen();
  await screen.show(demoHost());
  await screen.press(KEYS.esc, KEYS.esc, KEYS.esc, '/', 'q', KEYS.f10);
  expect(await screen.exited).toBe(0);
});

test('Ctrl-Z gives the terminal back, stops, and takes it again with everything as it was', async () => {
  const screen = await openScreen();
  await screen.show(demoHost());
  await screen.press('5', 'j', KEYS.ctrlZ);
  await screen.settle(60);
  expect(screen.suspended()).toBe(1);
  expect(screen.written()).toContain('\x1b[?1049l');
  expect(screen.terminal.buffer.active.type).toBe('alternate');
  expect(screen.isRaw()).toBe(true);
  expect(screen.lines()[2]).toContain('Images 12');
  await screen.press('j', 'q');
  expect(await screen.exited).toBe(0);
  await expectGivenBack(screen);
});
