import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

import { labUnavailable } from '../lab/available.ts';

const ROOT = join(import.meta.dirname, '../..');
const reason = labUnavailable();

/** What `npm start` runs after the build, where no process but its own is to be seen and /run and /var/lib are empty. */
const start = async (
  args: readonly string[],
  { make = '', env = {} }: { readonly make?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ stdout: string; stderr: string; exitCode: number | undefined }> => {
  const script = `mount -t tmpfs none /run && mount -t tmpfs none /var/lib && ${make} exec "$@"`;
  const { stdout, stderr, exitCode } = await execa(
    'unshare',
    [
      ...['--mount', '--pid', '--net', '--fork', '--mount-proc', 'sh', '-c', script, 'sh'],
      ...[process.execPath, join(ROOT, 'scripts/start.ts'), ...args],
    ],
    {
      reject: false,
      stdin: 'ignore',
      stripFinalNewline: false,
      timeout: 60_000,
      env: {
        CONTAINERD_ADDRESS: undefined,
        CONTAINERD_NAMESPACE: undefined,
        DOCKER_HOST: undefined,
        FORCE_COLOR: undefined,
        ...env,
      },
    },
  );
  return { stdout, stderr, exitCode };
};

describe(`npm start${reason === undefined ? '' : `, skipped: ${reason}`}`, {
  skip: reason !== undefined,
}, () => {
  test('opens the sample host where there is nothing to see, and says so', async () => {
    const { stdout, stderr, exitCode } = await start([]);
    expect(stderr).toMatch(
      /^npm start: this machine has no containerd, no Docker .* recorded sample host, samples\/web-1/,
    );
    expect(stderr).toMatch(/bundle of web-1, captured/);
    expect(stdout).toMatch(/^✓ PASS/);
    expect(exitCode).toBe(0);
  });

  test('passes its arguments on', async () => {
    const { stdout, stderr, exitCode } = await start(['get', 'namespaces', '-q']);
    expect(stderr).toMatch(/^npm start: .*recorded sample host/);
    expect(stdout).toBe('blog\nmoby\nshop\nstorage\n');
    expect(exitCode).toBe(0);
    const version = await start(['--version']);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await start(['get', 'nothing'])).exitCode).toBe(2);
  });

  test.for<readonly [what: string, make: string]>([
    ['a directory of containerd', 'mkdir -p /var/lib/containerd &&'],
    ['a directory of Docker', 'mkdir -p /var/lib/docker &&'],
    ['the run directory of containerd', 'mkdir -p /run/containerd &&'],
    ['a socket of Docker', 'touch /run/docker.sock &&'],
  ])('runs the program itself where there is %s', async ([, make]) => {
    const { stdout, stderr, exitCode } = await start([], { make });
    expect(stderr).not.toContain('sample');
    expect(stderr).toContain('no containerd on this machine');
    expect(stdout).toBe('');
    expect(exitCode).toBe(1);
  });

  test('runs the program itself where something is named', async () => {
    for (const [args, env] of [
      [['-a', '/run/none.sock', 'get', 'tasks'], {}],
      [['--address=/run/none.sock', 'get', 'tasks'], {}],
      [['get', 'tasks'], { CONTAINERD_ADDRESS: '/run/none.sock' }],
      [['api', 'list'], {}],
    ] as const) {
      const { stdout, stderr, exitCode } = await start(args, { env });
      expect(stderr, args.join(' ')).not.toContain('sample');
      expect(exitCode).toBe(1);
      expect(stdout).not.toContain('web');
    }
  });

  test('lets a bundle be made of a host with nothing on it', async () => {
    const script = 'bundle create /run/empty.tar.gz';
    const { stdout, stderr, exitCode } = await start(script.split(' '));
    expect(stderr).not.toContain('sample');
    expect(stderr).toContain('no containerd on this machine');
    expect(stdout).toContain('/run/empty.tar.gz');
    expect(exitCode).toBe(0);
  });

  test('is what the program never does by itself', async () => {
    const program = join(ROOT, 'dist/ctrscope.cjs');
    const { stdout, stderr, exitCode } = await execa(
      'unshare',
      [
        ...['--mount', '--pid', '--net', '--fork', '--mount-proc', 'sh', '-c'],
        'mount -t tmpfs none /run && mount -t tmpfs none /var/lib && exec "$@"',
        ...['sh', process.execPath, program, 'report'],
      ],
      { reject: false, env: { CONTAINERD_ADDRESS: undefined, DOCKER_HOST: undefined } },
    );
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 });
    expect(stderr).toContain('no containerd on this machine');
  });
});
