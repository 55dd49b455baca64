/** The program's entry: the command line, and nothing else. Each command's code is loaded when it is the one. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { escapeText } from '../text/escape.ts';
import { nearest } from '../text/nearest.ts';
import type { DoctorOptions } from './doctor.ts';
import type { EventsOptions } from './events.ts';
import { EXIT } from './exit-codes.ts';
import { declareGlobals, type GlobalOptions, refuseRecorded } from './globals.ts';
import { writeError, writeHint } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';
import type { VerifyOptions } from './verify-choice.ts';
import { VERSION } from './version.ts';

const run = async (argv: readonly string[]): Promise<number> => {
  let code: number = EXIT.ok;
  const program = declareGlobals(new Command('ctrscope'))
    .description(
      'Looks beneath Docker: at containerd, the shims, runc and the kernel, and says which layer is lying.',
    )
    .version(VERSION, '-V, --version')
    .addHelpText(
      'after',
      examples([
        'ctrscope                              the terminal UI; without a terminal, the report',
        'ctrscope report -o markdown           fit to paste into an issue',
        'ctrscope doctor                       what is wrong, and which layer is lying',
        'ctrscope get tasks -n moby -o json',
      ]),
    )
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();

  program
    .command('tui', { isDefault: true, hidden: true })
    .argument('[words...]')
    .action(async ([word]: string[]) => {
      if (word !== undefined) throw unknownCommand(word, program);
      const { tui } = await import('./tui.ts');
      code = await tui(globals());
    });

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
    .command('inspect')
    .summary('the whole chain of a container')
    .description(
      'Follows containers through Docker and containerd: record, task, snapshot, image and the decoded OCI spec.',
    )
    .argument(
      '[refs...]',
      "Docker's name, container id, its first four or more characters, namespace/id, or the pid of its init",
    )
    .option('--all', 'every container')
    .addHelpText(
      'after',
      examples([
        'ctrscope inspect web',
        'ctrscope inspect moby/4f1c -o json',
        'ctrscope inspect --all -n moby -o json',
      ]),
    )
    .action(async (refs: string[], options: { all?: boolean }) => {
      const { inspect } = await import('./inspect.ts');
      code = await inspect(refs, options, globals());
    });

  program
    .command('why')
    .summary('why something is still here: the way from its holder')
    .description(
      "Follows the references of containerd's garbage collector back from content, a snapshot, an image, a lease or an ingest to what holds it, or says that nothing does.",
    )
    .argument(
      '<ref>',
      'digest, image name, snapshot key, container id or Docker name, lease id, ingest ref, or the first four or more characters of an id; KIND/… or NAMESPACE/… before it narrows it',
    )
    .addHelpText(
      'after',
      examples([
        'ctrscope why busybox:1.35',
        'ctrscope why sha256:4f1c -n moby',
        'ctrscope why snapshot/default/overlayfs/web -o json',
      ]),
    )
    .action(async (reference: string) => {
      const { whyCommand } = await import('./why.ts');
      code = await whyCommand(reference, globals());
    });

  program
    .command('owner')
    .summary('whose this is: a digest, a snapshot, a path or a cgroup')
    .description(
      "Finds the images and containers to which a digest, a snapshot, a path below containerd's or Docker's directories, or a cgroup belongs.",
    )
    .argument('<ref>', 'digest, snapshot key, image name, container, path, or cgroup path')
    .addHelpText(
      'after',
      examples([
        'ctrscope owner sha256:4f1c',
        'ctrscope owner /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/12/fs',
        'ctrscope owner /sys/fs/cgroup/system.slice/docker-4f1c….scope -o json',
      ]),
    )
    .action(async (reference: string) => {
      const { ownerCommand } = await import('./owner.ts');
      code = await ownerCommand(reference, globals());
    });

  program
    .command('usage')
    .summary('disk use by namespace and kind: shared, unique, reclaimable, orphaned')
    .description(
      'Adds up what content, snapshots and ingests take, from records; no file system is walked for it. Every number says how it was obtained. Formats: text, json, yaml, csv.',
    )
    .addHelpText(
      'after',
      examples(['ctrscope usage', 'ctrscope usage -n moby -o json', 'ctrscope usage -o csv']),
    )
    .action(async () => {
      const { usageCommand } = await import('./usage.ts');
      code = await usageCommand(globals());
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

  program
    .command('verify')
    .summary('re-hash content: are the bytes on the disk those that were pulled')
    .description(
      'Hashes the files of the content store with all cores and compares digests and recorded sizes. Interrupted, it says how to go on. Formats: text, json, yaml. Exit codes: 0 all as they should be, 3 some are not, 5 not everything could be read.',
    )
    .addOption(new Option('--sample <n>', 'so many blobs, picked at random').argParser(positive))
    .option('--full', 'all blobs')
    .option('--seed <text>', 'of an earlier sample: picks the same blobs again')
    .option('--from <place>', 'where an interrupted run said to go on')
    .addHelpText('after', examples(['ctrscope verify --sample 20', 'ctrscope verify --full -o json']))
    .action(async (options: VerifyOptions) => {
      const { verify } = await import('./verify.ts');
      code = await verify(options, globals());
    });

  program
    .command('reconcile')
    .summary('do Docker and containerd agree')
    .description(
      'Compares what Docker has of images, containers and their files with what containerd has, by what is normal for its image store. Formats: text, json, yaml, markdown. Exit codes: 0 they agree, 3 broken, 4 stale, 5 not everything could be read.',
    )
    .addHelpText(
      'after',
      examples([
        'ctrscope reconcile',
        `ctrscope reconcile -o json | jq '.items[] | select(.state == "broken")'`,
        'ctrscope --bundle web-1.tar.gz reconcile -o markdown',
      ]),
    )
    .action(async () => {
      const { reconcileCommand } = await import('./reconcile.ts');
      code = await reconcileCommand(globals());
    });

  const bundle = program
    .command('bundle')
    .summary('carry a host away in a file, and open such a file')
    .description(
      'A support bundle is a tar.gz of what the lists, inspect, report and doctor read, secrets withheld. It opens without containerd and as any user.',
    );
  bundle
    .command('create')
    .description('Reads the live host once and writes the bundle and its checksum; nothing is overwritten.')
    .argument('[file]', 'default: ctrscope-HOST-TIME-ID.tar.gz in this directory')
    .option('--allow-leaks', 'write it also when something in it looks like a secret')
    .addHelpText(
      'after',
      examples(['ctrscope bundle create', 'ctrscope bundle create /tmp/web-1.tar.gz -n moby']),
    )
    .action(async (file: string | undefined, options: { allowLeaks?: boolean }) => {
      refuseRecorded('bundle create', globals());
      const { createBundle } = await import('./bundle.ts');
      code = await createBundle(file, options, globals());
    });
  bundle
    .command('open')
    .description('Opens a bundle in the terminal UI; without a terminal, prints its report.')
    .argument('<file>')
    .addHelpText(
      'after',
      examples(['ctrscope bundle open web-1.tar.gz', 'ctrscope --bundle web-1.tar.gz inspect --all -o json']),
    )
    .action(async (file: string) => {
      refuseRecorded('bundle open', globals());
      const { tui } = await import('./tui.ts');
      code = await tui({ ...globals(), bundle: file });
    });

  program
    .command('events')
    .summary('what happens, as it happens')
    .description(
      'Follows containerd and Docker on one clock until it is interrupted. A stream that broke is taken up again, and what may be missing is said. Formats: text, json (one line each, the last a summary).',
    )
    .option(
      '--type <type>',
      'only this one, e.g. task.exit, or task for all of its kind (repeatable)',
      collect,
      [],
    )
    .option('--filter <term>', 'FIELD=VALUE[,VALUE], also != ~ !~ (repeatable; all must hold)', collect, [])
    .option('--since <time>', 'a duration back from now, or a time; only Docker keeps events')
    .option('--for <duration>', 'stop by itself after this long')
    .addHelpText(
      'after',
      examples([
        'ctrscope events',
        'ctrscope events --type task.exit,task.oom -n moby',
        'ctrscope events --filter id~web --filter exitStatus!=0 -o json',
        'ctrscope events --since 10m --for 1s',
      ]),
    )
    .action(async (options: EventsOptions) => {
      refuseRecorded('events', globals());
      const { events } = await import('./events.ts');
      code = await events(options, globals());
    });

  const api = program
    .command('api')
    .summary("containerd's API: its methods, one call, latencies")
    .description(
      "Talks to containerd's gRPC API as it is. containerd has no reflection, so list asks for each method of our definitions by itself.",
    )
    .hook('preAction', () => refuseRecorded('api', globals()));
  api
    .command('list')
    .description('Shows each service and method, and whether this daemon implements it.')
    .addHelpText('after', examples(['ctrscope api list', 'ctrscope api list -o json']))
    .action(async () => {
      const { apiList } = await import('./api.ts');
      code = await apiList(globals());
    });
  api
    .command('call')
    .description('Calls one read method with a JSON request, in the namespace of -n (default: default).')
    .argument('<method>', 'e.g. Tasks/List or containerd.services.tasks.v1.Tasks/List')
    .argument('[json]', 'the request')
    .addHelpText(
      'after',
      examples([
        'ctrscope api call Version/Version',
        `ctrscope api call Containers/Get '{"id":"web"}' -n moby`,
        'ctrscope api call Events/Subscribe --timeout 30s',
      ]),
    )
    .action(async (method: string, json: string | undefined) => {
      const { apiCall } = await import('./api.ts');
      code = await apiCall(method, json, globals());
    });
  api
    .command('ping')
    .description('Measures the latency of each method, over one reused channel and over a new one per call.')
    .addOption(new Option('--count <n>', 'calls per method and channel').argParser(positive).default(10))
    .addHelpText('after', examples(['ctrscope api ping', 'ctrscope api ping --count 100 -n moby -o json']))
    .action(async (options: { count: number }) => {
      const { apiPing } = await import('./api.ts');
      code = await apiPing(options, globals());
    });

  await program.parseAsync(argv, { from: 'user' });
  return code;
};

function unknownCommand(word: string, program: Command): UsageError {
  const names = program.commands.map((command) => command.name()).filter((name) => name !== 'tui');
  const meant = nearest(word, names);
  const suggestion = meant === undefined ? '' : `; did you mean ${meant}?`;
  return new UsageError(`no command "${escapeText(word)}"${suggestion} There are ${names.join(', ')}`);
}

function positive(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1 || n > 100_000)
    throw new InvalidArgumentError('expected a number from 1 to 100000.');
  return n;
}

// A call that failed says why; what to try is the same as for a listing that did.
async function sayHint(state: string): Promise<void> {
  const { hintFor } = await import('../report/unknown.ts');
  const hint = hintFor(state);
  if (hint !== undefined) await writeHint(`try: ${hint}`);
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

void run(process.argv.slice(2))
  .catch(async (error: unknown) => {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    await writeError(escapeText(error instanceof Error ? error.message : String(error)));
    if (error instanceof UsageError) {
      await writeHint('see `ctrscope --help`');
      return EXIT.usage;
    }
    if (error instanceof Error && 'state' in error) await sayHint(String(error.state));
    return EXIT.failed;
  })
  .then((code) => process.exit(code));
