import { beforeAll, describe, expect, test } from 'vitest';

import { Containers } from '../../src/gen/containerd/services/containers/v1/containers_pb.js';
import { Images } from '../../src/gen/containerd/services/images/v1/images_pb.js';
import { Leases } from '../../src/gen/containerd/services/leases/v1/leases_pb.js';
import { Namespaces } from '../../src/gen/containerd/services/namespaces/v1/namespaces_pb.js';
import { Store } from '../../src/gen/containerd/services/sandbox/v1/store_pb.js';
import { Snapshots } from '../../src/gen/containerd/services/snapshots/v1/snapshots_pb.js';
import type { Lab } from '../lab/lab.ts';
import { seedLab } from '../lab/seed.ts';
import { sharedLab, skipReason } from '../lab/shared.ts';
import { MISSING_DIGEST } from './crafted-images.ts';
import { SPEC_TYPE } from './crafted-objects.ts';
import { EXPECTED, hasSandboxes } from './expected-items.ts';
import { ctrscope } from './program.ts';
import { rotatingSuites } from './rotation.ts';
import { openWire, type Wire } from './wire.ts';

const KINDS = Object.keys(EXPECTED);

for (const suite of rotatingSuites()) {
  const reason = skipReason(suite);
  const title = reason === undefined ? suite : `${suite}, skipped: ${reason}`;

  describe(`secrets (${title})`, { skip: reason !== undefined }, () => {
    const lab = sharedLab(suite);
    let wire: Wire;
    /** What was planted, by where. */
    let planted: ReadonlyMap<string, string>;
    /** Of a blob with one of them. */
    let configDigest: string;

    beforeAll(async () => {
      const { canary } = await seedLab(lab());
      wire = openWire(lab().address);
      ({ planted, configDigest } = await plant(lab(), wire, canary));
      return () => wire[Symbol.dispose]();
    });

    /** The places whose secret can be read in a text, as it is or in base64. */
    const leaksIn = (text: string): string[] => {
      const readable = [text, ...decodedIn(text)].join('\n');
      // A canary is a beginning of others: only the whole word counts.
      return [...planted].flatMap(([place, secret]) =>
        new RegExp(`${secret}(?![\\w-])`).test(readable) ? [place] : [],
      );
    };

    const COMMANDS = [
      ...KINDS.flatMap((kind) => ['text', 'json', 'yaml', 'csv'].map((format) => `get ${kind} -o ${format}`)),
      ...KINDS.map((kind) => `get ${kind} -q`),
      ...KINDS.map((kind) => `get ${kind} -o json --root ROOT`),
      ...['inspect --all', 'report', 'doctor'].map((command) => `${command} -o json --root ROOT`),
      ...['text', 'json', 'yaml'].map((format) => `inspect --all -o ${format}`),
      ...['text', 'json', 'yaml', 'markdown'].map((format) => `report -o ${format}`),
      ...['text', 'json', 'yaml', 'markdown', 'sarif', 'junit'].map((format) => `doctor -v -o ${format}`),
      ...['json', 'yaml'].flatMap((format) =>
        [
          'Containers/List',
          'Containers/ListStream',
          'Containers/Get {"id":"planted"}',
          'Containers/Get {"id":"broken"}',
          'Containers/Get {"id":"strange"}',
          'Images/List',
          'Namespaces/List',
          'Leases/List',
          'Snapshots/List {"snapshotter":"native"}',
          'Content/Read {"digest":"CONFIG"}',
          'Introspection/Plugins',
        ].map((call) => `api call ${call} -o ${format}`),
      ),
    ];

    test.concurrent.for(COMMANDS)('are not in what "%s" prints', async (line) => {
      const args = line.replace('CONFIG', configDigest).replace('ROOT', lab().containerdRoot).split(' ');
      const { stdout, stderr } = await ctrscope(lab(), inNamespace(args, lab()));
      expect(leaksIn(stdout + stderr)).toEqual([]);
      expect(stdout + stderr !== '' || line === 'get sandboxes -q').toBe(true);
    });

    test('are shown where they belong when asked for', async () => {
      const shown = async (...args: string[]): Promise<string[]> =>
        leaksIn(
          (await ctrscope(lab(), [...inNamespace(args, lab()), '-o', 'json', '--show-secrets'])).stdout,
        );
      const inSpec = [
        'env of the seed',
        'env',
        'argument after a flag',
        'argument with a flag',
        'argument in a script',
        'password in an annotation',
        'URL in an annotation',
        'hook',
      ];
      const inRecord = ['label', 'URL in a label', 'key in a label'];
      expect(await shown('inspect', '--all')).toEqual(
        expect.arrayContaining([...inSpec, ...inRecord, 'extension']),
      );
      expect(await shown('get', 'containers')).toEqual(expect.arrayContaining(inRecord));
      expect(await shown('get', 'namespaces')).toEqual(['label of a namespace']);
      expect(await shown('get', 'images')).toEqual(
        expect.arrayContaining(['label of an image', 'URL in an annotation of an image']),
      );
      expect(await shown('get', 'leases')).toEqual(['label of a lease']);
      expect(await shown('get', 'snapshots')).toEqual(['label of a snapshot']);
      if (hasSandboxes(lab())) expect(await shown('get', 'sandboxes')).toEqual(['label of a sandbox']);
      expect(await shown('report')).toEqual(expect.arrayContaining([...inRecord, 'label of a lease']));
      expect(await shown('api', 'call', 'Containers/Get', '{"id":"planted"}')).toEqual(
        expect.arrayContaining([...inSpec.slice(1), ...inRecord]),
      );
      expect(await shown('api', 'call', 'Containers/Get', '{"id":"broken"}')).toEqual([
        'quoted piece of a broken spec',
        'broken spec',
      ]);
    });

    test('leave their names and all that is around them', async () => {
      const { stdout } = await ctrscope(lab(), ['inspect', 'planted', '-o', 'json']);
      for (const kept of [
        '"DB_PASSWORD=‹withheld›"',
        '"--password"',
        '"--token=‹withheld›"',
        '"com.example.password": "‹withheld›"',
        '"com.example.url": "https://user:‹withheld›@registry.test/path?q=1"',
        '"com.example.plain": "kept"',
        '"--verbose"',
      ]) {
        expect(stdout).toContain(kept);
      }
    });
  });
}

/** Secrets in every place that a listing or an inspection could show. */
const plant = async (
  lab: Lab,
  wire: Wire,
  canary: string,
): Promise<{ planted: ReadonlyMap<string, string>; configDigest: string }> => {
  const { namespace } = lab;
  const planted = new Map([['env of the seed', canary]]);
  const secret = (place: string): string => {
    const value = `${canary}-${planted.size}x`;
    planted.set(place, value);
    return value;
  };
  const url = (place: string): string => `https://user:${secret(place)}@registry.test/path?q=1`;

  const spec = {
    ociVersion: '1.0.2',
    process: {
      args: [
        '/bin/tool',
        '--verbose',
        '--password',
        secret('argument after a flag'),
        `--token=${secret('argument with a flag')}`,
        '-c',
        `export API_KEY=${secret('argument in a script')}; exec tool`,
      ],
      env: ['PATH=/bin', `DB_PASSWORD=${secret('env')}`],
      cwd: '/',
    },
    annotations: {
      'com.example.password': secret('password in an annotation'),
      'com.example.url': url('URL in an annotation'),
    },
    hooks: { prestart: [{ path: '/bin/hook', args: ['hook', '--secret', secret('hook')], env: ['A=b'] }] },
  };
  // Known by its form and not by its name: forges' keys are words of letters and digits.
  const key = secret('key in a label').replaceAll('-', '0').padEnd(36, '0');
  planted.set('key in a label', key);
  const labels = {
    'com.example.password': secret('label'),
    'com.example.url': url('URL in a label'),
    'com.example.text': `key ghp_${key}, whatever it is for`,
    'com.example.plain': 'kept',
  };
  const runtime = { name: 'io.containerd.runc.v2' };
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  const create = (id: string, fields: object): Promise<unknown> =>
    wire.call(Containers.method.create, { container: { id, runtime, ...fields } }, namespace);
  await create('planted', {
    labels,
    spec: { typeUrl: SPEC_TYPE, value: json(spec) },
    extensions: {
      'example.test/extension': {
        typeUrl: 'types.example.test/1/X',
        value: json({ password: secret('extension') }),
      },
    },
  });
  // A parser quotes some ten characters before the one that it cannot read.
  const quoted = [...lab.tag, 'x'].reverse().join('');
  planted.set('quoted piece of a broken spec', quoted);
  await create('broken', {
    spec: {
      typeUrl: SPEC_TYPE,
      value: Buffer.from(`{"env":["A=${secret('broken spec')}","${quoted}",oops]}`),
    },
  });
  await create('strange', {
    spec: { typeUrl: 'example.test.v1.Unknown', value: json({ a: secret('strange spec') }) },
  });

  const name = 'planted.test/image:1';
  const config = json({ config: { Env: [`TOKEN=${secret('env of an image')}`] } });
  const configDigest = await wire.writeBlob(config, namespace);
  const broken = await wire.writeBlob(Buffer.from(`{"a":"${secret('broken manifest')}" oops}`), namespace);
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const target = { mediaType, digest: MISSING_DIGEST, size: 1n };
  await wire.call(
    Images.method.create,
    {
      image: {
        name,
        labels: { 'com.example.secret': secret('label of an image') },
        target: { ...target, annotations: { 'com.example.url': url('URL in an annotation of an image') } },
      },
    },
    namespace,
  );
  await wire.call(
    Images.method.create,
    { image: { name: 'planted.test/broken:1', target: { ...target, digest: broken } } },
    namespace,
  );
  await wire.call(
    Namespaces.method.update,
    {
      namespace: { name: `${namespace}-empty`, labels: { 'api-key': secret('label of a namespace') } },
      updateMask: { paths: ['labels.api-key'] },
    },
    namespace,
  );
  await wire.call(
    Leases.method.create,
    { id: 'planted', labels: { token: secret('label of a lease') } },
    namespace,
  );
  await wire.call(
    Snapshots.method.prepare,
    {
      snapshotter: 'native',
      key: 'planted',
      labels: {
        'containerd.io/gc.root': '2020-01-01T00:00:00Z',
        'example.test/credential': secret('label of a snapshot'),
      },
    },
    namespace,
  );
  if (hasSandboxes(lab)) {
    const sandbox = {
      sandboxId: 'planted',
      runtime,
      sandboxer: 'shim',
      labels: { passwd: secret('label of a sandbox') },
    };
    await wire.call(Store.method.create, { sandbox }, namespace);
  }
  return { planted, configDigest };
};

/** `api call` speaks to one namespace, and must be told which. */
const inNamespace = (args: readonly string[], lab: Lab): string[] =>
  args[0] === 'api' ? [...args, '-n', lab.namespace] : [...args];

/** Whatever in a text is base64 of readable text, decoded. */
const decodedIn = (text: string): string[] =>
  (text.match(/[A-Za-z0-9+/]{16,}={0,2}/g) ?? []).map((word) =>
    Buffer.from(word, 'base64').toString('latin1'),
  );
