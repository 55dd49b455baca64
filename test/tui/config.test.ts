/** Themes, and the user's own settings. */
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { configPath, parseConfig, readConfig, saveConfig } from '../../src/tui/config-file.ts';
import { span } from '../../src/tui/spans.ts';
import { paint, THEMES } from '../../src/tui/theme.ts';
import { demoHost } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';

let folder: string;
let screen: Screen | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrscope-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  await screen?.close();
  screen = undefined;
});

const STYLES = ['ok', 'created', 'paused', 'ended', 'bad', 'warn', 'muted', 'brand', 'selected'] as const;

test.each(THEMES)('theme %s uses bold, dim, reverse and the sixteen colours alone', (theme) => {
  const painted = STYLES.map((style) => paint([{ spans: [span('x', style)] }], 1, { theme, ascii: false }));
  const codes = painted.flatMap((text) => [...text.matchAll(/\x1b\[(\d+)m/g)].map((m) => Number(m[1])));
  const hues = codes.filter((code) => code >= 30);
  for (const code of codes) expect([1, 2, 7, 22, 27, 39]).toContain(code >= 30 && code !== 39 ? 1 : code);
  for (const code of hues) expect((code >= 30 && code <= 39) || (code >= 90 && code <= 97)).toBe(true);
  expect(hues.length === 0).toBe(theme === 'mono');
  expect(painted.at(-1)).toBe('\x1b[7mx\x1b[27m');
  // A colour that cannot be read on its background, or dimming where there shall be contrast.
  if (theme === 'light') expect(codes.filter((code) => code === 33 || code === 36)).toEqual([]);
  if (theme === 'high-contrast') expect(codes).not.toContain(2);
});

const brandCodes = (): string => /\x1b\[1m(\x1b\[\d+m)? ctrscope/.exec(screen?.written() ?? '')?.[1] ?? '';

test('CTRSCOPE_THEME chooses; the palette changes it at once, and answers a wrong name with the nearest', async () => {
  screen = await openScreen(80, 24, { env: { LANG: 'C.UTF-8', CTRSCOPE_THEME: 'LIGHT' } });
  await screen.show(demoHost());
  expect(brandCodes()).toBe('\x1b[34m');
  const before = screen.written().length;
  await screen.press(':', 'theme default', KEYS.enter);
  expect(screen.written().slice(before)).toContain('\x1b[1m\x1b[36m ctrscope');
  await screen.press(':', 'theme hihg-contrast', KEYS.enter);
  expect(screen.lines()[21]).toContain('! unknown theme “hihg-contrast”; did you mean “high-con…');
});

test('an unknown name in CTRSCOPE_THEME is said, and the default stays', async () => {
  screen = await openScreen(80, 24, { env: { LANG: 'C.UTF-8', CTRSCOPE_THEME: 'ligh' } });
  expect(screen.lines()[22]).toContain('CTRSCOPE_THEME: unknown theme “ligh”; did you mean “light”?');
  expect(brandCodes()).toBe('\x1b[36m');
});

test('where no colours are wanted no theme brings them', async () => {
  screen = await openScreen(80, 24, { colour: 'none', env: { LANG: 'C.UTF-8', CTRSCOPE_THEME: 'light' } });
  await screen.show(demoHost());
  await screen.press(':', 'theme default', KEYS.enter);
  expect(screen.lines()[22]).toContain('mono stays');
  const codes = [...screen.written().matchAll(/\x1b\[(\d+)m/g)].map((m) => m[1]);
  expect([...new Set(codes)].toSorted()).toEqual(['1', '22', '27', '7']);
});

test.each([
  [{ XDG_CONFIG_HOME: '/x', HOME: '/root' }, '/x/ctrscope/config.yaml'],
  [{ HOME: '/root' }, '/root/.config/ctrscope/config.yaml'],
  [{ XDG_CONFIG_HOME: 'relative', HOME: '/root' }, '/root/.config/ctrscope/config.yaml'],
  [{ XDG_CONFIG_HOME: '' }, undefined],
])('the configuration of %j is %s', (env, path) => {
  expect(configPath(env)).toBe(path);
});

test('what is wrong in the configuration is named, and the rest of it holds', () => {
  expect(parseConfig('theme: lighd\nsort:\n  tasks: pid desc\n  images: colour\ncolor: red\n')).toEqual({
    theme: undefined,
    sorts: { tasks: { column: 'pid', reverse: true } },
    complaint:
      'config.yaml: unknown theme “lighd”; did you mean “light”?; no sort “images: colour”; unknown key “color”',
  });
  expect(parseConfig('a: [').complaint).toMatch(/^config\.yaml: .*line 1/);
  expect(parseConfig('- a').complaint).toBe('config.yaml: the file should hold keys and values');
  expect(parseConfig('').complaint).toBeUndefined();
});

test('saving changes what it must, through a link, and leaves comments and strange keys', async () => {
  const real = join(folder, 'dotfiles.yaml');
  const path = join(folder, 'ctrscope', 'config.yaml');
  await mkdir(join(folder, 'ctrscope'));
  await writeFile(real, '# mine\ntheme: light\nsort:\n  tasks: pid\nlater: 1\n');
  await symlink(real, path);
  await saveConfig(path, { theme: 'mono', sorts: { content: { column: 'size', reverse: true } } });
  expect(await readFile(real, 'utf8')).toBe('# mine\ntheme: mono\nsort:\n  content: size desc\nlater: 1\n');
  await writeFile(real, 'theme: [');
  await expect(saveConfig(path, { theme: 'mono', sorts: {} })).rejects.toThrow(/it is left as it is/);
  expect(await readFile(real, 'utf8')).toBe('theme: [');
});

test('save writes theme and orders, the next start has them, and info tells where', async () => {
  const env = { LANG: 'C.UTF-8', XDG_CONFIG_HOME: join(folder, 'home') };
  const path = join(folder, 'home/ctrscope/config.yaml');
  screen = await openScreen(120, 24, { env });
  await screen.show(demoHost());
  await screen.press(':', 'theme colour-blind', KEYS.enter, ':', 'sort pid desc', KEYS.enter);
  await screen.press(':', 'save', KEYS.enter);
  await screen.shows('theme and orders saved in');
  expect(await readFile(path, 'utf8')).toBe('theme: colour-blind\nsort:\n  tasks: pid desc\n');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await screen.press(':', 'info', KEYS.enter);
  expect(screen.lineWith('configuration')).toContain(path);
  await screen.close();
  screen = await openScreen(120, 24, { env });
  await screen.show(demoHost());
  expect(screen.text()).toContain('by pid ▼');
  expect((await readConfig(path)).theme).toBe('colour-blind');
});

test('a configuration that cannot be written is said', async () => {
  await writeFile(join(folder, 'file'), '');
  screen = await openScreen(120, 24, { env: { LANG: 'C.UTF-8', XDG_CONFIG_HOME: join(folder, 'file') } });
  await screen.show(demoHost());
  await screen.press(':', 'save', KEYS.enter);
  await screen.settle(60);
  expect(screen.text()).toMatch(/not saved: ENOTDIR/);
});
