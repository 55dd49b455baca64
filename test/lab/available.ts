import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian's own signing keys: without them no download could be checked. */
export const ARCHIVE_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const PROGRAMS = ['apt-get', 'dpkg', 'dpkg-deb', 'flock', 'umount'];

/**
 * Why this host cannot run a lab; `undefined` when it can.
 * Tests skip with these words: `describe.skipIf(labUnavailable())`.
 */
export const labUnavailable = (): string | undefined => {
  if (process.platform !== 'linux') return `the lab needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) {
    return 'the lab starts containerd, dockerd and runc, which needs root: run it with sudo';
  }
  const distribution = distributionName();
  const missing = PROGRAMS.filter((program) => onPath(program) === undefined);
  if (missing.length > 0) {
    return `the lab unpacks Debian packages, and ${missing.join(', ')} is not on this host (${distribution}); use Debian 12 or later`;
  }
  if (!existsSync(ARCHIVE_KEYRING)) {
    return `Debian's archive keys are not at ${ARCHIVE_KEYRING} on this host (${distribution}); on Debian, install debian-archive-keyring`;
  }
  return undefined;
};

/** Where a program is on this process's PATH. */
export const onPath = (program: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find(isExecutable);

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const distributionName = (): string => {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown distribution';
  }
};
