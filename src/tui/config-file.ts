/**
 * The user's own settings, a small file of YAML:
 *
 *   theme: light
 *   sort:
 *     tasks: pid
 *     content: size desc
 *
 * Only the palette's `save` writes it; comments, and keys that are not ours, stay.
 */
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Document, isMap, parseDocument } from 'yaml';
import { kindNamed } from '../host/kinds/index.ts';
import { nearest } from '../text/nearest.ts';
import type { Sort } from './order.ts';
import { THEMES, type ThemeName, themeNamed } from './theme.ts';
import { VIEWS, type ViewName } from './views.ts';

export interface Config {
  readonly theme: ThemeName | undefined;
  readonly sorts: Readonly<Partial<Record<ViewName, Sort>>>;
  /** What in it could not be understood, and was left aside. */
  readonly complaint: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the file is, whether there is one or not; undefined without a home. */
export const configPath = (env: Environment): string | undefined => {
  // By the XDG specification a relative path is not valid, and is ignored.
  const base = [env['XDG_CONFIG_HOME'], env['HOME'] && join(env['HOME'], '.config')].find((path) =>
    path?.startsWith('/'),
  );
  return base === undefined ? undefined : join(base, 'ctrscope', 'config.yaml');
};

/** What the file says; nothing where there is none. */
export const readConfig = async (path: string | undefined): Promise<Config> => {
  try {
    const text = path === undefined ? undefined : await textOf(path);
    return text === undefined ? NOTHING : parseConfig(text);
  } catch (error) {
    return { ...NOTHING, complaint: `${path}: ${error instanceof Error ? error.message : String(error)}` };
  }
};

/** Understands the text of a configuration file. */
export const parseConfig = (text: string): Config => {
  const document = parseDocument(text);
  const complaints: string[] = wrongSyntax(document);
  const content: unknown = complaints.length > 0 ? null : document.toJS();
  if (content === null || content === undefined) return { ...NOTHING, ...complaining(complaints) };
  const { theme: word, sort, ...others } = asRecord(content, 'the file', complaints);
  const theme = typeof word === 'string' ? themeNamed(word) : undefined;
  if (word !== undefined && theme === undefined) complaints.push(unknownTheme(String(word)));
  const sorts: Partial<Record<ViewName, Sort>> = {};
  for (const [name, by] of Object.entries(sort === undefined ? {} : asRecord(sort, 'sort', complaints))) {
    const view = VIEWS.find((v) => v.name === name);
    const parsed = parseSort(view?.name, String(by));
    if (view === undefined || parsed === undefined) complaints.push(`no sort “${name}: ${String(by)}”`);
    else sorts[view.name] = parsed;
  }
  for (const key of Object.keys(others)) complaints.push(`unknown key “${key}”`);
  return { theme, sorts, ...complaining(complaints) };
};

/** `unknown theme “lihgt”; did you mean “light”?` */
export const unknownTheme = (word: string): string => {
  const meant = nearest(word.toLowerCase(), THEMES);
  const rest = meant === undefined ? `there are ${THEMES.join(', ')}` : `did you mean “${meant}”?`;
  return `unknown theme “${word}”; ${rest}`;
};

/**
 * Writes the theme and the orders into the file, beside whatever else is in it.
 * @param theme undefined leaves the one that is there
 * @throws Error when it cannot be written, or holds something that would be lost
 */
export const saveConfig = async (
  path: string,
  { theme, sorts }: Pick<Config, 'theme' | 'sorts'>,
): Promise<void> => {
  const document = parseDocument((await textOf(path)) ?? '');
  const [wrong] = wrongSyntax(document);
  if (wrong !== undefined) throw new Error(`it is left as it is: ${wrong}`);
  if (document.contents !== null && !isMap(document.contents))
    throw new Error('it is left as it is: it holds something else than settings');
  if (theme !== undefined) document.set('theme', theme);
  for (const { name } of VIEWS) {
    const by = sorts[name];
    if (by !== undefined) document.setIn(['sort', name], by.reverse ? `${by.column} desc` : by.column);
    else if (document.hasIn(['sort', name])) document.deleteIn(['sort', name]);
  }
  const order = document.get('sort');
  if (isMap(order) && order.items.length === 0) document.delete('sort');
  await replaceFile(path, String(document));
};

const NOTHING: Config = { theme: undefined, sorts: {}, complaint: undefined };

// Whoever reads meanwhile sees the old file or the new one. A link to it stays a link.
async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const target = await realpath(path).catch(() => path);
  const draft = `${target}.${process.pid}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function wrongSyntax({ errors }: Document.Parsed | Document): string[] {
  return errors.slice(0, 1).map(({ message }) => message.split('\n', 1)[0] ?? message);
}

function asRecord(value: unknown, what: string, complaints: string[]): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  complaints.push(`${what} should hold keys and values`);
  return {};
}

function parseSort(view: ViewName | undefined, text: string): Sort | undefined {
  const [column = '', direction = 'asc', ...more] = text.trim().split(/\s+/);
  const kind = VIEWS.find((v) => v.name === view)?.kind.name ?? '';
  const columns = kindNamed(kind)?.use((k) => k.columns.map(({ id }) => id));
  // Events are of no kind that could be asked for its columns.
  const isOne = columns?.includes(column) !== false && ['asc', 'desc'].includes(direction);
  return isOne && more.length === 0 ? { column, reverse: direction === 'desc' } : undefined;
}

function complaining(complaints: readonly string[]): Pick<Config, 'complaint'> {
  return { complaint: complaints.length === 0 ? undefined : `config.yaml: ${complaints.join('; ')}` };
}
