import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { openDatabase } from '../../../../src/bolt/database.ts';
import { HERE } from '../../../../src/sources/docker/disk/files.ts';
import { readVolumeRecords } from '../../../../src/sources/docker/disk/volumes.ts';
import { missed, observe, read } from './read.ts';
import { CHAINS, container, counted, database, GRAPHDRIVER, hex, IMAGE, MOUNT, scratch } from './tree.ts';

const made = scratch();
const WEB = `containers/${hex('web')}`;
const JOB = `containers/${hex('job')}`;
const CONFIG = `image/overlay2/imagedb/content/sha256/${IMAGE.slice(7)}`;
const LAYER = `image/overlay2/layerdb/sha256/${CHAINS[1].slice(7)}`;

/** The sound directory with something spoilt. */
const spoilt = (spoil: (root: string) => void): string => {
  const root = made(GRAPHDRIVER);
  spoil(root);
  return root;
};
const replaced = (path: string, content: string | Uint8Array): string =>
  spoilt((root) => writeFileSync(`${root}/${path}`, content));
const asFolder = (path: string): string =>
  spoilt((root) => {
    rmSync(`${root}/${path}`, { recursive: true, force: true });
    mkdirSync(`${root}/${path}`);
  });
const asFile = (path: string): string =>
  spoilt((root) => {
    rmSync(`${root}/${path}`, { recursive: true, force: true });
    writeFileSync(`${root}/${path}`, 'x');
  });

describe('a container whose record is', () => {
  test.each<readonly [string, () => string, string]>([
    ['empty', () => replaced(`${WEB}/config.v2.json`, ''), 'the file is empty'],
    ['zeros', () => replaced(`${WEB}/config.v2.json`, Buffer.alloc(4096)), '4096 bytes that are no JSON'],
    ['cut off', () => replaced(`${WEB}/config.v2.json`, '{"State":{"Run'), '14 bytes that are no JSON'],
    ['a list', () => replaced(`${WEB}/config.v2.json`, '[]'), 'the document is a list, not an object'],
    ['without an id', () => replaced(`${WEB}/config.v2.json`, '{}'), 'ID is missing, not a text'],
    ['a folder', () => asFolder(`${WEB}/config.v2.json`), 'is a folder, not a file'],
    [
      'not there',
      () => spoilt((root) => rmSync(`${root}/${WEB}/config.v2.json`)),
      'is not there, so dockerd does not load the container',
    ],
    ['no folder at all', () => asFile(WEB), 'is not a folder'],
    [
      'of a state that is none',
      () => replaced(`${WEB}/config.v2.json`, `{"ID":"${hex('web')}","State":{"Running":"yes"}}`),
      'Running is a string, not true or false',
    ],
    [
      'far too large',
      () => spoilt((root) => truncateSync(`${root}/${WEB}/config.v2.json`, 5 * 2 ** 30)),
      'has 5.0 GiB, and no more than 4.0 MiB of such a file are read',
    ],
    [
      'a FIFO that nobody writes to',
      () =>
        spoilt((root) => {
          rmSync(`${root}/${WEB}/config.v2.json`);
          execFileSync('mkfifo', [`${root}/${WEB}/config.v2.json`]);
        }),
      'is a FIFO, not a file',
    ],
    [
      'a link to itself',
      () =>
        spoilt((root) => {
          rmSync(`${root}/${WEB}/config.v2.json`);
          symlinkSync('config.v2.json', `${root}/${WEB}/config.v2.json`);
        }),
      'ELOOP',
    ],
  ])('%s is a gap that says so, and no other is lost', async (_, make, why) => {
    const listing = await read(make(), 'docker.containerRecords');
    expect(listing.items.map(({ name }) => name)).toEqual(['job']);
    expect(listing.gaps).toHaveLength(1);
    expect(listing.gaps[0]).toMatchObject({
      object: { kind: 'container', id: hex('web') },
      why: expect.stringContaining(why),
    });
    expect(listing.gaps[0]?.fields).toBeUndefined();
  });

  test('wrong in parts is listed without them, and they are named', async () => {
    const listing = await read(
      made(
        container({
          name: 'one',
          config: { Config: { Image: 7, Labels: { a: 1 } }, Created: 'soon', Name: {}, ImageManifest: [] },
        }),
      ),
      'docker.containerRecords',
    );
    expect(listing.items).toMatchObject([
      { id: hex('one'), name: null, image: '', labels: {}, createdAt: null, state: { status: 'created' } },
    ]);
    expect(missed(listing).toSorted()).toEqual(
      ['createdAt', 'image', 'labels', 'manifest', 'name'].map(
        (field) => `failed container ${hex('one')} ${field}`,
      ),
    );
  });

  test('of another id than its folder is said to be', async () => {
    const listing = await read(
      made(container({ name: 'one', config: { ID: hex('other') } })),
      'docker.containerRecords',
    );
    expect(listing.items.map(({ id }) => id)).toEqual([hex('one')]);
    expect(missed(listing)).toEqual([`failed container ${hex('one')} id`]);
  });

  test('removed while the folder is read is none', async () => {
    const root = made(GRAPHDRIVER);
    const list = (path: string): readonly string[] => {
      const names = HERE.list(path);
      if (path.endsWith('/containers')) rmSync(`${root}/${WEB}`, { recursive: true });
      return names;
    };
    const listing = await read(root, 'docker.containerRecords', { disk: { ...HERE, list } });
    expect(listing.items.map(({ name }) => name)).toEqual(['job']);
    expect(listing.gaps).toEqual([]);
  });

  test.each<readonly [string, () => string, object]>([
    [
      'not there',
      () => spoilt((root) => rmSync(`${root}/${JOB}/hostconfig.json`)),
      { state: 'failed', why: expect.stringContaining('is not there') },
    ],
    [
      'no JSON',
      () => replaced(`${JOB}/hostconfig.json`, 'x'),
      { state: 'failed', why: expect.stringContaining('no JSON') },
    ],
    [
      'of wrong types',
      () => replaced(`${JOB}/hostconfig.json`, '{"Memory":"much"}'),
      { state: 'failed', why: expect.stringContaining('Memory is a string, not a whole number') },
    ],
  ])('whole, but its hostconfig.json %s, has limits that are unknown', async (_, make, limits) => {
    const { items, gaps } = await read(make(), 'docker.containerRecords');
    expect(gaps).toEqual([]);
    expect(items.find(({ name }) => name === 'job')?.limits).toMatchObject(limits);
    expect(items.find(({ name }) => name === 'web')?.limits.state).toBe('seen');
  });
});

describe('an image whose config is', () => {
  test.each<readonly [string, () => string, string, boolean]>([
    ['empty', () => replaced(CONFIG, ''), 'the file is empty', false],
    ['no JSON', () => replaced(CONFIG, 'x'.repeat(20)), '20 bytes that are no JSON', false],
    ['a folder', () => asFolder(CONFIG), 'is a folder, not a file', true],
    [
      'huge',
      () => spoilt((root) => truncateSync(`${root}/${CONFIG}`, 2 ** 40)),
      'has 1.0 TiB, and no more than 4.0 MiB',
      true,
    ],
  ])('%s is a gap', async (_, make, why, isWhole) => {
    const listing = await read(make(), 'docker.imageConfigs');
    expect(listing.gaps[0]).toMatchObject({
      object: { kind: 'image', id: IMAGE },
      why: expect.stringContaining(why),
    });
    if (isWhole) expect(listing.items).toEqual([]);
    else {
      // The file is there, and its bytes are not what its name says: that is known.
      expect(listing.items).toMatchObject([{ imageId: IMAGE, intact: false, diffIds: [] }]);
      expect(listing.gaps[0]?.fields).toEqual(['diffIds', 'platform', 'createdAt']);
    }
  });

  test('wrong in parts is listed without them', async () => {
    const root = replaced(CONFIG, '{"rootfs":{"diff_ids":["sha256:x"]},"os":3,"created":"never"}');
    writeFileSync(`${root}/image/overlay2/imagedb/metadata/sha256/${IMAGE.slice(7)}/parent`, '../../etc');
    const listing = await read(root, 'docker.imageConfigs');
    expect(listing.items).toMatchObject([{ diffIds: [], platform: null, createdAt: null, parent: null }]);
    expect(missed(listing)).toEqual(
      ['diffIds', 'platform', 'createdAt', 'parent'].map((field) => `failed image ${IMAGE} ${field}`),
    );
    expect(listing.gaps.at(-1)?.why).toMatch(/\/parent: "\.\.\/\.\.\/etc" is no digest$/);
  });

  test('named by no digest is a gap, but one that is just being written is none', async () => {
    const root = made({
      ...GRAPHDRIVER,
      'image/overlay2/imagedb/content/sha256/README': 'x',
      'image/overlay2/imagedb/content/sha256/.tmp-abc123': 'x',
    });
    const listing = await read(root, 'docker.imageConfigs');
    expect(listing.items).toHaveLength(1);
    expect(missed(listing)).toEqual(['failed image README']);
  });
});

describe('layers', () => {
  test('lack what one of their files does not say, and that is known where there is none', async () => {
    const root = spoilt((at) => {
      rmSync(`${at}/${LAYER}/cache-id`);
      writeFileSync(`${at}/${LAYER}/size`, 'large');
      rmSync(`${at}/${LAYER}/diff`);
      mkdirSync(`${at}/${LAYER}/diff`);
      writeFileSync(`${at}/${LAYER}/parent`, 'sha256:short');
    });
    const listing = await read(root, 'docker.layers');
    expect(listing.items.find(({ chainId }) => chainId === CHAINS[1])).toMatchObject({
      diffId: null,
      cacheId: null,
      parent: null,
      size: null,
    });
    expect(missed(listing).toSorted()).toEqual(
      ['diffId', 'parent', 'size'].map((field) => `failed layer ${CHAINS[1]} ${field}`),
    );
    expect(listing.items).toHaveLength(2);
  });

  test('that are no folders or have no digest as name are gaps', async () => {
    const root = asFile(LAYER);
    mkdirSync(`${root}/image/overlay2/layerdb/sha256/strange`);
    const listing = await read(root, 'docker.layers');
    expect(listing.items.map(({ chainId }) => chainId)).toEqual([CHAINS[0]]);
    expect(missed(listing).toSorted()).toEqual([`failed layer ${CHAINS[1]}`, 'failed layer strange']);
  });

  test('of a container lead nowhere outside: an id with a slash is none', async () => {
    const root = replaced(`image/overlay2/layerdb/mounts/${hex('web')}/mount-id`, '../../../etc');
    const listing = await read(root, 'docker.layerMounts');
    expect(listing.items).toMatchObject([{ mountId: null, initId: `${MOUNT}-init` }]);
    expect(missed(listing)).toEqual([`failed layer mount ${hex('web')} mountId`]);
  });

  test('of one graphdriver are lost, and those of another are not', async () => {
    const root = made({ ...GRAPHDRIVER, 'image/vfs': 'not a folder', [`vfs/dir/${hex('x')}`]: null });
    const listing = await read(root, 'docker.layers');
    expect(listing.items).toHaveLength(2);
    expect(missed(listing)).toEqual(['failed graphdriver vfs']);
    expect(missed(await read(root, 'docker.references'))).toEqual(['failed graphdriver vfs']);
  });

  test('whose folder is a file are gaps of the store', async () => {
    const root = asFile(`overlay2/${MOUNT}`);
    const listing = await read(root, 'docker.graphDirectories');
    expect(listing.items).toHaveLength(3);
    expect(missed(listing)).toEqual([`failed graph directory ${MOUNT}`]);
  });
});

describe('volumes', () => {
  const DB = 'volumes/metadata.db';
  test('are their folders where the database is gone', async () => {
    const gone = await read(
      spoilt((root) => rmSync(`${root}/${DB}`)),
      'docker.volumes',
    );
    expect(gone.gaps).toEqual([]);
    expect(gone.items).toMatchObject([
      { name: 'data', driver: null, recorded: false, present: true },
      { name: 'stray', recorded: false, present: true },
    ]);
  });

  test.each<readonly [string, () => string]>([
    ['a folder', () => asFolder(DB)],
    ['empty', () => replaced(DB, '')],
    ['something else', () => replaced(DB, 'x'.repeat(9000))],
  ])('are their folders where the database is %s, and that is said', async (_, make) => {
    const listing = await read(make(), 'docker.volumes');
    expect(listing.items.map(({ name }) => name)).toEqual(['data', 'stray']);
    expect(missed(listing)).toEqual(['failed volume  driver,labels,recorded']);
    expect(listing.gaps[0]?.why).toContain('only folders are seen');
  });

  test('with a broken record are listed without what it says', async () => {
    const listing = await read(
      replaced(
        DB,
        database({ volumes: { data: '{"Name', nfs: '{"Driver":7}', '../up': '{"Driver":"local"}' } }),
      ),
      'docker.volumes',
    );
    expect(listing.items).toMatchObject([
      { name: '../up', driver: 'local', recorded: true, present: false },
      { name: 'data', driver: null, recorded: true, present: true },
      { name: 'nfs', driver: null, recorded: true, present: false },
      { name: 'stray' },
    ]);
    expect(missed(listing)).toEqual(['failed volume data driver,labels', 'failed volume nfs driver,labels']);
  });

  test('are known by what is needed of their records, whatever else is in them', async () => {
    const record = JSON.stringify({ Driver: 'local', Options: { more: 'x'.repeat(2000) } });
    const root = replaced(DB, database({ volumes: { data: record, nfs: '[]' } }));
    using opened = openDatabase(`${root}/${DB}`);
    const records = readVolumeRecords(opened);
    let step = records.next();
    while (step.done !== true) step = records.next();
    expect(step.value).toEqual([
      { name: 'data', told: { driver: 'local', labels: {} } },
      { name: 'nfs', told: { fault: 'the document is a list, not an object' } },
    ]);
  });

  test('are found without the meta pages, and that is said', async () => {
    const root = made(GRAPHDRIVER);
    const bytes = readFileSync(`${root}/${DB}`);
    writeFileSync(`${root}/${DB}`, bytes.fill(0, 0, 8192));
    const listing = await read(root, 'docker.volumes');
    expect(listing.items.map(({ name, recorded }) => `${name} ${recorded}`)).toEqual([
      'data true',
      'nfs true',
      'stray false',
    ]);
    expect(listing.gaps.map(({ why }) => why)).toEqual([
      expect.stringContaining('both meta pages are broken'),
    ]);
  });
});

describe('networks', () => {
  const DB = 'network/files/local-kv.db';
  test('that are broken are gaps, each by its id', async () => {
    const key = (name: string): string => `docker/network/v1.0/network/${name}/`;
    const listing = await read(
      replaced(
        DB,
        database({
          libnetwork: {
            [key('a')]: 'short',
            [key('b')]: counted('no json'),
            [key('c')]: counted('{"id":"c","name":5}'),
            [key('d')]: counted('{"id":"d","name":"d","networkType":"null"}'),
          },
        }),
      ),
      'docker.networks',
    );
    expect(listing.items).toEqual([{ id: 'd', name: 'd', driver: 'null', labels: {} }]);
    expect(missed(listing)).toEqual(['failed network a', 'failed network b', 'failed network c']);
  });

  test.each<readonly [string, () => string, string]>([
    ['empty', () => replaced(DB, ''), 'failed'],
    ['a folder', () => asFolder(DB), 'failed'],
    ['in a folder that is none', () => asFile('network/files'), 'failed'],
    ['not there', () => spoilt((root) => rmSync(`${root}/${DB}`)), 'absent'],
  ])('of a database that is %s are not known, or known not to be', async (_, make, state) => {
    expect(await observe(make(), 'docker.networks')).toMatchObject({ state });
  });
});

describe('a directory', () => {
  test.each(['image', 'containers', 'overlay2', 'volumes'])(
    'in which %s is a file has a failure there, and not nothing',
    async (name) => {
      const root = asFile(name);
      const facet = {
        image: 'docker.layers',
        containers: 'docker.containerRecords',
        overlay2: 'docker.graphDirectories',
        volumes: 'docker.volumes',
      }[name] as 'docker.layers';
      const fact = await observe(root, facet);
      const unread = fact.state === 'seen' ? fact.value.gaps[0] : fact;
      expect(unread).toMatchObject({ state: 'failed', why: expect.stringContaining('is not a folder') });
    },
  );

  test('is read by nothing but open and list, and nothing in it changes', async () => {
    const root = made(GRAPHDRIVER);
    const before = execFileSync('find', [root, '-printf', '%p %s %T@ %C@\n'], { encoding: 'utf8' });
    for (const name of ['docker.root', 'docker.references', 'docker.volumes', 'docker.networks'] as const) {
      expect((await observe(root, name)).state).toBe('seen');
    }
    expect(execFileSync('find', [root, '-printf', '%p %s %T@ %C@\n'], { encoding: 'utf8' })).toBe(before);
  });
});
