import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';

import { Images } from '../../src/gen/containerd/services/images/v1/images_pb.js';
import { seedLab } from '../lab/seed.ts';
import { sharedLab, skipReason } from '../lab/shared.ts';
import { ACTS_ON_TERMINALS } from '../text/foreign-text.ts';
import { craftObjects } from './crafted-objects.ts';
import { EXPECTED } from './expected-items.ts';
import { type Answer, command, ctrscope, documentOf, type Item, programEnvironment } from './program.ts';
import { startRelay } from './relay.ts';
import { rotatingSuites } from './rotation.ts';
import { openWire, type Wire } from './wire.ts';

const KINDS = Object.keys(EXPECTED);

/** What every line for people begins with, and a hint below it. */
const STDERR_LINE = /^(ctrscope: |error: | {2}|\(Did you mean )/;

for (const suite of rotatingSuites()) {
  const reason = skipReason(suite);
  const title = reason === undefined ? suite : `${suite}, skipped: ${reason}`;

  describe(`the command line (${title})`, { skip: reason !== undefined }, () => {
    const lab = sharedLab(suite);
    let wire: Wire;
    const run = (...args: string[]): Promise<Answer> => ctrscope(lab(), args);
    const lines = async (...args: string[]): Promise<string[]> => linesOf((await run(...args)).stdout);

    beforeAll(async () => {
      await seedLab(lab());
      wire = openWire(lab().address);
      await craftObjects(lab(), wire);
      return () => wire[Symbol.dispose]();
    });

    describe('documents', () => {
      test.for(KINDS)(
        'of get %s have the head of the contract, and nothing but items after it',
        async (kind) => {
          const before = Date.now();
          const { stdout, stderr, exitCode } = await run('get', kind, '-o', 'json');
          const document = JSON.parse(stdout) as Item;
          expect(Object.keys(document)).toEqual(['schemaVersion', 'kind', 'at', 'from', 'unknown', 'items']);
          expect(document).toMatchObject({ schemaVersion: 1, kind, from: 'live', unknown: [] });
          expect(document['at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
          expect(Date.parse(String(document['at']))).toBeGreaterThanOrEqual(before);
          expect(Date.parse(String(document['at']))).toBeLessThanOrEqual(Date.now());
          expect({ stderr, exitCode }).toEqual({
            stderr: expect.not.stringContaining('unknown'),
            exitCode: 0,
          });
        },
      );

      test.for(KINDS)('of get %s say the same in YAML', async (kind) => {
        const json = JSON.parse((await run('get', kind, '-o', 'json')).stdout) as Item;
        const yaml = parseYaml((await run('get', kind, '-o', 'yaml')).stdout) as Item;
        expect({ ...yaml, at: null }).toStrictEqual({ ...json, at: null });
      });

      test.for(KINDS)('of get %s say the same in CSV, as far as it has columns', async (kind) => {
        const { items } = await documentOf(lab(), ['get', kind]);
        const [header = [], ...rows] = parseCsv((await run('get', kind, '-o', 'csv')).stdout);
        expect(rows).toHaveLength(items.length);
        const compared = new Set<string>();
        for (const [i, row] of rows.entries()) {
          expect(row).toHaveLength(header.length);
          for (const [j, column] of header.entries()) {
            const value = items[i]?.[column];
            // Sizes, ages and the like are rounded for people.
            if (column === 'status' || !(typeof value === 'string' || column === 'pid' || value === null))
              continue;
            expect(csvCells(value), `${column} of ${JSON.stringify(items[i])}`).toContain(row[j]);
            compared.add(column);
          }
        }
        expect(compared.size > 0 || items.length === 0).toBe(true);
      });

      test('keep all digits of a number', async () => {
        const { stdout } = await run('inspect', 'odd', '-o', 'json');
        expect(stdout).toMatch(/"hard": 18446744073709551615,/);
        expect(stdout).toMatch(/"limit": 9223372036854771712,/);
        const { stdout: yaml } = await run('inspect', 'odd', '-o', 'yaml');
        expect(yaml).toMatch(/"hard": 18446744073709551615\n/);
      });

      test('write null where something is known not to be there', async () => {
        const [container] = (await documentOf(lab(), ['get', 'container', 'recorded'])).items;
        expect(container).toMatchObject({ status: null, pid: null, sandbox: null });
        const [lease] = (await documentOf(lab(), ['get', 'lease', 'odd-lease'])).items;
        expect(lease).toMatchObject({ expiresAt: null });
        const [image] = (await documentOf(lab(), ['get', 'image', 'crafted.test/missing-index:1'])).items;
        expect(image).toMatchObject({ platforms: null, size: null });
      });

      test('leave out what is unknown, and say so once: of one object', async () => {
        const digest = await wire.writeBlob(Buffer.from('{"schemaVersion":2,"layers":['), lab().namespace);
        const name = 'crafted.test/broken:1';
        const mediaType = 'application/vnd.oci.image.manifest.v1+json';
        await wire.call(
          Images.method.create,
          { image: { name, target: { mediaType, digest, size: 28n } } },
          lab().namespace,
        );
        try {
          const { stdout, stderr, exitCode } = await run('get', 'images', '-o', 'json');
          const { items, unknown } = JSON.parse(stdout) as { items: Item[]; unknown: Item[] };
          const item = items.find((image) => image['name'] === name) ?? {};
          expect(Object.keys(item)).toEqual(
            expect.arrayContaining(['namespace', 'name', 'digest', 'labels']),
          );
          expect(Object.keys(item)).not.toContain('platforms');
          expect(Object.keys(item)).not.toContain('size');
          expect(unknown).toEqual([
            {
              source: `Content.Read ${lab().namespace}/${digest}`,
              state: 'failed',
              reason: expect.stringContaining('is not valid JSON'),
              object: { kind: 'image', namespace: lab().namespace, id: name },
              fields: ['platforms', 'size'],
            },
          ]);
          expect(stderr).toMatch(
            /^ctrscope: unknown: image .*crafted\.test\/broken:1: platforms, size: .*\n {2}try: .*\n$/,
          );
          expect(exitCode).toBe(5);
        } finally {
          await wire.call(Images.method.delete, { name }, lab().namespace);
        }
      });

      test('leave out what is unknown, and say so once: of the whole listing', async () => {
        const address = join(lab().root, 'nobody.sock');
        const { stdout, stderr, exitCode } = await run('get', 'tasks', '-a', address, '-o', 'json');
        const document = JSON.parse(stdout) as Item;
        expect(Object.keys(document)).toEqual(['schemaVersion', 'kind', 'at', 'from', 'unknown']);
        expect(document['unknown']).toEqual([
          {
            source: expect.stringContaining('Namespaces/List'),
            state: 'unreachable',
            reason: `Namespaces.List at ${address}: there is no such socket`,
            object: null,
            fields: null,
          },
        ]);
        expect(stderr).toContain(address);
        expect(exitCode).toBe(1);
        const text = await run('get', 'tasks', '-a', address);
        expect(text).toMatchObject({ stdout: '', exitCode: 1 });
      });
    });

    describe('get', () => {
      test.for(KINDS)('%s -q prints ids and nothing else', async (kind) => {
        const { items } = await documentOf(lab(), ['get', kind]);
        const { stdout, stderr, exitCode } = await run('get', kind, '-q');
        const ids = items.map((item) =>
          kind === 'plugins'
            ? `${item['type']}.${item['id']}`
            : (item['id'] ?? item['name'] ?? item['digest'] ?? item['ref']),
        );
        expect(linesOf(stdout)).toEqual(ids.map((id) => escaped(String(id))));
        expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
      });

      test.for([
        ['namespace', 'namespaces'],
        ['container', 'containers'],
        ['task', 'tasks'],
        ['image', 'images'],
        ['blob', 'content'],
        ['blobs', 'content'],
        ['ingest', 'ingests'],
        ['snapshot', 'snapshots'],
        ['lease', 'leases'],
        ['plugin', 'plugins'],
        ['sandbox', 'sandboxes'],
        ['Containers', 'containers'],
        ['TASK', 'tasks'],
      ] as const)('%s is %s', async ([word, kind]) => {
        const { kind: answered, items } = await documentOf(lab(), ['get', word]);
        expect(answered).toBe(kind);
        expect(items).toEqual((await documentOf(lab(), ['get', kind])).items);
      });

      test('takes names, and finds the same id in every namespace', async () => {
        const { items } = await documentOf(lab(), ['get', 'containers', 'web', 'db']);
        expect(items.map((item) => `${item['namespace']}/${item['id']}`)).toEqual([
          `${lab().namespace}/db`,
          `${lab().namespace}/web`,
          `${lab().namespace}-b/web`,
        ]);
        const one = await documentOf(lab(), ['get', 'containers', `${lab().namespace}-b/web`]);
        expect(one.items.map((item) => item['namespace'])).toEqual([`${lab().namespace}-b`]);
        const [image] = (await documentOf(lab(), ['get', 'images', '-n', lab().namespace])).items;
        const digest = String(image?.['digest']);
        const byDigest = await documentOf(lab(), ['get', 'images', digest, '-n', lab().namespace]);
        expect(byDigest.items.length).toBeGreaterThan(0);
        expect(byDigest.items.every((item) => item['digest'] === digest)).toBe(true);
      });

      test('prints what it finds and exits with 1 for what it does not', async () => {
        const { stdout, stderr, exitCode } = await run(
          'get',
          'tasks',
          'nope',
          'db',
          'nor\u001b[31mthis',
          '-q',
        );
        expect({ stdout, exitCode }).toEqual({ stdout: 'db\n', exitCode: 1 });
        expect(stderr).toBe('ctrscope: task nope: not found\nctrscope: task nor\\x1b[31mthis: not found\n');
        const json = await run('get', 'tasks', 'nope', '-o', 'json');
        expect(JSON.parse(json.stdout)).toMatchObject({ kind: 'tasks', items: [] });
        expect(json.exitCode).toBe(1);
      });

      test('of nothing prints a header and says on stderr what that means', async () => {
        const { stdout, stderr, exitCode } = await run('get', 'images', '-n', `${lab().namespace}-empty`);
        expect(linesOf(stdout)).toEqual([expect.stringMatching(/^NAMESPACE +NAME +DIGEST/)]);
        expect(stderr).toMatch(/^ctrscope: no images/);
        expect(exitCode).toBe(0);
        const quiet = await run('get', 'images', '-n', `${lab().namespace}-empty`, '-q');
        expect(quiet).toEqual({ stdout: '', stderr: '', exitCode: 0 });
      });

      test('makes exactly one call for namespaces', async () => {
        await using relay = await startRelay(join(lab().root, 'relay.sock'), lab().address);
        const spent = async (...args: string[]): Promise<number> => {
          const before = relay.requests();
          expect((await run(...args, '-a', relay.path)).exitCode).toBe(0);
          return relay.requests() - before;
        };
        expect(await spent('get', 'namespaces')).toBe(1);
        expect(relay.connections()).toBe(1);
        expect(await spent('get', 'namespaces', '-o', 'json')).toBe(1);
        expect(await spent('get', 'tasks', '-n', lab().namespace)).toBe(1);
        // A count that cannot grow would prove nothing: records and tasks are two.
        expect(await spent('get', 'containers', '-n', lab().namespace)).toBe(2);
        const { length } = await lines('get', 'namespaces', '-q');
        expect(await spent('get', 'leases')).toBe(1 + length);
      });
    });

    describe('global options', () => {
      const ids = async (...args: string[]): Promise<string[]> => await lines(...args, '-q');

      test('stand before or after the name of the command', async () => {
        const second = `${lab().namespace}-b`;
        for (const args of [
          ['-n', second, '-o', 'json', 'get', 'containers'],
          ['get', '-n', second, 'containers', '-o', 'json'],
          ['get', 'containers', `--namespace=${second}`, '--output=json'],
        ]) {
          const { items } = JSON.parse((await run(...args)).stdout) as { items: Item[] };
          expect(items.map((item) => `${item['namespace']}/${item['id']}`)).toEqual([`${second}/web`]);
        }
      });

      test('name a namespace; without one it is CONTAINERD_NAMESPACE, or all', async () => {
        const second = `${lab().namespace}-b`;
        expect(await ids('get', 'containers', '-n', second)).toEqual(['web']);
        const env = { CONTAINERD_NAMESPACE: second };
        const { stdout } = await ctrscope(lab(), ['get', 'containers', '-q'], { env });
        expect(stdout).toBe('web\n');
        const over = await ctrscope(lab(), ['get', 'containers', '-q', '-n', `${second}x`], { env });
        expect(over).toMatchObject({ stdout: '', exitCode: 0 });
        expect((await ids('get', 'containers')).length).toBeGreaterThan(10);
        expect(await ids('get', 'namespaces', '-n', second)).toEqual([second]);
      });

      test('name an address; the option wins over CONTAINERD_ADDRESS', async () => {
        const nobody = join(lab().root, 'nobody.sock');
        const ask = (args: readonly string[], address: string | undefined): Promise<Answer> =>
          ctrscope(lab(), ['get', 'namespaces', '-q', ...args], { env: { CONTAINERD_ADDRESS: address } });
        const expected = await run('get', 'namespaces', '-q');
        expect(expected.stdout).toContain(lab().namespace);
        expect(await ask([], lab().address)).toEqual(expected);
        expect(await ask(['-a', lab().address], nobody)).toEqual(expected);
        expect(await ask(['-a', `unix://${lab().address}`], undefined)).toEqual(expected);
        expect(await ask([], `unix://${lab().address}`)).toEqual(expected);
        expect(await ask([], nobody)).toMatchObject({ stdout: '', exitCode: 1 });
      });
    });

    describe('usage errors exit with 2', () => {
      test.for([
        [['get', 'contianers'], 'did you mean containers?'],
        [['get', 'zebras'], 'There are namespaces, containers, tasks'],
        [['get'], "missing required argument 'kind'"],
        [['gte', 'containers'], 'get'],
        [['get', 'tasks', '--adress', '/x'], '--address'],
        [['get', 'tasks', '-a', 'relative/path'], 'absolute path'],
        [['get', 'tasks', '--timeout', 'soon'], 'duration'],
        [['get', 'tasks', '--timeout', '0'], 'duration'],
        [['get', 'tasks', '-o', 'xml'], 'text, json, yaml, csv'],
        [['get', 'tasks', '-o', 'markdown'], 'text, json, yaml, csv'],
        [['inspect', 'web', '-o', 'csv'], 'text, json, yaml'],
        [['report', '-o', 'csv'], 'text, json, yaml, markdown'],
        [['doctor', '-o', 'csv'], 'text, json, yaml, markdown, sarif, junit'],
        [['inspect'], '--all'],
        [['doctor', '--probe', 'containerd-not-anwsering'], 'did you mean containerd-not-answering?'],
        [['api', 'call', 'Containers/Delete'], 'Containers'],
        [['api', 'call', 'Version/Version', '{'], 'not valid JSON'],
      ] as const)('%j: %s', async ([args, hint]) => {
        const { stdout, stderr, exitCode } = await run(...args);
        expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
        expect(stderr).toContain(hint);
        expect(linesOf(stderr).filter((line) => !STDERR_LINE.test(line))).toEqual([]);
      });

      test('and an ambiguous reference names its candidates', async () => {
        const { stdout, stderr, exitCode } = await run('inspect', 'web');
        expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
        expect(stderr).toContain(`${lab().namespace}/web, ${lab().namespace}-b/web`);
      });
    });

    describe('output', () => {
      const COMMANDS = [
        ...KINDS.flatMap((kind) => [`get ${kind}`, `get ${kind} -o csv`, `get ${kind} -o yaml`]),
        'inspect --all',
        'report',
        'report -o markdown',
        'doctor',
        'api list',
        '--help',
        'get nope',
      ];

      test.for(COMMANDS)(
        'of "%s" into a pipe has neither colours nor foreign control characters',
        async (line) => {
          const { stdout, stderr } = await run(...line.split(' '));
          expect(stdout + stderr).not.toBe('');
          expect(stdout + stderr).not.toMatch(ACTS_ON_TERMINALS);
          expect(linesOf(stderr).filter((text) => !STDERR_LINE.test(text))).toEqual([]);
        },
      );

      test('whose reader goes away is no failure', async () => {
        for (const [args, reader, expected] of [
          [['inspect', '--all', '-o', 'json'], 'head -1', 0],
          [['inspect', '--all', '-o', 'json'], 'true', 0],
          [['get', 'content'], 'true', 0],
          // Of crafted images the content is not there.
          [['report'], 'true', 3],
          [['--help'], 'true', 0],
        ] as const) {
          const [file, all] = command(args);
          const script = `"$0" "$@" | ${reader} >/dev/null; exit "\${PIPESTATUS[0]}"`;
          const { exitCode, stderr } = await execa('bash', ['-c', script, file, ...all], {
            env: programEnvironment(lab()),
            reject: false,
          });
          expect({ args, reader, exitCode, stderr }).toEqual({
            args,
            reader,
            exitCode: expected,
            stderr: '',
          });
        }
        const { length } = (await run('inspect', '--all', '-o', 'json')).stdout;
        expect(length, 'more than a pipe holds').toBeGreaterThan(65_536);
      });

      test('that cannot be written is a failure with a reason', async () => {
        const [file, all] = command(['get', 'namespaces']);
        const { exitCode, stderr } = await execa('bash', ['-c', '"$0" "$@" >/dev/full', file, ...all], {
          env: programEnvironment(lab()),
          reject: false,
        });
        expect({ exitCode, stderr }).toEqual({
          exitCode: 1,
          stderr: expect.stringMatching(/^ctrscope: ENOSPC: .*$/),
        });
      });
    });

    test('--version is the version of the package', async () => {
      const file = join(import.meta.dirname, '../../package.json');
      const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
      for (const option of ['--version', '-V']) {
        expect(await run(option)).toEqual({ stdout: `${version}\n`, stderr: '', exitCode: 0 });
      }
    });

    test('--help of every command has examples, of the command among others', async () => {
      const commands = await commandsBelow(run, []);
      expect(commands.map((words) => words.join(' '))).toEqual(
        expect.arrayContaining(['get', 'inspect', 'report', 'doctor', 'api list', 'api call', 'api ping']),
      );
      for (const words of commands) {
        const { stdout, stderr, exitCode } = await run(...words, '--help');
        expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
        const examples = linesOf(stdout.split('\nExamples:\n')[1] ?? '');
        expect(examples.length, words.join(' ')).toBeGreaterThan(0);
        for (const example of examples) expect(example.trim()).toMatch(/^(ctrscope|npm) /);
        expect(examples.join('\n')).toContain(`ctrscope ${words.join(' ')}`);
      }
    });
  });
}

/** All commands that do something, down to the last word. */
const commandsBelow = async (
  run: (...args: string[]) => Promise<Answer>,
  words: readonly string[],
): Promise<string[][]> => {
  const { stdout } = await run(...words, '--help');
  const section = /\nCommands:\n([\s\S]*?)(\n\n|$)/.exec(stdout)?.[1] ?? '';
  const names = [...section.matchAll(/^ {2}([a-z][\w-]*)/gm)].flatMap(([, name = '']) =>
    name === 'help' ? [] : [name],
  );
  const below = await Promise.all(names.map((name) => commandsBelow(run, [...words, name])));
  return names.length === 0 ? [[...words]] : below.flat();
};

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** RFC 4180; no cell of the program's has a line break, since it writes those as escapes. */
const parseCsv = (text: string): string[][] =>
  linesOf(text).map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(([, quoted, plain = '']) =>
      quoted === undefined ? plain : quoted.replaceAll('""', '"'),
    ),
  );

/** What a spreadsheet may see of a value: a text that would be a formula begins with an apostrophe. */
const csvCells = (value: unknown): string[] => {
  if (value === null) return ['-', ''];
  const text = escaped(String(value));
  return [/^[=+\-@]./.test(text) ? `'${text}` : text];
};

const escaped = (text: string): string =>
  text
    .replace(/[\u0000-\u001f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/[\u202a-\u202e]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
