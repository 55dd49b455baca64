/** Options that stand before or after every command's name. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { LiveOptions } from '../collect/reader-context.ts';
import { parseDuration } from '../text/units.ts';
import { UsageError } from './usage-error.ts';

export interface GlobalOptions {
  readonly address?: string;
  readonly namespace?: string;
  readonly dockerHost?: string;
  readonly bundle?: string;
  readonly root?: string;
  readonly output?: string;
  readonly color: boolean;
  readonly timeout?: number;
  readonly showSecrets?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** Declares them on the program. */
export const declareGlobals = (program: Command): Command =>
  program
    .addOption(new Option('-a, --address <path>', 'containerd socket').argParser(unixAddress))
    .addOption(
      new Option('-n, --namespace <name>', 'one namespace instead of all').env('CONTAINERD_NAMESPACE'),
    )
    .addOption(new Option('--docker-host <address>', "Docker's socket (also DOCKER_HOST)"))
    .addOption(new Option('--bundle <file>', 'a support bundle instead of the live host'))
    .addOption(
      new Option(
        '--root <dir>',
        "a disk instead of the live host: its root, or containerd's or Docker's own",
      ),
    )
    .addOption(new Option('-o, --output <format>', 'text, json or yaml; commands may have more'))
    .addOption(new Option('--no-color', 'no colours (also NO_COLOR)'))
    .addOption(
      new Option('--timeout <duration>', "a collector's answer, e.g. 500ms (default 2s)").argParser(duration),
    )
    .addOption(new Option('--show-secrets', 'reveal values that are withheld otherwise'))
    .addOption(new Option('-q, --quiet', 'ids only for get; no hints elsewhere'))
    .addOption(new Option('-v, --verbose', 'say what is being done'));

/** The globals that decide what is read, and from where. */
export const liveOptions = (globals: GlobalOptions): LiveOptions => ({
  environment: process.env,
  ...(globals.address === undefined ? {} : { address: globals.address }),
  ...(globals.namespace === undefined || globals.namespace === '' ? {} : { namespace: globals.namespace }),
  ...(globals.dockerHost === undefined ? {} : { dockerHost: globals.dockerHost }),
  ...(globals.timeout === undefined ? {} : { timeoutMs: globals.timeout }),
  ...(globals.showSecrets === undefined ? {} : { showSecrets: globals.showSecrets }),
});

/** For commands that need a live host. @throws UsageError with --bundle or --root */
export const refuseRecorded = (command: string, { bundle, root }: GlobalOptions): void => {
  if (bundle !== undefined) throw new UsageError(`${command} has no use for --bundle`);
  if (root !== undefined) throw new UsageError(`${command} has no use for --root`);
};

/** The output format. @throws UsageError that names the formats there are */
export const formatOf = <Format extends string>(
  globals: GlobalOptions,
  formats: readonly Format[],
): Format => {
  const asked = globals.output ?? formats[0] ?? '';
  const format = formats.find((name) => name === asked.toLowerCase());
  if (format === undefined)
    throw new UsageError(`no output format "${asked}" here; there are ${formats.join(', ')}`);
  return format;
};

function unixAddress(text: string): string {
  const path = text.replace(/^unix:(\/\/)?/, '');
  if (path.startsWith('/')) return path;
  throw new InvalidArgumentError('expected an absolute path or unix://PATH.');
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0)
    throw new InvalidArgumentError('expected a duration such as 500ms, 2s or 1m.');
  return ms;
}
