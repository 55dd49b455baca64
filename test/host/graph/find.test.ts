import { describe, expect, test } from 'vitest';

import { buildGraph } from '../../../src/host/graph/build.ts';
import { canonicalName } from '../../../src/host/graph/familiar.ts';
import { findObjects } from '../../../src/host/graph/find.ts';
import { digest } from '../../../src/host/ids.ts';
import { blob, container, EARLIER, image, listed, type Made, made, PULLED, sha, snapshot } from './made.ts';

describe('a reference', () => {
  const labels = (lists: Made, reference: string): string[] =>
    findObjects(buildGraph(made(lists)), reference).map(({ label }) => label);

  test.each([
    ['app:1', 'image/shop/docker.io/library/app:1'],
    ['docker.io/library/app:1', 'image/shop/docker.io/library/app:1'],
    ['shop/app:1', 'image/shop/docker.io/library/app:1'],
    [sha('c'), `content/${sha('c')}`],
    ['cccc', `content/${sha('c')}`],
    ['sha256:cccc', `content/${sha('c')}`],
    ['overlayfs/base', 'snapshot/shop/overlayfs/base'],
    ['snapshot/web', 'snapshot/shop/overlayfs/web'],
    ['snapshot/shop/overlayfs/web', 'snapshot/shop/overlayfs/web'],
    ['web', 'container/shop/web'],
    ['container/shop/web', 'container/shop/web'],
  ])('%s means one object', (reference, label) => {
    expect(labels(PULLED, reference)).toEqual([label]);
  });

  test('that is too short, or nobody has, means none', () => {
    for (const reference of ['ccc', 'sha256:', 'sha256:ccc', sha('f'), 'app:2', 'image/web', 'blog/web']) {
      expect(labels(PULLED, reference), reference).toEqual([]);
    }
  });

  test('that several objects have means all of them, each with a label that means it alone', () => {
    const lists: Made = {
      containers: [container('web'), container('web', { namespace: 'blog' })],
      snapshots: [snapshot(sha('c'))],
      content: [blob(sha('c')), blob(sha('c'), {}, 'blog')],
    };
    for (const reference of ['web', sha('c')]) {
      const found = labels(lists, reference);
      expect(found.length, reference).toBe(2);
      for (const label of found) expect(labels(lists, label)).toEqual([label]);
    }
  });

  test("means containerd's record where Docker calls it the same, and Docker's image where there is none", () => {
    const dockers = (id: string, tags: string[]) => ({
      id: digest(id),
      tags,
      digests: [],
      size: 1n,
      containers: 0,
      labels: {},
      createdAt: EARLIER,
      target: null,
    });
    const lists: Made = {
      images: [image('docker.io/library/app:1', sha('a'), {}, 'moby')],
      content: [blob(sha('a'), {}, 'moby')],
      over: { 'docker.images': listed([dockers(sha('a'), ['app:1']), dockers(sha('b'), ['other:latest'])]) },
    };
    expect(labels(lists, 'app:1')).toEqual(['image/moby/docker.io/library/app:1']);
    expect(labels(lists, sha('a'))).toEqual([`content/${sha('a')}`]);
    expect(labels(lists, 'other')).toEqual([`image/moby/${sha('b')}`]);
    expect(labels(lists, sha('b'))).toEqual([`image/moby/${sha('b')}`]);
  });

  test('of an image is completed as Docker does', () => {
    expect(canonicalName('busybox')).toBe('docker.io/library/busybox:latest');
    expect(canonicalName('a/b:1')).toBe('docker.io/a/b:1');
    expect(canonicalName('localhost/b')).toBe('localhost/b:latest');
    expect(canonicalName('registry.test:5000/a/b:2')).toBe('registry.test:5000/a/b:2');
    expect(canonicalName(`docker.io/busybox@${sha('a')}`)).toBe(`docker.io/library/busybox@${sha('a')}`);
  });
});
