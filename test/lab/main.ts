import { Command, Option } from 'commander';

import { labUnavailable } from './available.ts';
import { suiteUnavailable } from './binaries.ts';
import { containerdVersion } from './containerd.ts';
import { dockerVersions } from './dockerd.ts';
import { attachLab, type Lab, startLab } from './lab.ts';
import { isTag, labPaths } from './paths.ts';
import { type LabRecord, labState, listTags, livingDaemon, readRecord } from './record.ts';
import { seedLab } from './seed.ts';
import { type DockerStore, isSuite, SUITES, type Suite } from './suites.ts';
import { sweepAbandoned, tearDown } from './teardown.ts';

/** `npm run lab`: real daemons of three Debian generations, for people; tests call startLab(). */
const program = new Command('lab').description(
  'containerd, dockerd and runc of Debian suites, each with a private root, beside whatever runs on this host',
);

type UpOptions = { suite: Suite | 'all'; store?: 'graphdriver' | 'containerd'; docker?: true; new?: true };

program
  .command('up')
  .description('start a lab that stays until "down"; one that runs already is reused')
  .addOption(new Option('--suite <suite>', 'Debian suite').choices([...SUITES, 'all']).default('bookworm'))
  .addOption(
    new Option('--store <store>', "dockerd's image store; implies --docker").choices([
      'graphdriver',
      'containerd',
    ]),
  )
  .option('--docker', 'with dockerd')
  .option('--new', 'start another lab even if one runs')
  .action(async ({ suite, store, docker, new: another }: UpOptions) => {
    const wanted: DockerStore = store ?? (docker ? 'graphdriver' : false);
    for (const tag of await sweepAbandoned())
      note(`lab ${tag}: was left behind by a killed process, removed`);
    const skipped: string[] = [];
    for (const each of suite === 'all' ? SUITES : [suite]) {
      const reason = await suiteUnavailable(each);
      if (reason === undefined) {
        // Of all suites only the newest has the containerd image store.
        const docked = suite === 'all' && each !== 'sid' && wanted === 'containerd' ? 'graphdriver' : wanted;
        await up(each, docked, another === true);
      } else if (suite === 'all') {
        skipped.push(`${each}: ${reason}`);
      } else {
        throw new Error(reason);
      }
    }
    for (const line of skipped) note(`SKIPPED ${line}`);
    if (skipped.length > 0) note(`${skipped.length} of ${SUITES.length} suites skipped`);
  });

program
  .command('down')
  .description('stop labs and remove every trace of them; without arguments those of "up" and abandoned ones')
  .argument('[which...]', 'tags or suites')
  .option('--all', 'also labs that running tests use')
  .action(async (which: readonly string[], { all }: { all?: true }) => {
    const tags =
      which.length > 0 ? which.flatMap(named) : listTags().filter((tag) => all || labState(tag) !== 'in use');
    for (const tag of new Set(tags)) {
      await tearDown(tag);
      process.stdout.write(`lab ${tag}: down\n`);
    }
    if (tags.length === 0) note('no lab to stop');
    const inUse = listTags().filter((tag) => labState(tag) === 'in use');
    if (inUse.length > 0) note(`still in use by running processes: ${inUse.join(' ')}; --all stops them too`);
  });

program
  .command('status')
  .description('list labs and their daemons')
  .addOption(outputOption())
  .action(async ({ output }: { output: 'text' | 'json' }) => {
    const labs = await Promise.all(listTags().map(describe));
    if (output === 'json') return print(labs);
    if (labs.length === 0) note('no labs');
    for (const { tag, suite, state, daemons } of labs) {
      process.stdout.write(`lab ${tag}  ${suite ?? 'unfinished'}  ${state}\n`);
      for (const { name, pid, version, address } of daemons) {
        const life = pid === null ? 'does not run' : `pid ${pid}  ${version ?? 'does not answer'}`;
        process.stdout.write(`  ${name.padEnd(10)}  ${life}  ${address}\n`);
      }
    }
  });

program
  .command('env')
  .description('print shell lines that point clients at a lab: eval "$(npm run --silent lab -- env)"')
  .argument('[which]', 'tag or suite; not needed when there is one lab')
  .action(async (which: string | undefined) => {
    const { env } = await attachLab(one(which));
    for (const [name, value] of Object.entries(env)) {
      process.stdout.write(`export ${name}='${value.replaceAll("'", "'\\''")}'\n`);
    }
  });

program
  .command('seed')
  .description(
    'make a realistic host of a lab: namespaces, containers in every state, images, leases, Docker',
  )
  .argument('[which]', 'tag or suite; not needed when there is one lab')
  .addOption(outputOption())
  .action(async (which: string | undefined, { output }: { output: 'text' | 'json' }) => {
    const seeded = await seedLab(await attachLab(one(which)));
    if (output === 'json') return print(seeded);
    const { containers, docker, ...rest } = seeded;
    for (const { namespace, id, status } of containers)
      process.stdout.write(`${namespace}/${id}  ${status}\n`);
    for (const { name, status } of docker?.containers ?? [])
      process.stdout.write(`docker/${name}  ${status}\n`);
    process.stdout.write(`namespaces  ${rest.namespaces.join(' ')}\n`);
    for (const kind of ['leases', 'ingests', 'snapshots'] as const) {
      process.stdout.write(`${kind}  ${rest[kind].join(' ')}\n`);
    }
  });

const up = async (suite: Suite, docker: DockerStore, another: boolean): Promise<void> => {
  const running = listTags().find((tag) => {
    const record = readRecord(tag);
    return labState(tag) === 'kept' && record?.suite === suite && record.docker === docker;
  });
  if (running === undefined || another) {
    introduce(await startLab({ suite, docker, kept: true }), 'up');
  } else {
    introduce(await attachLab(running), 'already up');
  }
};

const introduce = ({ tag, suite, versions, address, dockerSocket }: Lab, state: string): void => {
  const docker = dockerSocket === undefined ? '' : `, dockerd ${versions.dockerd} on unix://${dockerSocket}`;
  process.stdout.write(
    `lab ${tag}: ${state}, ${suite}, containerd ${versions.containerd} on ${address}${docker}, runc ${versions.runc}\n`,
  );
};

type DaemonStatus = {
  readonly name: 'containerd' | 'dockerd';
  readonly pid: number | null;
  readonly version: string | null;
  readonly address: string;
};
type LabStatus = Pick<LabRecord, 'tag'> & {
  readonly suite: Suite | null;
  readonly state: string;
  readonly daemons: readonly DaemonStatus[];
};

const describe = async (tag: string): Promise<LabStatus> => {
  const record = readRecord(tag);
  const state = labState(tag);
  if (record === undefined) return { tag, suite: null, state, daemons: [] };
  const { suite, docker } = record;
  const { address, dockerSocket } = labPaths(tag);
  const pidOf = (name: DaemonStatus['name']): number | null => livingDaemon(tag, name)?.pid ?? null;
  const daemons: DaemonStatus[] = [
    {
      name: 'containerd',
      pid: pidOf('containerd'),
      version: (await containerdVersion(tag, suite)) ?? null,
      address,
    },
  ];
  if (docker !== false) {
    daemons.push({
      name: 'dockerd',
      pid: pidOf('dockerd'),
      version: (await dockerVersions(tag))?.dockerd ?? null,
      address: `unix://${dockerSocket}`,
    });
  }
  return { tag, suite, state, daemons };
};

/** The labs that a tag or a suite names; a suite never names one that running tests use. */
const named = (word: string): readonly string[] => {
  const tags = isSuite(word)
    ? listTags().filter((tag) => readRecord(tag)?.suite === word && labState(tag) !== 'in use')
    : listTags().filter((tag) => tag === word);
  if (tags.length > 0) return tags;
  const what =
    isSuite(word) || isTag(word) ? `there is no lab ${word}` : `"${word}" is neither a tag nor a suite`;
  throw new Error(`${what}; labs: ${listTags().join(' ') || 'none'}`);
};

const one = (word: string | undefined): string => {
  const tags = word === undefined ? listTags().filter((tag) => labState(tag) === 'kept') : named(word);
  const [tag, ...others] = tags;
  if (tag === undefined) throw new Error('no lab is up; "npm run lab -- up" starts one');
  if (others.length > 0) throw new Error(`several labs are up: ${tags.join(' ')}; name one`);
  return tag;
};

function outputOption(): Option {
  return new Option('-o, --output <format>', 'format').choices(['text', 'json']).default('text');
}

const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
};

const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const unavailable = labUnavailable();
try {
  program.hook('preAction', () => {
    if (unavailable !== undefined) throw new Error(unavailable);
  });
  await program.parseAsync();
} catch (error) {
  note(`lab: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
