import { describe, expect, test } from 'vitest';

import { canonicalName, familiarName } from '../../src/host/image-name.ts';

const D = `sha256:${'a'.repeat(64)}`;

describe('the name of an image', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1.35', 'docker.io/library/busybox:1.35'],
    ['library/busybox', 'docker.io/library/busybox:latest'],
    ['grafana/grafana:11', 'docker.io/grafana/grafana:11'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest'],
    ['index.docker.io/library/busybox:1', 'docker.io/library/busybox:1'],
    ['registry.test:5000/a/b', 'registry.test:5000/a/b:latest'],
    ['registry.test:5000/a/b:2', 'registry.test:5000/a/b:2'],
    ['localhost/a', 'localhost/a:latest'],
    ['localhost:5000/a:1', 'localhost:5000/a:1'],
    ['Registry/a:1', 'Registry/a:1'],
    [`busybox@${D}`, `docker.io/library/busybox@${D}`],
    [`ghcr.io/a/b:1@${D}`, `ghcr.io/a/b:1@${D}`],
  ])('%s is %s', (familiar, canonical) => {
    expect(canonicalName(familiar)).toBe(canonical);
    expect(canonicalName(canonical)).toBe(canonical);
  });

  test.each([
    ['docker.io/library/busybox:1', 'busybox:1'],
    ['docker.io/grafana/grafana:11', 'grafana/grafana:11'],
    ['docker.io/library/a/b:1', 'library/a/b:1'],
    ['registry.test:5000/a/b:2', 'registry.test:5000/a/b:2'],
  ])('%s is shown as %s, and means the same', (canonical, familiar) => {
    expect(familiarName(canonical)).toBe(familiar);
    expect(canonicalName(familiar)).toBe(canonical);
  });
});
