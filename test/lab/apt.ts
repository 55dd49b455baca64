import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';

import { ARCHIVE_KEYRING } from './available.ts';
import type { Suite } from './suites.ts';

/**
 * Downloads packages of one suite and unpacks them below a folder; nothing is installed and the host's own
 * apt keeps its lists, caches and sources. The work folder is for this call alone and may go afterwards.
 * @returns the version of each package
 */
export const downloadPackages = async (
  suite: Suite,
  packages: readonly string[],
  into: string,
  { workFolder }: { workFolder: string },
): Promise<Readonly<Record<string, string>>> => {
  const config = await writePrivateApt(suite, workFolder);
  const debs = join(workFolder, 'debs');
  await mkdir(debs);
  // Only what a daemon needs of the host's environment; LC_ALL keeps apt's complaints in one language.
  const options = { env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }, cwd: debs, timeout: 600_000 };
  try {
    await execa('apt-get', ['--config-file', config, '--quiet=2', '--error-on=any', 'update'], options);
    await execa('apt-get', ['--config-file', config, '--quiet=2', 'download', ...packages], options);
  } catch (error) {
    throw new Error(
      `unable to download ${packages.join(' ')} of ${suite}: ${failureOf(error)}; check that the mirror in the host's apt sources is reachable and carries ${suite}`,
    );
  }
  await mkdir(into, { recursive: true });
  const versions: Record<string, string> = {};
  for (const file of (await readdir(debs)).sort()) {
    const deb = join(debs, file);
    await execa('dpkg-deb', ['--extract', deb, into]);
    const { stdout } = await execa('dpkg-deb', ['--field', deb, 'Package', 'Version']);
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(stdout)?.[1] ?? 'unknown';
    versions[field('Package')] = field('Version');
  }
  return versions;
};

/** The lines of a failed command that say why. */
export const failureOf = (error: unknown): string => {
  const { stderr, shortMessage } = error as { stderr?: unknown; shortMessage?: unknown };
  const complaint = typeof stderr === 'string' ? stderr.trim().split('\n').slice(-3).join(' / ') : '';
  return complaint || (typeof shortMessage === 'string' ? shortMessage : String(error));
};

/** An apt of its own: sources, lists, caches and status apart from the host's; proxies and the like stay. */
const writePrivateApt = async (suite: Suite, folder: string): Promise<string> => {
  const lists = join(folder, 'lists');
  const cache = join(folder, 'cache');
  await Promise.all([
    mkdir(join(lists, 'partial'), { recursive: true }),
    mkdir(join(cache, 'archives', 'partial'), { recursive: true }),
  ]);
  const sources = join(folder, 'sources.list');
  const status = join(folder, 'status');
  const config = join(folder, 'apt.conf');
  await writeFile(sources, `deb [signed-by=${ARCHIVE_KEYRING}] ${await hostMirror()} ${suite} main\n`);
  await writeFile(status, ''); // as if nothing were installed: the candidate is always the suite's
  await writeFile(
    config,
    [
      // Hooks of the host's own apt: they would refresh things that this apt has nothing to do with.
      '#clear APT::Update::Pre-Invoke;',
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Update::Post-Invoke-Success;',
      '#clear Acquire::IndexTargets::deb::Contents-deb;',
      `Dir::Etc::sourcelist "${sources}";`,
      'Dir::Etc::sourceparts "/dev/null";',
      'Dir::Etc::preferences "/dev/null";',
      'Dir::Etc::preferencesparts "/dev/null";',
      `Dir::State::lists "${lists}";`,
      `Dir::State::status "${status}";`,
      `Dir::Cache "${cache}";`,
      'Acquire::Languages "none";',
      'Acquire::http::Timeout "20";', // a network that swallows packets costs seconds, not minutes
      'Acquire::https::Timeout "20";',
      'Acquire::Retries "1";',
      // apt's unprivileged user cannot write below a home directory.
      'APT::Sandbox::User "root";',
      '',
    ].join('\n'),
  );
  return config;
};

/** The Debian mirror that the host's own sources name. */
const hostMirror = async (): Promise<string> => {
  const { stdout } = await execa('apt-get', [
    'indextargets',
    '--format',
    '$(IDENTIFIER) $(COMPONENT) $(ORIGIN) $(REPO_URI)',
  ]);
  const targets = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([identifier, component, origin, uri]) =>
      identifier === 'Packages' && component === 'main' && uri !== undefined ? [{ origin, uri }] : [],
    )
    .filter(({ uri }) => /^(https?|mirror\+https?|file|copy):/.test(uri) && !/-security\/?$/.test(uri));
  // The origin is known once the host has fetched its lists; before that, the path has to do.
  const debian =
    targets.find(({ origin }) => origin === 'Debian') ?? targets.find(({ uri }) => /\/debian\/?$/.test(uri));
  if (debian === undefined) {
    throw new Error("the host's apt sources name no Debian mirror; the lab takes its packages from there");
  }
  return debian.uri;
};
