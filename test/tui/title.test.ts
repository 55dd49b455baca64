/** The first line: which daemons answer, and what gives way where there is too little room. */
import { afterEach, expect, test } from 'vitest';
import { containerId } from '../../src/host/ids.ts';
import { absent, type Observed, seen, unknown } from '../../src/host/observed.ts';
import type { Facets, HostSnapshot } from '../../src/host/snapshot.ts';
import { dockerContainerOf, dockerEndpointOf } from './dockers.ts';
import { AT, containerOf, demoHost, hexOf, hostOf, listed, taskOf } from './hosts.ts';
import { openScreen, type Screen } from './screen.ts';

let screen: Screen;
afterEach(() => screen.close());

const withDocker = (docker: Observed<Facets['docker.endpoint']>): HostSnapshot =>
  hostOf({ ...demoHost().facets, 'docker.endpoint': docker });
// What was on the right of a window that became narrower is still in the emulator's memory.
const title = (columns: number): string => (screen.lines()[0] ?? '').slice(0, columns).trimEnd();
const answering = seen(dockerEndpointOf(), 'GET /info', AT);

test('each daemon with its version and whether it answers, runc as Docker names it', async () => {
  screen = await openScreen(160, 24);
  await screen.show(withDocker(answering));
  expect(screen.lines()[0]).toMatch(
    /^ ctrscope {2}web-01 · docker 29\.1\.3 ● · containerd 2\.0\.2 ● · runc 1\.2\.4 · cgroup v2 · \/run\/containerd\/containerd\.sock +read-only · ● live \d\d:\d\d$/,
  );
});

test('in narrow terminals runc goes first, then the cgroup version, and the daemons last', async () => {
  screen = await openScreen(88, 24);
  await screen.show(withDocker(answering));
  expect(screen.lines()[0]).toMatch(
    /^ ctrscope {2}web-01 · docker 29\.1\.3 ● · containerd 2\.0\.2 ● · cgroup v2 +RO · ● live \d\d:\d\d$/,
  );
  await screen.resize(80, 24);
  expect(title(80)).toMatch(
    /^ ctrscope {2}web-01 · docker 29\.1\.3 ● · containerd 2\.0\.2 ● +RO · ● live \d\d:\d\d$/,
  );
  await screen.resize(62, 24);
  expect(title(62)).toMatch(/^ ctrscope {2}web-01 · containerd 2\.0\.2 ● +RO · ● live \d\d:\d\d$/);
});

test('a Docker that does not answer is marked, one that is not there is left out, and the unknown is neither', async () => {
  screen = await openScreen(120, 24);
  await screen.show(withDocker(unknown('timeout', 'GET /info', 'no answer within 2 s', AT, 2000)));
  expect(screen.lines()[0]).toContain('docker ✗ not answering · containerd 2.0.2 ●');
  await screen.resize(80, 24);
  expect(title(80)).toContain('· docker ✗ · containerd 2.0.2 ● · cgroup v2 ');
  await screen.show(withDocker(unknown('denied', 'GET /info', 'permission denied', AT, 1)));
  await screen.resize(120, 24);
  expect(screen.lines()[0]).toContain('docker ? unknown');
  await screen.show(withDocker(absent('/proc', AT)));
  expect(screen.lines()[0]).not.toContain('docker');
});

test('of a recording the title says first how old it is', async () => {
  screen = await openScreen(80, 24);
  await screen.show({ ...withDocker(answering), from: 'bundle' });
  // The emulator's host is called by the place that a live one has.
  expect(screen.lines()[0]).toContain('· /run/containerd/containerd.sock');
  expect(screen.lines()[0]).not.toContain('runc');
});

test('a containerd that is lost is marked at once', async () => {
  screen = await openScreen(160, 24);
  await screen.show(withDocker(answering));
  await screen.feed({ kind: 'lost', why: 'gone', retryInMs: 9000 });
  expect(screen.lines()[0]).toContain('docker 29.1.3 ● · containerd 2.0.2 ✗ not answering');
});

test('the details are titled with the name that Docker gave, and the id where there is room', async () => {
  screen = await openScreen(200, 24);
  const id = hexOf(7);
  await screen.show(
    hostOf({
      'containerd.containers': listed([containerOf({ id: containerId(id) })]),
      'containerd.tasks': listed([taskOf(id, 'RUNNING')]),
      'docker.containers': listed([dockerContainerOf(id, 'shop-db')]),
      'docker.endpoint': answering,
    }),
  );
  expect(screen.lines()[2]).toContain(`┬─ shop-db · ${id.slice(0, 12)}  Summary`);
  await screen.resize(130, 24);
  expect(screen.lines()[2]).toContain('─ shop-db  Summary');
});
