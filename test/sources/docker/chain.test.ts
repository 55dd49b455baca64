import { describe, expect, test } from 'vitest';

import { chains } from '../../../src/host/chain.ts';
import { decodeSnapshot, encode } from '../../../src/host/codec.ts';
import { DOCKERS_LABEL, dockerContainers } from '../../../src/host/docker-join.ts';
import { containerId, digest, namespaceName, snapshotKey } from '../../../src/host/ids.ts';
import { seen, unknown } from '../../../src/host/observed.ts';
import { chainItem, chainLines } from '../../../src/report/chain.ts';
import { AT, bodyOf, dockerOf, endpointOf, hostWith, listed, recordOf, taskOf } from './hosts.ts';

const DENIED = unknown('denied', 'GET /_ping', 'Docker at /run/docker.sock: permission denied', AT, 1);
const GRAPHDRIVER = seen('graphdriver', 'GET /info: Driver overlay2', AT) as ReturnType<
  typeof endpointOf
>['mode'];
const CONTAINERD = seen('containerd', 'GET /info: driver-type', AT) as ReturnType<typeof endpointOf>['mode'];

describe('a chain', () => {
  const linkOf = (host: ReturnType<typeof hostWith>, layer: string, id = 'a') => {
    const chain = chains(host, (subject) => subject.id === id)[0];
    return chain?.links.find((link) => link.layer === layer);
  };
  const running = {
    'containerd.containers': listed([recordOf('a')]),
    'containerd.tasks': listed([taskOf('a', 'RUNNING', 100)]),
    'containerd.bodies': listed([]),
    'containerd.snapshots': listed([]),
    'containerd.images': listed([]),
    'docker.containers': listed([dockerOf('a', 'running'), dockerOf('stopped', 'exited')]),
    'docker.bodies': listed([bodyOf('a', {})]),
    'docker.endpoint': seen(endpointOf(GRAPHDRIVER, 'overlay2'), 'GET /info', AT),
  } as const;

  test('begins with Docker, and has evidence of both sides', () => {
    const [chain] = chains(hostWith(running));
    expect(chain?.links.map(({ layer }) => layer)).toEqual([
      'docker',
      'containerd',
      'task',
      'snapshot',
      'image',
    ]);
    expect(chain?.links[0]).toMatchObject({
      state: 'present',
      facts: { name: 'name-of-a', pid: 100, mode: 'graphdriver', limits: { Memory: 67_108_864n } },
      evidence: [{ says: 'running, pid 100' }, { source: 'Tasks.List', says: 'RUNNING, pid 100' }],
    });
    if (chain === undefined) throw new Error('no chain');
    expect(chainItem(chain)).toMatchObject({ name: 'name-of-a', image: 'nginx:1.27', status: 'RUNNING' });
    expect(chainLines(chain).join('\n')).toContain('Memory = 67108864');
  });

  test('of a container that Docker alone keeps: Docker present, containerd absent, and that is normal', () => {
    const host = hostWith(running);
    const chain = chains(host, ({ id }) => id === 'stopped')[0];
    if (chain === undefined) throw new Error('no chain');
    expect(chain.links.map(({ layer, state }) => `${layer} ${state}`)).toEqual([
      'docker present',
      'containerd absent',
      'task absent',
      'snapshot absent',
      'image absent',
    ]);
    expect(chain.verdict).toBe('not running: exited 3, and only Docker keeps it');
    expect(linkOf(host, 'containerd', 'stopped')?.evidence[0]?.says).toContain('which is normal');
    expect(linkOf(host, 'snapshot', 'stopped')?.evidence[0]?.says).toContain('graphdriver overlay2');
    expect(chainItem(chain)).toMatchObject({
      namespace: 'moby',
      name: 'name-of-stopped',
      status: null,
      pid: null,
      spec: null,
    });
    expect(chain.gaps).toEqual([]);
  });

  test("finds the snapshot and the image of Docker's containerd store, though the record names none", () => {
    const host = hostWith({
      ...running,
      'docker.endpoint': seen(endpointOf(CONTAINERD, 'overlayfs'), 'GET /info', AT),
      'docker.bodies': listed([bodyOf('a', {}, 'overlayfs')]),
      'containerd.snapshots': listed([
        {
          namespace: namespaceName('moby'),
          snapshotter: 'overlayfs',
          key: snapshotKey('a'),
          parent: null,
          kind: 'Active',
          labels: {},
          createdAt: AT,
          updatedAt: AT,
        },
      ]),
      'containerd.images': listed([
        {
          namespace: namespaceName('moby'),
          name: 'docker.io/library/nginx:1.27',
          target: { mediaType: '', digest: digest('sha256:image'), size: 1n, annotations: {} },
          labels: {},
          createdAt: AT,
          updatedAt: AT,
        },
      ]),
    });
    expect(linkOf(host, 'snapshot')).toMatchObject({
      state: 'present',
      facts: { snapshotter: 'overlayfs', name: 'a' },
    });
    expect(linkOf(host, 'image')).toMatchObject({
      state: 'present',
      facts: { name: 'docker.io/library/nginx:1.27' },
    });
    // Its snapshot is gone: Docker cannot start it.
    expect(linkOf(host, 'snapshot', 'stopped')?.state).toBe('disagreeing');
    expect(chains(host, ({ id }) => id === 'stopped')[0]?.verdict).toContain('overlayfs does not have');
  });

  test('where Docker says running and containerd has nothing is broken, and says so', () => {
    const host = hostWith({
      ...running,
      'containerd.containers': listed([]),
      'containerd.tasks': listed([]),
    });
    expect(linkOf(host, 'docker')?.state).toBe('disagreeing');
    expect(linkOf(host, 'containerd')).toMatchObject({ state: 'disagreeing' });
    expect(chains(host)[0]?.verdict).toBe(
      'broken: Docker says running, pid 100, and containerd has no record of it',
    );
  });

  test('where the task runs and Docker says exited names both sides', () => {
    const host = hostWith({
      ...running,
      'docker.containers': listed([dockerOf('a', 'exited')]),
      'docker.bodies': listed([]),
    });
    expect(chains(host)[0]?.verdict).toBe(
      'running, pid 100; Docker disagrees: it says exited 3, containerd has RUNNING, pid 100',
    );
  });

  test('of a record that Docker made and does not know disagrees; of any other it is absent', () => {
    const own = recordOf('left', { labels: { [DOCKERS_LABEL]: '/run/docker/containerd/left' } });
    const host = hostWith({ ...running, 'containerd.containers': listed([own, recordOf('by-hand')]) });
    expect(linkOf(host, 'docker', 'left')?.state).toBe('disagreeing');
    expect(linkOf(host, 'docker', 'by-hand')?.state).toBe('absent');
    expect(chains(host, ({ id }) => id === 'left')[0]?.verdict).toContain('Docker made the record');
  });

  test('where Docker could not be read is unknown there, and whole elsewhere', () => {
    const host = hostWith({ ...running, 'docker.containers': DENIED });
    const [chain] = chains(host);
    expect(chain?.links[0]).toMatchObject({ state: 'unknown', evidence: [{ says: DENIED.why }] });
    expect(chain?.verdict).toBe('running, pid 100');
    if (chain === undefined) throw new Error('no chain');
    expect(chainItem(chain)).not.toHaveProperty('name');
  });

  test('where containerd could not be read still has what Docker says', () => {
    const host = hostWith({ ...running, 'containerd.containers': DENIED, 'containerd.tasks': DENIED });
    const chain = chains(host, ({ id }) => id === 'a')[0];
    expect(chain?.links.slice(0, 3).map(({ state }) => state)).toEqual(['present', 'unknown', 'unknown']);
    expect(chain?.verdict).toContain('Docker says running, pid 100');
  });

  test('with a hostile name is shown escaped', () => {
    const name = 'a\u001b[2J\u202e';
    const host = hostWith({ ...running, 'docker.containers': listed([dockerOf('a', 'running', name)]) });
    const [chain] = chains(host);
    if (chain === undefined) throw new Error('no chain');
    const lines = chainLines(chain).join('\n');
    expect(lines).not.toContain('\u001b');
    expect(lines).not.toContain('\u202e');
    expect(lines).toContain('\\x1b[2J\\u202e');
  });

  test('can be followed in a snapshot that was written and read back', () => {
    const host = hostWith(running);
    const again = decodeSnapshot(encode(host));
    expect(again).toEqual(host);
    expect(chains(again)).toEqual(chains(host));
    expect(dockerContainers(again)('moby', containerId('a'))?.names).toEqual(['name-of-a']);
  });
});
