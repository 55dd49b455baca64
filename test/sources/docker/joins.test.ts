import { describe, expect, test } from 'vitest';

import type { DockerDiscovery } from '../../../src/host/docker.ts';
import { agreement } from '../../../src/host/docker-agreement.ts';
import { isDockersNamespace } from '../../../src/host/docker-join.ts';
import { subjects } from '../../../src/host/docker-subjects.ts';
import { namespaceName, pid } from '../../../src/host/ids.ts';
import { containers } from '../../../src/host/kinds/containers.ts';
import { tasks } from '../../../src/host/kinds/tasks.ts';
import { absent, type Gap, seen, unknown } from '../../../src/host/observed.ts';
import { resolveContainers } from '../../../src/host/reference.ts';
import { AT, bodyOf, dockerOf, hostWith, listed, recordOf, taskOf } from './hosts.ts';

const DENIED = unknown('denied', 'GET /_ping', 'Docker at /run/docker.sock: permission denied', AT, 1);

const gapOf = (object: Gap['object']): Gap => ({
  ...unknown('failed', 'GET /containers/json', 'a bad record', AT, 0),
  ...(object === undefined ? {} : { object }),
});

const discoveryOf = (namespace: string | null): DockerDiscovery => ({
  containerd: '/run/containerd/containerd.sock',
  candidates: [],
  chosen: {
    address: '/run/docker.sock',
    origin: 'process',
    named: 'dockerd, pid 7',
    api: DENIED,
    containerd: absent('', AT),
    namespace: namespace === null ? null : namespaceName(namespace),
    belongs: true,
  },
});

describe("Docker's namespace", () => {
  test.each([
    ['moby', 'moby', true],
    ['moby', 'moby-165536.165536', true],
    ['moby', 'moby-dev', false],
    ['moby', 'mobydick', false],
    ['moby', 'plugins.moby', false],
    ['mine', 'moby', false],
  ])('%s is that of %s: %s', (docker, namespace, is) => {
    expect(isDockersNamespace(docker, namespace)).toBe(is);
  });
});

describe('the name of a container', () => {
  const names = (host: ReturnType<typeof hostWith>): unknown[] =>
    containers.rows(host).map((row) => containers.item(row)['name']);
  const cells = (host: ReturnType<typeof hostWith>): unknown[] => {
    const column = containers.columns.find(({ id }) => id === 'name');
    return containers.rows(host).map((row) => column?.text(row, AT));
  };
  const records = [recordOf('a'), recordOf('b', { namespace: namespaceName('k8s.io') }), recordOf('c')];
  const facets = {
    'containerd.containers': listed(records),
    'containerd.tasks': listed([taskOf('a', 'RUNNING')]),
  } as const;

  test("is Docker's, null where Docker has none, also for the same id in another namespace", () => {
    const host = hostWith({
      ...facets,
      'docker.containers': listed([dockerOf('a', 'running', 'web'), dockerOf('b', 'running', 'stolen')]),
    });
    // k8s.io comes before moby.
    expect(names(host)).toEqual([null, 'web', null]);
    expect(cells(host)).toEqual(['-', 'web', '-']);
  });

  test('is null everywhere without a Docker', () => {
    expect(names(hostWith({ ...facets, 'docker.containers': absent('', AT) }))).toEqual([null, null, null]);
  });

  test('is not known where Docker could not be read, but in namespaces that are not its own', () => {
    const host = hostWith({ ...facets, 'docker.containers': DENIED });
    expect(names(host)).toEqual([undefined, undefined, undefined]);
    expect(cells(host)).toEqual(['?', '?', '?']);
    const told = hostWith({
      ...facets,
      'docker.containers': DENIED,
      'docker.discovery': seen(discoveryOf('moby'), '', AT),
    });
    expect(names(told)).toEqual([null, undefined, undefined]);
    expect(Object.keys(containers.item(containers.rows(told)[1] as never))).not.toContain('name');
  });

  test('is not known of the record that was bad, and of all that it may have been', () => {
    const items = [dockerOf('a', 'running', 'web')];
    const discovery = { 'docker.discovery': seen(discoveryOf('moby'), '', AT) } as const;
    const one = listed(items, [gapOf({ kind: 'container', id: 'c' })]);
    expect(names(hostWith({ ...facets, ...discovery, 'docker.containers': one }))).toEqual([
      null,
      'web',
      undefined,
    ]);
    const some = listed(items, [gapOf({ kind: 'container' })]);
    expect(names(hostWith({ ...facets, ...discovery, 'docker.containers': some }))).toEqual([
      null,
      'web',
      undefined,
    ]);
    const other = listed(items, [gapOf({ kind: 'docker', id: '/run/other.sock' })]);
    expect(names(hostWith({ ...facets, ...discovery, 'docker.containers': other }))).toEqual([
      undefined,
      'web',
      undefined,
    ]);
    const stopped = listed(items, [
      gapOf({ kind: 'containers without a containerd record', namespace: 'moby' }),
    ]);
    expect(names(hostWith({ ...facets, ...discovery, 'docker.containers': stopped }))).toEqual([
      null,
      'web',
      null,
    ]);
  });

  test('is on tasks too, and finds both', () => {
    const host = hostWith({ ...facets, 'docker.containers': listed([dockerOf('a', 'running', 'web')]) });
    expect(tasks.rows(host).map((row) => tasks.item(row))).toMatchObject([{ id: 'a', name: 'web' }]);
    expect(tasks.rows(host).map((row) => tasks.names?.(row))).toEqual([['web']]);
    expect(containers.rows(host).map((row) => containers.names?.(row))).toEqual([[], ['web'], []]);
  });

  test('is joined in one pass: 5,000 of them in the blink of an eye', () => {
    const ids = Array.from({ length: 5000 }, (_, i) => `id-${i}`);
    const host = hostWith({
      'containerd.containers': listed(ids.map((id) => recordOf(id))),
      'containerd.tasks': listed(ids.map((id) => taskOf(id, 'RUNNING'))),
      'docker.containers': listed(
        ids.map((id) => dockerOf(id, 'running')),
        [gapOf({ kind: 'container', id: 'x' })],
      ),
    });
    const started = performance.now();
    expect(containers.rows(host).every(({ docker }) => docker)).toBe(true);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('Docker and containerd', () => {
  const row = (
    status: Parameters<typeof taskOf>[1] | 'none',
    number = 100,
  ): Parameters<typeof agreement>[2] => ({
    container: recordOf('a'),
    task: status === 'none' ? null : taskOf('a', status, number),
    docker: null,
  });

  test.each([
    ['running', 'RUNNING', 'agree'],
    ['running', 'PAUSED', 'disagree'],
    ['running', 'STOPPED', 'disagree'],
    ['running', 'CREATED', 'disagree'],
    ['running', 'none', 'disagree'],
    ['paused', 'PAUSED', 'agree'],
    ['paused', 'PAUSING', 'agree'],
    ['paused', 'RUNNING', 'disagree'],
    ['exited', 'RUNNING', 'disagree'],
    ['exited', 'STOPPED', 'disagree'],
    ['exited', 'none', 'disagree'],
    ['created', 'RUNNING', 'disagree'],
    ['restarting', 'none', 'agree'],
    ['restarting', 'RUNNING', 'agree'],
    ['removing', 'STOPPED', 'agree'],
    ['hibernating', 'RUNNING', 'unknown'],
    ['hibernating', 'none', 'unknown'],
  ] as const)('%s beside a record with task %s: %s', (state, status, expected) => {
    expect(agreement(dockerOf('a', state), undefined, row(status)).state).toBe(expected);
  });

  test.each([
    ['running', 'disagree'],
    ['exited', 'agree'],
    ['created', 'agree'],
    ['dead', 'agree'],
    ['restarting', 'agree'],
  ])('%s without a record: %s', (state, expected) => {
    expect(agreement(dockerOf('a', state), undefined, null).state).toBe(expected);
  });

  test('disagree about the process too', () => {
    const body = bodyOf('a', { pid: pid(4711) });
    expect(agreement(dockerOf('a', 'running'), body, row('RUNNING', 4711)).state).toBe('agree');
    expect(agreement(dockerOf('a', 'running'), body, row('RUNNING', 9))).toEqual({
      state: 'disagree',
      docker: 'running, pid 4711',
      containerd: 'RUNNING, pid 9',
    });
  });

  test('are not compared where one of them was not read', () => {
    expect(agreement(dockerOf('a', 'running'), undefined, undefined).state).toBe('unknown');
    const silent = unknown('timeout', 'Tasks.Get', 'its shim did not answer', AT, 2000);
    const task = { ...taskOf('a', 'RUNNING'), status: silent, pid: silent };
    expect(
      agreement(dockerOf('a', 'running'), undefined, { container: recordOf('a'), task, docker: null }),
    ).toMatchObject({
      state: 'unknown',
      containerd: 'its shim did not answer',
    });
  });
});

describe('a reference', () => {
  const id = 'f00d'.padEnd(64, '0');
  const host = hostWith({
    'containerd.containers': listed([recordOf(id), recordOf('web', { namespace: namespaceName('k8s.io') })]),
    'containerd.tasks': listed([taskOf(id, 'RUNNING', 4711)]),
    'docker.containers': listed([
      { ...dockerOf(id, 'running', 'api'), names: ['api', 'proxy/upstream'] },
      dockerOf('dead'.padEnd(64, '0'), 'exited', 'web'),
    ]),
  });
  const found = (reference: string): string[] =>
    resolveContainers(subjects(host), reference).map(
      ({ namespace, id: own }) => `${namespace}/${own.slice(0, 4)}`,
    );

  test.each([
    ['api', ['moby/f00d']],
    ['moby/api', ['moby/f00d']],
    ['proxy/upstream', ['moby/f00d']],
    ['f00d', ['moby/f00d']],
    ['f00', []],
    ['4711', ['moby/f00d']],
    ['dead', ['moby/dead']],
    // A name of Docker's and an id of another namespace: the user has to say which.
    ['web', ['k8s.io/web', 'moby/dead']],
    ['moby/web', ['moby/dead']],
    ['api2', []],
  ])('%s means %j', (reference, expected) => {
    expect(found(reference)).toEqual(expected);
  });
});
