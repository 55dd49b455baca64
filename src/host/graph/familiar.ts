/** Image names as people write them and as containerd keeps them. */

/** Docker's short form whole: `busybox` is `docker.io/library/busybox:latest` (distribution/reference, ParseNormalizedNamed). */
export const canonicalName = (name: string): string => {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasDomain = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  const domain = hasDomain ? (first === 'index.docker.io' ? 'docker.io' : first) : 'docker.io';
  const path = hasDomain ? name.slice(slash + 1) : name;
  const whole = domain === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  const tagged = /:[^/]*$|@/.test(whole) ? whole : `${whole}:latest`;
  return `${domain}/${tagged}`;
};
