/** Reading what ctr prints for people, and saying numbers as it does. */

/** The cells of a table whose columns begin where their titles do; tabwriter pads by character, not by byte. */
export const tableRows = (text: string, titles: readonly string[]): string[][] => {
  const [header = '', ...lines] = text.split('\n');
  const starts: number[] = [];
  for (const title of titles) {
    const start = header.indexOf(title, starts.at(-1) ?? 0);
    if (start < 0) throw new Error(`no column ${title} in the header ${JSON.stringify(header)}`);
    starts.push(start);
  }
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const characters = [...line];
      return starts.map((start, i) =>
        characters
          .slice(start, starts[i + 1])
          .join('')
          .trim(),
      );
    });
};

/** The cells of a table that is parted by tabs. */
export const tabRows = (text: string, titles: readonly string[]): string[][] => {
  const [header = [], ...rows] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(/\t+/));
  if (header.filter(Boolean).join() !== titles.join()) {
    throw new Error(`expected the columns ${titles.join(' ')}, got ${JSON.stringify(header)}`);
  }
  return rows.map((row) => row.slice(0, titles.length));
};

/** `a=1,b=2`, or `-` and nothing for none; no value may have a comma of its own. */
export const labelsOf = (cell: string): Record<string, string> =>
  cell === '' || cell === '-'
    ? {}
    : Object.fromEntries(
        cell.split(',').map((label) => {
          const equals = label.indexOf('=');
          if (equals < 0) throw new Error(`${JSON.stringify(label)} in ${JSON.stringify(cell)} is no label`);
          return [label.slice(0, equals), label.slice(equals + 1)];
        }),
      );

/** What `ctr plugins ls --detailed` says of one plugin. */
export type PluginDetails = {
  type: string;
  id: string;
  requires: string[];
  platforms: string[];
  capabilities: string[];
  exports: Record<string, string>;
  error: string | null;
};

/**
 * `ctr plugins ls --detailed`: one block for each plugin, parted by lines of blanks.
 *
 *     Type:          io.containerd.snapshotter.v1
 *     ID:            aufs
 *     Requires:
 *                    io.containerd.content.v1
 *     Platforms:     linux/amd64
 *     Exports:
 *                    root      /run/…
 *     Error:
 *                    Code:        Unknown
 *                    Message:     aufs is not supported
 */
export const pluginBlocks = (text: string): PluginDetails[] => {
  const plugins: PluginDetails[] = [];
  let section = '';
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    const [, title, rest = ''] = /^([A-Z]\w*):\s*(.*)$/.exec(line) ?? [];
    section = title ?? section;
    const value = (title === undefined ? line : rest).trim();
    if (section === 'Type') {
      plugins.push({
        type: value,
        id: '',
        requires: [],
        platforms: [],
        capabilities: [],
        exports: {},
        error: null,
      });
      continue;
    }
    const plugin = plugins.at(-1);
    if (plugin === undefined) throw new Error(`a plugin's block begins with ${JSON.stringify(line)}`);
    if (value !== '') addToPlugin(plugin, section, value);
  }
  return plugins;
};

const addToPlugin = (plugin: PluginDetails, section: string, value: string): void => {
  switch (section) {
    case 'ID':
      plugin.id = value;
      return;
    case 'Requires':
      plugin.requires.push(value);
      return;
    case 'Platforms':
      plugin.platforms.push(...value.split(/[\s,]+/));
      return;
    case 'Capabilities':
      plugin.capabilities.push(...value.split(','));
      return;
    case 'Exports': {
      const [, key = '', exported = ''] = /^(\S+)\s*(.*)$/.exec(value) ?? [];
      plugin.exports[key] = exported;
      return;
    }
    case 'Error':
      if (value.startsWith('Message:')) plugin.error = value.slice('Message:'.length).trim();
      else if (plugin.error !== null) plugin.error += `\n${value}`;
      return;
    default:
      throw new Error(`ctr says of a plugin what is not known: ${section}: ${value}`);
  }
};

/** Bytes as `ctr images ls` rounds them: `1.0 MiB`. */
export const binarySize = (bytes: bigint): string => {
  const { value, unit } = scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
  return `${oneDecimal(value)} ${unit}`;
};

/** Bytes as `ctr content` rounds them: `1.049MB`, four significant digits. */
export const decimalSize = (bytes: bigint): string => {
  const { value, unit } = scaled(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB']);
  return `${Number(value.toPrecision(4))}${unit}`;
};

const scaled = (
  bytes: bigint,
  base: number,
  units: readonly string[],
): { readonly value: number; readonly unit: string } => {
  let value = Number(bytes);
  let i = 0;
  for (; value >= base && i < units.length - 1; i += 1) value /= base;
  return { value, unit: units[i] ?? '' };
};

/** Go rounds a half to the even digit, JavaScript away from zero. */
const oneDecimal = (value: number): string => {
  const tenths = value * 10;
  const down = Math.floor(tenths);
  const up = tenths - down > 0.5 || (tenths - down === 0.5 && down % 2 === 1);
  return ((up ? down + 1 : down) / 10).toFixed(1);
};

/** How long ago as `ctr content` says it. */
export const agoWords = (ms: number): string => {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.trunc(seconds / 3600 + 0.5);
  return hours === 1 ? 'About an hour' : `${hours} hours`;
};
