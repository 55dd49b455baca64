/**
 * `npm start`: the program, with its arguments. Where this machine has no containerd, no Docker and none of their
 * directories, there would be nothing to see: then it opens the recorded sample host. The program itself never does that.
 */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { openLiveHost } from '../src/collect/live.ts';
import { seenValue } from '../src/host/observed.ts';
import { facet } from '../src/host/snapshot.ts';
import { wellKnownDockers } from '../src/sources/docker/address.ts';

const ROOT = join(import.meta.dirname, '..');
const SAMPLE = 'samples/web-1.tar.gz';

/** Where containerd and Docker keep what they hold, also while they do not run. */
const DIRECTORIES = [
  '/run/containerd',
  '/var/lib/containerd',
  '/run/docker',
  '/var/lib/docker',
  '/run/k3s/containerd',
  '/var/lib/rancher',
  '/var/snap/docker',
  '/var/snap/microk8s',
];

/** Arguments that say themselves what to look at, and commands for which a recorded host is of no use. */
const OWN_SOURCE = /^(-a|--address|--docker-host|--bundle)(=|$)/;
const LIVE_COMMANDS = ['api', 'bundle', 'verify'];

const args = process.argv.slice(2);
const isSample =
  !args.some((arg) => OWN_SOURCE.test(arg) || LIVE_COMMANDS.includes(arg)) && (await hasNothingToSee());
if (isSample) {
  process.stderr.write(
    `npm start: this machine has no containerd, no Docker and none of their directories; this is a recorded sample host, ${SAMPLE}\n`,
  );
}
const source = isSample ? ['--bundle', join(ROOT, SAMPLE)] : [];
const child = spawn(process.execPath, [join(ROOT, 'dist/ctrscope.cjs'), ...source, ...args], {
  stdio: 'inherit',
});
// A terminal sends Ctrl-C to the program too, which decides what it means.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`npm start: ${error.message}\n`);
  process.exit(1);
});
child.on('close', (code, signal) =>
  process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]),
);

async function hasNothingToSee(): Promise<boolean> {
  const { DOCKER_HOST: dockerHost = '' } = process.env;
  if (dockerHost !== '') return false;
  const sockets = wellKnownDockers(process.env).map(({ address }) => address);
  if ([...DIRECTORIES, ...sockets].some(isThere)) return false;
  const live = openLiveHost({ environment: process.env });
  try {
    const host = await live.collect(['containerd.discovery', 'proc.daemons']);
    const discovery = seenValue(facet(host, 'containerd.discovery'));
    const daemons = seenValue(facet(host, 'proc.daemons'));
    return discovery?.chosen === null && daemons !== undefined && daemons.items.length === 0;
  } finally {
    live.close();
  }
}

// What may not be looked at is there.
function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    return !(
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    );
  }
}
