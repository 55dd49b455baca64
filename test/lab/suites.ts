/** A Debian suite whose containerd, Docker and runc the lab runs. */
export type Suite = 'bookworm' | 'trixie' | 'sid';

/** Every suite, oldest first. */
export const SUITES: readonly Suite[] = ['bookworm', 'trixie', 'sid'];

/** The suite without which there is no lab: any other may be missing, loudly. */
export const REQUIRED_SUITE: Suite = 'bookworm';

/** Which image store a lab's dockerd uses; `false` is a lab without dockerd. */
export type DockerStore = 'graphdriver' | 'containerd' | false;

/** Whether a word from the command line or the environment names a suite. */
export const isSuite = (word: string): word is Suite => SUITES.some((suite) => suite === word);

/** The packages that are downloaded and unpacked, never installed. */
export const PACKAGES: Readonly<Record<Suite, readonly string[]>> = {
  // The docker client is part of docker.io here; patchelf and busybox serve all suites.
  bookworm: [
    'containerd',
    'docker.io',
    'runc',
    'libc6',
    'libseccomp2',
    'libdevmapper1.02.1',
    'tini',
    'patchelf',
    'busybox-static',
  ],
  trixie: ['containerd', 'docker.io', 'docker-cli', 'runc', 'libc6', 'libseccomp2', 'tini'],
  // docker-init is a link to tini-static, a package of its own since tini 0.19.0-6.
  sid: ['containerd', 'docker.io', 'docker-cli', 'runc', 'libc6', 'libseccomp2', 'tini-static'],
};

/** The suites that have dockerd's containerd image store as something to switch on. */
export const hasContainerdStore = (suite: Suite): boolean => suite === 'sid';
