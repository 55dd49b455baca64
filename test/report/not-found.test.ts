/** Who asks for what is not there is told where it was looked for, and what may be tried. */
import { expect, test } from 'vitest';
import { namespaceName } from '../../src/host/ids.ts';
import { notFoundHints } from '../../src/report/not-found.ts';
import { blob, image, listed, made, sha, unread } from '../host/graph/made.ts';

const HOST = made({
  images: [image('docker.io/library/web:1', sha('a'))],
  content: [blob(sha('a')), blob(sha('b'))],
  over: { 'containerd.leases': unread() },
});

test('the lists that were read are counted, and no other', () => {
  const [looked, tries, ...more] = notFoundHints(HOST, 'nosuch', 'why');
  expect(looked).toBe('looked among 1 image, 2 blobs, 0 snapshots, 0 containers, 0 ingests, 0 sandboxes');
  expect(tries).toContain('4 or more characters');
  expect(more).toEqual([]);
});

test('a namespace that was named is said', () => {
  const hints = notFoundHints({ ...HOST, scope: { namespaces: [namespaceName('shop')] } }, 'nosuch', 'why');
  expect(hints[0]).toMatch(/ of namespace shop only$/);
  expect(hints.at(-1)).toMatch(/^without --namespace/);
});

test('a path and a process are shown the way to their owner', () => {
  expect(notFoundHints(HOST, "/srv/it's\x1b[31m", 'why').at(-1)).toBe(
    "for a path or a cgroup: ctrscope owner '/srv/it'\\''s\\x1b[31m'",
  );
  expect(notFoundHints(HOST, '71', 'owner').at(-1)).toBe(
    'for process 71: ctrscope owner "$(tail -n 1 /proc/71/cgroup)"',
  );
});

test('of a path, the directories that it is not below', () => {
  const root = '/srv/c';
  const plugin = {
    type: 'io.containerd.content.v1',
    id: 'content',
    status: 'ok' as const,
    error: null,
    requires: [],
    platforms: [],
    capabilities: [],
    exports: { root: `${root}/io.containerd.content.v1.content` },
  };
  const host = { ...HOST, facets: { ...HOST.facets, 'containerd.plugins': listed([plugin]) } };
  expect(notFoundHints(host, '/etc/passwd', 'owner')).toEqual(['looked below /srv/c']);
  expect(notFoundHints(HOST, '/etc/passwd', 'owner')).toEqual([]);
});
