import { chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';

import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Diagnosis } from '../../src/host/finding.ts';
import { filesIn } from '../bundle/bundles.ts';
import { asNobody } from '../faults/nobody.ts';
import { SINGLE_IMAGE } from '../lab/images.ts';
import { seedLab } from '../lab/seed.ts';
import { sharedLab, skipReason, suites } from '../lab/shared.ts';
import { until } from '../lab/until.ts';
import { craftObjects } from './crafted-objects.ts';
import { EXPECTED } from './expected-items.ts';
import { command, ctrscope, type Document, documentOf, programEnvironment } from './program.ts';
import { rotatingSuites } from './rotation.ts';
import { openWire } from './wire.ts';

const KINDS = Object.keys(EXPECTED);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-live-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

for (const suite of suites()) {
  const reason = skipReason(suite);
  const title = reason === undefined ? suite : `${suite}, skipped: ${reason}`;

  describe(`a bundle of a seeded host (${title})`, { skip: reason !== undefined }, () => {
    const lab = sharedLab(suite, { docker: suite === 'sid' ? 'containerd' : 'graphdriver' });
    const path = (): string => join(folder, `${suite}.tar.gz`);

    beforeAll(async () => {
      await seedLab(lab());
      using wire = openWire(lab().address);
      await craftObjects(lab(), wire);
      const { stdout, stderr, exitCode } = await ctrscope(lab(), ['bundle', 'create', path()]);
      expect(exitCode, stderr).toBe(0);
      expect(stdout).toMatch(/^\S+\n {2}size {6}[\d.]+ KiB, \d+ files\n {2}time {6}\d/);
    });
    // Some of them are names of content that is nowhere; what comes after has the lab as a healthy host.
    afterAll(async () => {
      const { stdout } = await lab().ctr(['images', 'list', '--quiet']);
      const crafted = stdout.split('\n').filter((name) => name.startsWith('crafted.test/'));
      await lab().ctr(['images', 'rm', '--sync', ...crafted]);
    });

    test.for(KINDS)('answers `get %s` as the live host does, field by field', async (kind) => {
      const { live, recorded } = await both(['get', kind]);
      expect(live.items).toBeDefined();
      expect(recorded).toStrictEqual(live);
    });

    if (rotatingSuites().includes(suite)) {
      test('answers for one namespace as the live host does', async () => {
        for (const namespace of [lab().namespace, 'moby', 'nowhere']) {
          for (const kind of KINDS) {
            const { live, recorded } = await both(['get', kind, '-n', namespace]);
            expect(recorded, `${kind} of ${namespace}`).toStrictEqual(live);
          }
        }
      });
    }

    test('answers `inspect --all` as the live host does, specs and Docker records included', async () => {
      const { live, recorded } = await both(['inspect', '--all']);
      expect(live.items?.length).toBeGreaterThan(10);
      expect(recorded).toStrictEqual(live);
    });

    test('answers `report` and `doctor` as the live host does', async () => {
      const { live, recorded } = await both(['report']);
      expect(Object.keys(live['inventory'] as object).toSorted()).toEqual(KINDS.toSorted());
      expect(recorded['inventory']).toStrictEqual(live['inventory']);
      expect(recorded.unknown).toStrictEqual(live.unknown);
      for (const key of ['verdict', 'summary', 'findings', 'probes'])
        expect(recorded[key]).toEqual(live[key]);
      const doctor = await both(['doctor']);
      expect(doctor.recorded).toStrictEqual(doctor.live);
    });

    test('has what the live host said in its files for people', async () => {
      const files = await filesIn(path());
      for (const kind of KINDS) {
        const { recorded } = await both(['get', kind]);
        const file = JSON.parse(files.get(`inventory/${kind}.json`) ?? '') as Document;
        expect(file.from).toBe('live');
        expect(file.items?.length ?? 0, kind).toBe(recorded.items?.length ?? 0);
      }
      // Some of the crafted images are names of content that is nowhere; nothing else is wrong here.
      expect(files.get('report.md')).toMatch(/^## FAIL: /);
      const found = JSON.parse(files.get('findings.json') ?? '') as Diagnosis;
      expect(found.verdict).toBe('fail');
      for (const { id, object } of found.findings)
        expect({ id, object }).toEqual({
          id: 'image-incomplete',
          object: expect.objectContaining({ id: expect.stringMatching(/^crafted\.test\//) }),
        });
    });

    /** The documents without what only time makes different; while the host changes, they are read again. */
    async function both(args: readonly string[]): Promise<{ live: Document; recorded: Document }> {
      const recorded = await documentOf(lab(), ['--bundle', path(), ...args]);
      expect(recorded.from).toBe('bundle');
      const then = timeless(recorded);
      let live = timeless(await documentOf(lab(), args));
      if (isDeepStrictEqual(then, live)) return { live, recorded: then };
      return await until(`the live host says the same twice: ${args.join(' ')}`, async () => {
        const before = live;
        live = timeless(await documentOf(lab(), args));
        return isDeepStrictEqual(before, live) ? { live, recorded: then } : undefined;
      });
    }
  });
}

for (const suite of rotatingSuites()) {
  const reason = skipReason(suite);
  const title = reason === undefined ? suite : `${suite}, skipped: ${reason}`;

  describe(`bundles (${title})`, { skip: reason !== undefined }, () => {
    const lab = sharedLab(suite, { docker: 'graphdriver' });
    const path = (name = 'one'): string => join(folder, `${suite}-${name}.tar.gz`);
    const image = SINGLE_IMAGE;
    const planted = `hunter2-${Math.random().toString(36).slice(2)}`;
    let canary = '';

    beforeAll(async () => {
      ({ canary } = await seedLab(lab()));
      await lab().ctr([
        'containers',
        'create',
        '--label',
        `db.password=${planted}-label`,
        '--label',
        `upstream=https://user:${planted}-url@example.com/`,
        '--env',
        `PLAIN=${planted}-env`,
        image,
        'planted',
        '/bin/tool',
        '--token',
        `${planted}-arg`,
        `--api-key=${planted}-flag`,
      ]);
      const { exitCode, stderr } = await ctrscope(lab(), ['bundle', 'create', path(), '--show-secrets']);
      expect(exitCode, stderr).toBe(0);
    });

    test('have no planted secret in them, not even with --show-secrets', async () => {
      const tar = gunzipSync(await readFile(path())).toString();
      for (const secret of [planted, canary]) {
        expect(tar.includes(secret), secret).toBe(false);
        expect(tar.includes(Buffer.from(secret).toString('base64').slice(0, -3)), secret).toBe(false);
      }
      // Their places are there.
      expect(tar).toContain('db.password');
      expect(tar).toContain('PLAIN=‹withheld›');
      const shown = await ctrscope(lab(), [
        '--bundle',
        path(),
        'inspect',
        'planted',
        '--show-secrets',
        '-o',
        'json',
      ]);
      expect(shown.stdout).toContain('PLAIN=‹withheld›');
      expect(shown.stderr).toContain('a bundle has no secrets');
    });

    test('are refused when a secret would be in them, unless that is allowed', async () => {
      const id = `ghp_${'a1B2'.repeat(6)}`;
      await lab().ctr(['containers', 'create', image, id, '/bin/true']);
      try {
        const refused = await ctrscope(lab(), ['bundle', 'create', path('leak')]);
        expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
        expect(refused.stderr).toMatch(/no bundle was written.*forge token in \S+ line \d+/);
        expect(await readdir(folder)).not.toContain('leak.tar.gz');
        const allowed = await ctrscope(lab(), ['bundle', 'create', path('leak'), '--allow-leaks']);
        expect(allowed.exitCode, allowed.stderr).toBe(0);
      } finally {
        await lab().ctr(['containers', 'delete', id]);
      }
    });

    test('overwrite nothing and need a directory', async () => {
      const before = await readFile(path());
      const again = await ctrscope(lab(), ['bundle', 'create', path()]);
      expect(again).toMatchObject({ exitCode: 1, stdout: '' });
      expect(again.stderr).toContain('is there already, and nothing is overwritten');
      expect(await readFile(path())).toEqual(before);
      const nowhere = await ctrscope(lab(), ['bundle', 'create', join(folder, 'none/x.tar.gz')]);
      expect(nowhere).toMatchObject({ exitCode: 1, stdout: '' });
      expect(nowhere.stderr).toContain('is no directory');
    });

    test('are named after host and time, and have a checksum', async () => {
      const directory = await mkdtemp(join(folder, 'named-'));
      const [file, args] = command(['bundle', 'create', '-q']);
      const { stdout } = await execa(file, args, { cwd: directory, env: programEnvironment(lab()) });
      expect(stdout).toMatch(/^ctrscope-[\w.-]+-\d{8}T\d{6}Z-[0-9a-f]{6}\.tar\.gz$/);
      expect((await readdir(directory)).toSorted()).toEqual([stdout, `${stdout}.sha256`]);
      await execa('sha256sum', ['-c', `${stdout}.sha256`], { cwd: directory });
      expect((await stat(join(directory, stdout))).mode & 0o777).toBe(0o600);
    });

    test('say as JSON what was written', async () => {
      const document = await documentOf(lab(), ['bundle', 'create', path('json')]);
      const { size } = await stat(path('json'));
      // Which fact was not read, where one was not.
      expect(document.unknown).toEqual([]);
      expect(document).toMatchObject({
        kind: 'bundle create',
        from: 'live',
        path: path('json'),
        bytes: size,
        verdict: 'pass',
        findings: 0,
        failed: [],
      });
      expect(document['withheld']).toBeGreaterThan(10);
    });

    test('open for any user, without containerd', async () => {
      const shared = join(lab().root, 'shared.tar.gz');
      await copyFile(path(), shared);
      await chmod(shared, 0o644);
      const { prefix = [], program = [] } = await asNobody(lab());
      const [file = '', ...rest] = [...prefix, ...program];
      const environment = { CONTAINERD_ADDRESS: undefined, DOCKER_HOST: undefined, PATH: '/usr/bin:/bin' };
      for (const args of [
        ['get', 'containers', '-o', 'json'],
        ['inspect', '--all', '-o', 'json'],
        ['report', '-o', 'json'],
      ]) {
        const anyone = await execa(file, [...rest, '--bundle', shared, ...args], {
          env: environment,
          cwd: '/',
          reject: false,
          stripFinalNewline: false,
        });
        expect(anyone.exitCode, anyone.stderr).toBe(0);
        expect(anyone.stdout).toBe((await ctrscope(lab(), ['--bundle', path(), ...args])).stdout);
      }
      const mine = await execa(file, [...rest, '--bundle', path(), 'report'], { cwd: '/', reject: false });
      expect(mine).toMatchObject({ exitCode: 1, stdout: '' });
      expect(mine.stderr).toMatch(/permission denied/);
    });

    test('are limited to a namespace, and do not know the others', async () => {
      const only = path('only');
      await ctrscope(lab(), ['bundle', 'create', only, '-n', lab().namespace]);
      const { items, unknown } = await documentOf(lab(), ['--bundle', only, 'get', 'namespaces']);
      expect(items.map(({ name }) => name)).toEqual([lab().namespace]);
      expect(unknown).toEqual([]);
      const other = await ctrscope(lab(), [
        '--bundle',
        only,
        'get',
        'containers',
        '-n',
        'moby',
        '-o',
        'json',
      ]);
      expect(other.exitCode).toBe(1);
      expect(other.stderr).toContain(`the bundle was made of namespace ${lab().namespace} only`);
      expect((JSON.parse(other.stdout) as Document).items).toBeUndefined();
    });

    test('leave nothing half written when they are interrupted', async () => {
      const directory = await mkdtemp(join(folder, 'interrupted-'));
      for (const ms of [200, 400, 600, 800]) {
        const [file, args] = command(['bundle', 'create', join(directory, `${ms}.tar.gz`)]);
        const child = execa(file, args, { env: programEnvironment(lab()), reject: false });
        setTimeout(() => child.kill('SIGTERM'), ms);
        await child;
      }
      for (const name of await readdir(directory)) {
        expect(name).toMatch(/^\d+\.tar\.gz(\.sha256)?$/);
        if (name.endsWith('.gz')) gunzipSync(await readFile(join(directory, name)));
      }
    });

    test('are made of a host whose containerd does not answer, and say so', async () => {
      const pid = lab().containerdPid;
      if (pid === undefined) throw new Error('the lab has no containerd');
      process.kill(pid, 'SIGSTOP');
      try {
        const made = await ctrscope(lab(), ['bundle', 'create', path('stopped')]);
        expect(made.exitCode, made.stderr).toBe(0);
        expect(made.stdout).toMatch(/findings {2}\S.+/);
        expect(made.stdout).toMatch(/unread {4}host\/containerd\.\S+: /);
        const live = await documentOf(lab(), ['doctor']);
        process.kill(pid, 'SIGCONT');
        const recorded = await documentOf(lab(), ['--bundle', path('stopped'), 'doctor']);
        expect(recorded['verdict']).toBe('fail');
        const ids = (document: Document): unknown =>
          (document['findings'] as { id: string; fingerprint: string }[]).map(({ id, fingerprint }) => [
            id,
            fingerprint,
          ]);
        expect(ids(recorded)).toEqual(ids(live));
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    });

    test('are the same to every command when containerd is gone', async () => {
      const before = await ctrscope(lab(), ['--bundle', path(), 'report', '-o', 'json']);
      await lab().stopContainerd();
      try {
        const after = await ctrscope(lab(), ['--bundle', path(), 'report', '-o', 'json']);
        expect(after.stdout).toBe(before.stdout);
        expect(after.exitCode).toBe(0);
        const opened = await ctrscope(lab(), ['bundle', 'open', path()]);
        expect(opened.stdout).toMatch(/^✓ PASS/);
        expect(opened.stderr).toMatch(/bundle of \S+, captured \S+ ago/);
      } finally {
        await lab().startContainerd();
      }
    });

    test('of another kind are no bundles', async () => {
      await writeFile(join(folder, 'text'), 'hello');
      const answer = await ctrscope(lab(), ['bundle', 'open', join(folder, 'text')]);
      expect(answer).toMatchObject({ exitCode: 1, stdout: '' });
      expect(answer.stderr).toBe(`ctrscope: ${join(folder, 'text')}: it is no gzip file\n`);
    });
  });
}

/** Without times of reading, and without words that count the time since. */
function timeless(document: Document): Document {
  const { at: _, from: __, timings: ___, ...rest } = document;
  const text = JSON.stringify(rest, (key, value: unknown) => {
    // When each piece of a finding's evidence was read.
    if (key === 'at') return undefined;
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value !== 'string' || key === '') return value;
    return value
      .replace(/\b\d[\w.]* ago\b/, 'some time ago')
      .replace(/^(Up|Exited \(\d+\)) .*?( ago)?( \(.*\))?$/, '$1 some time$3');
  });
  return JSON.parse(text) as Document;
}
