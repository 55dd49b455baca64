/** The program's entry: the command line, and nothing else. Each command's code is loaded when it is the one. */
import { Command, CommanderError } from 'commander';
import { EXIT } from './exit-codes.ts';
import { declareGlobals, type GlobalOptions } from './globals.ts';
import { writeError, writeHint } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

const run = async (argv: readonly string[]): Promise<number> => {
  let code: number = EXIT.ok;
  const program = declareGlobals(new Command('ctrscope'))
    .description(
      'Looks beneath Docker: at containerd, the shims, runc and the kernel, and says which layer is lying.',
    )
    .version(VERSION, '-V, --version')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();

  program
    .command('get')
    .summary('list what containerd holds')
    .description(
      'Lists one kind of object: namespaces, containers, tasks, images, content, ingests, snapshots, leases, plugins, sandboxes.',
    )
    .argument('<kind>', 'plural or singular')
    .argument('[names...]', 'only these')
    .addHelpText(
      'after',
      examples(['ctrscope get containers', 'ctrscope get images -n moby -o json', 'ctrscope get tasks -q']),
    )
    .action(async (kind: string, names: string[]) => {
      const { get } = await import('./get.ts');
      code = await get(kind, names, globals());
    });

  await program.parseAsync(argv, { from: 'user' });
  return code;
};

function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

run(process.argv.slice(2))
  .catch(async (error: unknown) => {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    await writeError(error instanceof Error ? error.message : String(error));
    if (!(error instanceof UsageError)) return EXIT.failed;
    await writeHint('see `ctrscope --help`');
    return EXIT.usage;
  })
  .then((code) => process.exit(code));
