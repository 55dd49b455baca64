/** Does dockerd start with its repositories.json, and find every name that is in it? */
import type { DockerReferenceFile } from '../../src/host/docker-disk.ts';
import type { Claim, Evidence, NextStep, Probe } from '../../src/host/finding.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { openQuestion, readAt } from '../../src/host/listing-gaps.ts';
import { isActive, STAGE_WANTS, type Stage, stageOf } from '../../src/host/reconcile/stage.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { shellWord } from '../../src/text/shell.ts';
import { count } from '../../src/text/units.ts';
import { toolsOf, withoutDocker } from './compared.ts';

const TOLD = 3;

export const dockerRepositories: Probe = {
  id: 'repositories-json-corrupt',
  title: 'dockerd starts with its repositories.json, and knows every name in it',
  explain: `With a graphdriver, Docker keeps the names of images in one file, repositories.json. It is read once, when dockerd starts, and written anew with each change of a name. A full disk and a loss of power leave it cut off, empty or full of zeros.

dockerd does not start with such a file: "Couldn't create reference store repository". One that runs goes on with what it has in memory, and shows nothing of it until its next start. A name that leads to null or to a text that is no digest is dropped without a word, and where the whole file is gone, every name is.

Only names are in this file. Images, layers and containers are kept elsewhere, and an image without a name can be given one by its id. So nothing of them has to be removed; and while images have no names, nothing may be pruned, for that deletes just these.`,
  wants: [...STAGE_WANTS, 'docker.referenceFiles'],
  needs: [],
  run: (host) => {
    const stage = stageOf(host);
    if (stage.state !== 'seen') return withoutDocker(host, stage);
    const fact = facet(host, 'docker.referenceFiles');
    if (fact.state === 'absent') {
      return { outcome: 'pass', reason: fact.why ?? 'there is no repositories.json' };
    }
    const files = items(host, 'docker.referenceFiles');
    const claims = files.flatMap((file) => claimsOf(stage.value, file));
    if (claims.length > 0) return { outcome: 'claims', claims };
    const open = openQuestion(host, 'docker.referenceFiles');
    if (open !== undefined) return { outcome: 'skip', reason: open };
    const names = files.reduce((sum, file) => sum + file.names, 0);
    return { outcome: 'pass', reason: `${count(names, 'name')} in ${count(files.length, 'file')}` };
  },
};

function claimsOf(stage: Stage, file: DockerReferenceFile): readonly Claim[] {
  if (file.size === null) return [claim(stage, file, lost(stage, file))];
  if (file.refused !== null) return [claim(stage, file, refused(stage, file, file.refused))];
  return file.droppedCount === 0 ? [] : [claim(stage, file, dropped(stage, file))];
}

type Words = Pick<Claim, 'title' | 'outcome' | 'why' | 'impact' | 'next'> & {
  readonly places: readonly (readonly [field: string, value: string])[];
};

function claim(stage: Stage, { driver, path }: DockerReferenceFile, { places, ...words }: Words): Claim {
  const { host } = stage;
  const active = isActive(stage, 'graphdriver', driver);
  return {
    ...words,
    // What is wrong with the names of a store that is not in use hurts nobody before it is.
    outcome: active === false ? 'warn' : words.outcome,
    impact:
      active === false
        ? `None as long as Docker uses another image store than ${driver}. When it uses that again: ${words.impact}`
        : words.impact,
    confidence: active === undefined ? 'likely' : 'certain',
    object: { layer: 'docker', namespace: null, kind: 'file', id: path, name: 'repositories.json' },
    evidence: [
      ...places.map(
        ([field, value]): Evidence => ({
          layer: 'docker',
          source: path,
          field,
          value,
          at: readAt(host, 'docker.referenceFiles'),
        }),
      ),
      daemonEvidence(host),
    ],
    references: ['https://github.com/moby/moby/issues/17411', 'https://github.com/moby/moby/issues/40301'],
  };
}

// Whether there is one that has the names in its memory.
function daemonEvidence(host: HostSnapshot): Evidence {
  const endpoint = facet(host, 'docker.endpoint');
  const value =
    endpoint.state === 'seen'
      ? `${endpoint.value.version} runs, with what it read when it started`
      : (endpoint.why ?? 'none runs');
  return { layer: 'docker', source: endpoint.from, field: 'dockerd', value, at: endpoint.at };
}

function refused(
  stage: Stage,
  file: DockerReferenceFile,
  { offset, what }: { readonly offset: number; readonly what: string },
): Words {
  const { path, size, names } = file;
  const isEmpty = size === 0n;
  const inMemory = isRunning(stage);
  const text = 'the next start of dockerd fails with "Couldn\'t create reference store repository"';
  return {
    title: isEmpty
      ? `${path} is empty: dockerd does not start with it`
      : `${path} is damaged at byte ${offset} of ${size}: dockerd does not start with it`,
    outcome: 'fail',
    places: [
      [`byte ${offset}`, what],
      ['names before it', `${names}`],
    ],
    why: 'The file was cut off, emptied or written over: mostly by a full disk or a loss of power, else by hand.',
    impact: inMemory
      ? `${capital(text)}, and nothing can be started through it from then on. Now it has all names in memory. Images, layers and containers are not touched.`
      : `${capital(text)}. Nothing can be started or seen through it until then; containers that run without it go on. Images, layers and containers are not touched, only their names.`,
    next: [
      seeNames(stage),
      ...(isEmpty ? [] : [seePlace(path, offset)]),
      keepAside(path),
      ...(inMemory ? [WRITE_ANEW] : [PUT_BACK]),
    ],
  };
}

function dropped(stage: Stage, { path, dropped: entries, droppedCount }: DockerReferenceFile): Words {
  return {
    title: `${path} has ${count(droppedCount, 'entry', 'entries')} that dockerd drops: the image has no such name`,
    outcome: 'warn',
    places: entries.slice(0, TOLD).map(({ offset, what }) => [`byte ${offset}`, what]),
    why: 'A name has to lead to the digest of an image. The file was changed by hand, or damaged where it stays readable.',
    impact:
      'dockerd says nothing of it when it starts: the image is there, and has to be used by its id or by another name.',
    next: [
      seeNames(stage),
      ...entries.slice(0, 1).map(({ offset }) => seePlace(path, offset)),
      {
        text: 'give the image that was meant its name again with docker tag, by its id: that overwrites the entry',
        command: null,
        effect: 'writes',
      },
    ],
  };
}

function lost(stage: Stage, { path }: DockerReferenceFile): Words {
  const inMemory = isRunning(stage);
  const folder = shellWord(path.slice(0, path.lastIndexOf('/')));
  return {
    title: `${path} is gone, and there are images: the next start of dockerd knows no name of them`,
    outcome: 'warn',
    places: [['file', 'not there']],
    why: 'dockerd writes the file when it first starts. It was removed or lost since.',
    impact: inMemory
      ? 'Now dockerd has all names in memory. After its next start every image is <none>, and what prunes such images deletes all that no container uses.'
      : 'dockerd starts, makes an empty file, and every image is <none>: what prunes such images deletes all that no container uses. Containers are not touched.',
    next: [
      seeNames(stage),
      { text: 'see whether a copy is beside it', command: `ls -la ${folder}`, effect: 'reads' },
      inMemory ? WRITE_ANEW : PUT_BACK,
    ],
  };
}

const isRunning = ({ host }: Stage): boolean => facet(host, 'docker.endpoint').state === 'seen';

const WRITE_ANEW: NextStep = {
  text: 'before dockerd is restarted, let it write all names anew: give any image one more name with docker tag, and remove that name again',
  command: null,
  effect: 'writes',
};

const PUT_BACK: NextStep = {
  text: 'with dockerd stopped, put back a sound copy. Without one, move the file away: dockerd makes an empty one, every image is <none>, and gets its name again with docker tag, by its id. Prune nothing before that',
  command: null,
  effect: 'disrupts',
};

function seeNames({ host, namespace }: Stage): NextStep {
  const endpoint = facet(host, 'docker.endpoint');
  if (endpoint.state === 'seen') {
    return {
      text: 'keep a list of the names that dockerd has',
      command: `${toolsOf(host, namespace).docker} image ls --all --no-trunc --digests`,
      effect: 'reads',
    };
  }
  const where = host.from === 'disk' ? ` --root ${shellWord(endpoint.from)}` : '';
  return {
    text: 'keep a list of the names that can still be read, with the ids of all images',
    command: `ctrscope${where} reconcile`,
    effect: 'reads',
  };
}

function seePlace(path: string, offset: number): NextStep {
  return {
    text: 'see what stands there',
    command: `tail -c +${Math.max(offset - 64, 0) + 1} ${shellWord(path)} | head -c 128 | od -c`,
    effect: 'reads',
  };
}

function keepAside(path: string): NextStep {
  const file = shellWord(path);
  return { text: 'keep a copy of it', command: `cp -a ${file} ${file}.damaged`, effect: 'writes' };
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
