/** The program's entry: the command line, and nothing else. Each command's code is loaded when it is the one. */
import { Command, CommanderError } from 'commander';
import type { DoctorOptions } from './doctor.ts';
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

  program
    .command('report')
    .summary('one-shot report: verdict first, then findings, inventory, timings')
    .description(
      'Reads everything once and says what is wrong, what could not be read, and what is here. Formats: text, json, yaml, markdown.',
    )
    .addHelpText('after', examples(['ctrscope report', 'ctrscope report -o markdown > issue.md']))
    .action(async () => {
      const { report } = await import('./report.ts');
      code = await report(globals());
    });

  program
    .command('doctor')
    .summary('probes only: what is wrong, and which layer is lying')
    .description(
      'Runs the probes. Formats: text, json, yaml, markdown, sarif, junit. Exit codes: 0 pass, 3 fail, 4 warnings, 5 not everything could be read.',
    )
    .option('--probe <id>', 'run only this one (repeatable)', collect, [])
    .option('--skip <id>', 'leave this one out (repeatable)', collect, [])
    .option('--explain <id>', 'say what a probe looks at and what it means')
    .option('--list', 'list the probes')
    .addHelpText('after', examples(['ctrscope doctor', 'ctrscope doctor --explain containerd-not-answering']))
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('./doctor.ts');
      code = await doctor(options, globals());
    });

  await program.parseAsync(argv, { from: 'user' });
  return code;
};

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

void run(process.argv.slice(2))
  .catch(async (error: unknown) => {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    await writeError(error instanceof Error ? error.message : String(error));
    if (!(error instanceof UsageError)) return EXIT.failed;
    await writeHint('see `ctrscope --help`');
    return EXIT.usage;
  })
  .then((code) => process.exit(code));
