/** OCI platforms as text, in containerd's spelling (github.com/containerd/platforms: Format, Normalize). */
import type { Platform } from './containerd.ts';

export interface PlatformParts {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
}

/** `os/architecture[/variant]`, empty parts left out. */
export const formatPlatform = (platform: PlatformParts): Platform =>
  platform.os === ''
    ? 'unknown'
    : [platform.os, platform.architecture, platform.variant].filter((part) => part !== '').join('/');

/** The spelling that containerd gives a platform read from an image's config. */
export const normalizePlatform = ({ os, architecture, variant }: PlatformParts): PlatformParts => {
  const given = architecture.toLowerCase();
  const arch = ALIASES.get(given) ?? given;
  // armel names a variant, too: it is the Debian port for processors before ARMv7.
  const named = given === 'armel' ? 'v6' : variant.toLowerCase();
  return { os: os.toLowerCase(), architecture: arch, variant: normalizeVariant(arch, named) };
};

const ALIASES: ReadonlyMap<string, string> = new Map([
  ['i386', '386'],
  ['x86_64', 'amd64'],
  ['x86-64', 'amd64'],
  ['aarch64', 'arm64'],
  ['armhf', 'arm'],
  ['armel', 'arm'],
]);

function normalizeVariant(architecture: string, variant: string): string {
  if (architecture === 'amd64') return variant === 'v1' ? '' : variant;
  if (architecture === 'arm64') return variant === '8' || variant === 'v8' ? '' : variant;
  if (architecture !== 'arm') return variant;
  return variant === '' ? 'v7' : /^\d+$/.test(variant) ? `v${variant}` : variant;
}
