import { describe, expect, test } from 'vitest';

import { seen } from '../../../src/host/observed.ts';
import type { HostSnapshot } from '../../../src/host/snapshot.ts';
import { askWhy, type WhyAnswer } from '../../../src/host/why.ts';
import { whyFields, whyLines } from '../../../src/report/why.ts';
import {
  AT,
  blob,
  container,
  EARLIER,
  image,
  ingest,
  ingestRecord,
  LATER,
  lease,
  leased,
  listed,
  type Made,
  made,
  NS,
  PULLED,
  sandbox,
  sha,
  snapshot,
  unread,
} from './made.ts';

const GC = 'containerd.io/gc.';

const answerOf = (host: HostSnapshot, reference: string): WhyAnswer => {
  const result = askWhy(host, reference);
  if (result.state !== 'answer') throw new Error(`${reference}: ${JSON.stringify(result)}`);
  return result.answer;
};

const ask = (lists: Made, reference: string): WhyAnswer => answerOf(made(lists), reference);

/** `holder > edge: object > …` of each path. */
const ways = ({ holders }: WhyAnswer): string[] =>
  holders.paths.map(({ steps }) =>
    steps.map(({ node, edge }) => `${edge === null ? '' : `${edge}: `}${node.kind} ${node.id}`).join(' > '),
  );

describe('why', () => {
  test('gives the way from every holder, the nearest first', () => {
    expect(ways(ask(PULLED, sha('c')))).toEqual([
      `image docker.io/library/app:1 > target: content ${sha('a')} > ${GC}ref.content.l.0: content ${sha('c')}`,
    ]);
    expect(ways(ask(PULLED, 'snapshot/base'))).toEqual([
      'container web > snapshot: snapshot overlayfs/web > parent: snapshot overlayfs/top > parent: snapshot overlayfs/base',
      `image docker.io/library/app:1 > target: content ${sha('a')} > ${GC}ref.content.config: content ${sha('b')} > ${GC}ref.snapshot.overlayfs: snapshot overlayfs/top > parent: snapshot overlayfs/base`,
    ]);
  });

  test('says of a root that it needs no holder', () => {
    const answer = ask(PULLED, 'app:1');
    expect(answer.held).toBe(true);
    expect(whyLines(answer, AT)[0]).toBe(
      'image docker.io/library/app:1 in namespace shop needs no holder: images stay until they are removed.',
    );
  });

  test.each([
    ['a lease', { leases: [lease('l')], leased: [leased('l', { content: [sha('c')] })] }, true],
    [
      'a lease that expires later',
      { leases: [lease('l', { [`${GC}expire`]: LATER })], leased: [leased('l', { content: [sha('c')] })] },
      true,
    ],
    [
      'a lease that has expired',
      { leases: [lease('l', { [`${GC}expire`]: EARLIER })], leased: [leased('l', { content: [sha('c')] })] },
      false,
    ],
    [
      'a lease whose expiry is no time, which containerd ignores',
      { leases: [lease('l', { [`${GC}expire`]: 'soon' })], leased: [leased('l', { content: [sha('c')] })] },
      true,
    ],
    [
      'a flat lease of what refers to it',
      { leases: [lease('l', { [`${GC}flat`]: 'x' })], leased: [leased('l', { content: [sha('a')] })] },
      false,
    ],
    ['a label that makes it a root', { content: [blob(sha('c'), { [`${GC}root`]: 'x' })] }, true],
    [
      'an ingest that expects it',
      { ingests: [ingest('u')], ingestRecords: [ingestRecord('u', LATER, sha('c'))] },
      true,
    ],
    [
      'an ingest that has expired',
      { ingests: [ingest('u')], ingestRecords: [ingestRecord('u', EARLIER, sha('c'))] },
      false,
    ],
    [
      'a container that names it',
      { containers: [container('x', { labels: { [`${GC}ref.content.x`]: sha('c') } })] },
      true,
    ],
    ['a sandbox that names it', { sandboxes: [sandbox('p', { [`${GC}ref.content`]: sha('c') })] }, true],
    [
      'a sandbox that names it, in 1.7',
      { version: '1.7.24', sandboxes: [sandbox('p', { [`${GC}ref.content`]: sha('c') })] },
      false,
    ],
    [
      'a parent that it names itself',
      { content: [blob(sha('c'), { [`${GC}bref.container`]: 'x' })], containers: [container('x')] },
      true,
    ],
    [
      'a parent that it names itself, before 2.2',
      {
        version: '2.1.9',
        content: [blob(sha('c'), { [`${GC}bref.container`]: 'x' })],
        containers: [container('x')],
      },
      false,
    ],
    ['an image that has expired', { images: [image('i', sha('c'), { [`${GC}expire`]: EARLIER })] }, false],
    [
      'an image that has expired, in 1.x',
      { version: 'v1.6.20', images: [image('i', sha('c'), { [`${GC}expire`]: EARLIER })] },
      true,
    ],
    ['nothing', {}, false],
  ] as const)('knows whether content is held by %s', (_, lists: Made, held) => {
    const content = [
      ...(lists.content ?? [blob(sha('c'))]),
      blob(sha('a'), { [`${GC}ref.content.l.0`]: sha('c') }),
    ];
    expect(ask({ ...lists, content }, sha('c')).held).toBe(held);
  });

  test('follows a condition on when a snapshot was used', () => {
    const at = (value: string, usedAt: string): boolean | undefined =>
      ask(
        {
          images: [image('i', sha('a'), { [`${GC}cond.snapshot.overlayfs/x`]: value })],
          snapshots: [snapshot('s', null, { [`${GC}cond.value-usedat`]: usedAt })],
        },
        's',
      ).held;
    expect(at('usedat<4h|s', EARLIER)).toBe(true); // three hours ago
    expect(at('usedat<2h30m|s', EARLIER)).toBe(false);
    expect(at('usedat>2h|s', EARLIER)).toBe(true);
    expect(at('usedat<=4h|s', EARLIER)).toBe(false); // no such operator for times
    expect(at('usedat<1h,usedat>2h|s', EARLIER)).toBe(true);
    expect(at('usedat<4h|other', EARLIER)).toBe(false);
    expect(at('usedat<4h|s', 'yesterday')).toBe(false);
  });

  test('says of garbage what held it, and what would start a collection', () => {
    const answer = ask(
      {
        content: [blob(sha('c'))],
        leases: [lease('pull', { [`${GC}expire`]: EARLIER })],
        leased: [leased('pull', { content: [sha('c')] })],
      },
      sha('c'),
    );
    expect(whyLines(answer, AT).slice(0, 3)).toEqual([
      `Nothing holds content ${sha('c')} in namespace shop; the next collection removes it.`,
      'lease pull held it, and expired 3h00m ago.',
      "No collection has run since: an expiry starts none, a deletion or 100 changes in containerd's records do.",
    ]);
    expect(whyFields(answer, AT)).toMatchObject({
      held: false,
      items: [],
      former: [
        {
          path: [
            { kind: 'lease', id: 'pull', expiresAt: EARLIER },
            { kind: 'content', edge: 'leased' },
          ],
        },
      ],
    });
  });

  test('knows that a lease which has expired is swept itself', () => {
    const answer = ask({ leases: [lease('old', { [`${GC}expire`]: EARLIER })] }, 'lease/old');
    expect(answer.held).toBe(false);
    expect(whyLines(answer, AT)[1]).toBe('It expired 3h00m ago.');
  });

  test.each([
    ['the leases', { 'containerd.leases': unread() }],
    ['what the leases keep', { 'containerd.leaseResources': unread() }],
    ['the containers', { 'containerd.containers': unread() }],
    [
      'one lease',
      {
        'containerd.leaseResources': listed(
          [],
          [{ ...unread(), object: { kind: 'lease', namespace: NS, id: 'l' } }],
        ),
      },
    ],
    [
      'the images of the namespace',
      { 'containerd.images': listed([], [{ ...unread(), object: { namespace: NS } }]) },
    ],
  ])('does not know whether anything is garbage when %s could not be read', (_, over) => {
    const lists: Made = { content: [blob(sha('c'))], over };
    const answer = ask(lists, sha('c'));
    expect(answer.held).toBeUndefined();
    expect(answer.unread.length).toBe(1);
    expect(whyFields(answer, AT)).not.toHaveProperty('held');
    // What is known to hold it holds it all the same.
    const known = {
      ...lists,
      snapshots: [snapshot('s', null, { [`${GC}root`]: 'x', [`${GC}ref.content`]: sha('c') })],
    };
    expect(ask(known, sha('c')).held).toBe(true);
  });

  test('is not kept from an answer by what could not be read of another namespace', () => {
    const over = { 'containerd.leases': listed([], [{ ...unread(), object: { namespace: 'blog' } }]) };
    expect(ask({ content: [blob(sha('c'))], over }, sha('c')).held).toBe(false);
  });

  test('does not know what depends on a version that is not known', () => {
    const lists: Made = {
      version: null,
      content: [blob(sha('c'), { [`${GC}bref.container`]: 'x' })],
      containers: [container('x')],
    };
    const answer = ask(lists, sha('c'));
    expect(answer.held).toBeUndefined();
    expect(answer.perhaps.paths[0]?.steps[0]?.node.id).toBe('x');
    expect(ask({ version: null, content: [blob(sha('d'))] }, sha('d')).held).toBe(false);
  });

  test('does not know until when an ingest is kept without the record of it', () => {
    expect(ask({ ingests: [ingest('u')] }, 'u').held).toBeUndefined();
    expect(ask({ ingests: [ingest('u')], ingestRecords: [ingestRecord('u', LATER)] }, 'u').held).toBe(true);
    expect(ask({ ingests: [ingest('u')], ingestRecords: [ingestRecord('u', null)] }, 'u').held).toBe(false);
  });

  test('answers for a blob as one, in whatever namespaces it is', () => {
    const answer = ask(
      { content: [blob(sha('a')), blob(sha('a'), {}, 'blog')], images: [image('i', sha('a'), {}, 'blog')] },
      sha('a'),
    );
    expect(answer.held).toBe(true);
    expect(whyLines(answer, AT)[1]).toContain('shared by namespaces blog, shop; nothing in shop');
  });

  test('names the manifest that lists a layer without keeping it', () => {
    const host = made({
      content: [blob(sha('a')), blob(sha('c'))],
      images: [image('i', sha('a'))],
      over: {
        'containerd.manifests': listed([
          {
            namespace: image('i', sha('a')).namespace,
            digest: image('i', sha('a')).target.digest,
            kind: 'manifest',
            platform: null,
            children: [
              {
                role: 'layer',
                mediaType: 'x',
                digest: image('i', sha('c')).target.digest,
                size: 1n,
                platform: null,
              },
            ],
          },
        ]),
      },
    });
    const answer = answerOf(host, sha('c'));
    expect(answer.held).toBe(false);
    expect(answer.named.paths[0]?.steps.map(({ node }) => node.id)).toEqual(['i', sha('a'), sha('c')]);
    expect(whyLines(answer, AT).join('\n')).toContain('Names it, and keeps nothing by that:');
  });

  test('does not say that a container has no name when Docker could not be asked for it', () => {
    const lists: Made = {
      containers: [container('web', { namespace: 'moby' }), container('web2', { namespace: 'other' })],
      over: {
        'docker.discovery': seen({ containerd: '/c.sock', candidates: [], chosen: null }, 'made up', AT),
      },
    };
    const object = (over: Made['over'], id: string): unknown =>
      (whyFields(ask({ ...lists, over: { ...lists.over, ...over } }, id), AT)['object'] as unknown[])[0];
    expect(object({ 'docker.containers': unread() }, 'moby/web')).not.toHaveProperty('name');
    expect(object({ 'docker.containers': unread() }, 'web2')).toMatchObject({ name: null });
    expect(object({ 'docker.containers': listed([]) }, 'moby/web')).toMatchObject({ name: null });
  });

  test('prints of a long way its ends, and keeps all of it in JSON', () => {
    const lists: Made = {
      snapshots: Array.from({ length: 20_000 }, (_, i) => snapshot(`s${i}`, i === 0 ? null : `s${i - 1}`)),
      containers: [container('deep', { snapshot: 's19999' })],
    };
    const answer = ask(lists, 'overlayfs/s0');
    const tree = whyLines(answer, AT).slice(2);
    expect(tree.length).toBe(25);
    expect(tree[0]).toMatch(/^container deep/);
    expect(tree[12]).toMatch(/└─ … 19977 steps$/);
    expect(tree[24]).toMatch(/^ {69}└─ parent: snapshot overlayfs\/s0 /);
    expect(answer.holders.paths[0]?.steps.length).toBe(20_001);
  });

  test('survives cycles, and prints foreign names without what a terminal would act on', () => {
    const hostile = 'x\u001b[2J\u202e/y';
    const answer = ask(
      {
        images: [image(hostile, sha('a'))],
        content: [
          blob(sha('a'), { [`${GC}ref.content.0`]: sha('b') }),
          blob(sha('b'), { [`${GC}ref.content.0`]: sha('a') }),
        ],
      },
      sha('b'),
    );
    const lines = whyLines(answer, AT).join('\n');
    expect(lines).toContain('x\\x1b[2J\\u202e/y');
    expect(lines).not.toMatch(/[\u001b\u202e]/);
  });
});
