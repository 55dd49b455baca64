/** One name of an image, as Docker shows it (familiar) and as containerd keeps it (canonical). */

const HUB = 'docker.io';
const OFFICIAL = 'library';

/** Names that Docker gives to images without one, in containerd's store. */
export const DANGLING = 'moby-dangling@';

/**
 * `busybox` → `docker.io/library/busybox:latest`, `ghcr.io/a/b@sha256:…` as it is.
 * The first part is a registry when it has a dot, a port, a capital letter or is `localhost` (distribution's `splitDockerDomain`).
 */
export const canonicalName = (reference: string): string => {
  const at = reference.indexOf('@');
  const digest = at === -1 ? '' : reference.slice(at);
  const named = at === -1 ? reference : reference.slice(0, at);
  const colon = named.lastIndexOf(':');
  const tagged = colon > named.lastIndexOf('/');
  const tag = tagged ? named.slice(colon) : digest === '' ? ':latest' : '';
  return `${canonicalRepository(tagged ? named.slice(0, colon) : named)}${tag}${digest}`;
};

/** `docker.io/library/busybox:1` → `busybox:1`. */
export const familiarName = (reference: string): string => {
  if (!reference.startsWith(`${HUB}/`)) return reference;
  const path = reference.slice(HUB.length + 1);
  const official = path.startsWith(`${OFFICIAL}/`) && !path.slice(OFFICIAL.length + 1).includes('/');
  return official ? path.slice(OFFICIAL.length + 1) : path;
};

function canonicalRepository(name: string): string {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isRegistry = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const domain = isRegistry ? first : HUB;
  const path = isRegistry ? name.slice(slash + 1) : name;
  if (domain !== HUB && domain !== `index.${HUB}`) return `${domain}/${path}`;
  return `${HUB}/${path.includes('/') ? path : `${OFFICIAL}/${path}`}`;
}
