/** Content with what is being written above it. */
import { afterEach, expect, test } from 'vitest';
import type { Ingest } from '../../src/host/containerd.ts';
import { unknown } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { AT, hostOf, listed } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';
import { ago, blobOf, digestOf, ingestOf, shortOf } from './view-hosts.ts';

let screen: Screen;
afterEach(() => screen.close());

const after = (seconds: number): string => ago(-seconds);

/** The host `seconds` later; the ingests were read `readAt` seconds after the first time. */
const hostAfter = (seconds: number, ingests: readonly Ingest[], readAt = seconds): HostSnapshot =>
  hostOf(
    {
      'containerd.content': listed([blobOf('one'), blobOf('two')]),
      'containerd.ingests': { ...listed(ingests), at: after(readAt) },
    },
    after(seconds),
  );

test('an upload shows how far it is, and where its size is not known, that it is not', async () => {
  screen = await openScreen(118, 30);
  const expected = digestOf('pulled');
  await screen.show(
    hostAfter(0, [
      ingestOf('layer-a', { expected }),
      ingestOf('of-unknown-size', { total: 0n }),
      ingestOf('at-its-end', { offset: 31_457_280n }),
      ingestOf('past-its-end', { offset: 62_914_560n }),
    ]),
  );
  await screen.press('6');
  expect(screen.lineWith('◌ layer-a')).toMatch(
    /◌ layer-a .* 18\.0 MiB +9\.0s +██████░░░░ {2}60% of 30\.0 MiB/,
  );
  expect(screen.lineWith('◌ of-unknown-size')).toMatch(/18\.0 MiB +9\.0s +of \? bytes/);
  expect(screen.lineWith('◌ of-unknown-size')).not.toContain('%');
  expect(screen.lineWith('◌ at-its-end')).toContain('██████████ 100% of 30.0 MiB');
  expect(screen.lineWith('◌ past-its-end')).toContain('██████████ 200% of 30.0 MiB');
  expect(screen.lineWith('◌ layer-a')).toMatch(
    new RegExp(
      `sha256:…?${shortOf('pulled').slice(0, 2)}.*${shortOf('pulled').slice(-3)}|${shortOf('pulled').slice(-3)}`,
    ),
  );
  await screen.press('/', 'expected~sha256', KEYS.enter);
  // No blob is left, and one upload.
  expect(screen.lines()[2]).toContain('<0/2>');
  expect(screen.text()).toMatch(/expected +sha256:/);
});

test('uploads stand above the blobs, which alone are counted', async () => {
  screen = await openScreen();
  await screen.show(hostAfter(0, [ingestOf('zzz')]));
  await screen.press('6');
  expect(screen.lines()[2]).toContain('Content 2 ');
  expect(screen.lines()[4]).toContain('zzz');
  expect(screen.lines()[5]).toContain('sha256:');
});

test('without uploads the list is the list of blobs, as ever', async () => {
  screen = await openScreen(120, 30);
  await screen.show(hostAfter(0, []));
  await screen.press('6');
  expect(screen.lines()[3]).toMatch(/^ {2}DIGEST +NAMESPACE +SIZE +AGE/);
  expect(screen.text()).not.toMatch(/PROGRESS|RATE/);
});

test('a rate takes two readings: none after one, none where nothing was read anew', async () => {
  screen = await openScreen(160, 30);
  const one = ingestOf('up', { offset: 0n });
  await screen.show(hostAfter(0, [one]));
  await screen.press('6');
  expect(screen.text()).not.toContain('/s');
  // A newer picture with the same reading in it.
  await screen.show(hostAfter(5, [one], 0));
  expect(screen.text()).not.toContain('/s');
  const two = { ...one, offset: 4_194_304n, updatedAt: after(6) };
  await screen.show(hostAfter(6, [two], 4));
  expect(screen.lineWith('◌ up ')).toContain('1.0 MiB/s');
  // It stays what the two last readings said.
  await screen.show(hostAfter(7, [two], 4));
  expect(screen.lineWith('◌ up ')).toContain('1.0 MiB/s');
  await screen.show(hostAfter(8, [{ ...two, updatedAt: after(8) }], 8));
  expect(screen.lineWith('◌ up ')).toContain('0 B/s');
});

test('an upload that was begun anew has no rate, nor has one that was not there before', async () => {
  screen = await openScreen(160, 30);
  await screen.show(hostAfter(0, [ingestOf('up')]));
  await screen.press('6');
  await screen.show(
    hostAfter(2, [
      ingestOf('up', { offset: 20_000_000n, startedAt: after(1) }),
      ingestOf('new', { startedAt: after(1) }),
    ]),
  );
  expect(screen.lineWith('◌ up ')).toContain('63% of 30.0 MiB');
  expect(screen.lineWith('◌ new ')).toContain('60% of 30.0 MiB');
  expect(screen.text()).not.toContain('/s');
  await screen.show(hostAfter(4, [ingestOf('up', { offset: 5n, startedAt: after(1) })]));
  expect(screen.lineWith('◌ up ')).toContain('0% of 30.0 MiB');
  expect(screen.text()).not.toContain('/s');
});

test('one that nobody has written to for long says how long, and is no failure', async () => {
  screen = await openScreen(160, 30);
  await screen.show(hostAfter(0, [ingestOf('rests', { startedAt: ago(900), updatedAt: ago(610) })]));
  await screen.press('6');
  expect(screen.lineWith('‖ rests')).toMatch(/‖ rests .* idle 10m10s/);
  expect(screen.text()).not.toMatch(/\d problem|✗/);
  await screen.show(hostAfter(0, [ingestOf('rests', { updatedAt: ago(20) })]));
  expect(screen.text()).not.toContain('idle');
  // A time that is not known is no long time.
  await screen.show(hostAfter(0, [ingestOf('rests', { updatedAt: null })]));
  expect(screen.text()).not.toContain('idle');
});

test('uploads that could not be listed are said to be missing, and the blobs are there', async () => {
  screen = await openScreen();
  await screen.show(
    hostOf({
      'containerd.content': listed([blobOf('one')]),
      'containerd.ingests': unknown('denied', 'Content.ListStatuses', 'permission denied', AT, 3),
    }),
  );
  await screen.press('6');
  expect(screen.text()).toContain(shortOf('one').slice(0, 4));
  expect(screen.lineWith('partial')).toContain('1 of 2 sources; Content.ListStatuses: permission denied');
});

test('80 columns have room for how far it is and how fast', async () => {
  screen = await openScreen();
  const one = ingestOf('layer-sha256:0123456789ab', { offset: 0n });
  await screen.show(hostAfter(0, [one, ingestOf('rests', { updatedAt: ago(610) })]));
  await screen.show(
    hostAfter(4, [
      { ...one, offset: 4_194_304n, updatedAt: after(4) },
      ingestOf('rests', { updatedAt: ago(610) }),
    ]),
  );
  await screen.press('6');
  expect(screen.lineWith('◌ ')).toMatch(/13% of 30\.0 MiB +1\.0 MiB\/s/);
  expect(screen.lineWith('‖ ')).toMatch(/60% of 30\.0 MiB +idle 10m14s/);
});

test('hostile refs, times and sizes bend nothing', async () => {
  screen = await openScreen(100, 24);
  await screen.show(
    hostAfter(0, [
      ingestOf('\x1b[2J\x1b[Hcleared', { total: -5n, offset: -1n }),
      ingestOf('中文'.repeat(500), {
        total: 1n,
        offset: (1n << 63n) - 1n,
        startedAt: 'never',
        updatedAt: 'no',
      }),
      ingestOf('', { expected: '\u202eabc' }),
    ]),
  );
  await screen.press('6', 's', KEYS.esc, ':', 'sort progress desc', KEYS.enter, 'R');
  expect(screen.lines()[0]).toMatch(/^ ctrscope/);
  expect(screen.lines()[22]).toMatch(/^ \? help/);
  expect(screen.text()).not.toContain('this view failed');
  expect(screen.written().replace(/\x1b\[[\d;]*[A-Za-z]|\x1b\[\?[\d;]+[hl]|[\r\n]/g, '')).not.toMatch(
    /[\u0000-\u001f\u202a-\u202e]/,
  );
});
