import { describe, expect, test } from 'vitest';
import { digest, namespaceName } from '../../src/host/ids.ts';
import {
  blobsFrom,
  blobsToVerify,
  lookedAtAgain,
  type VerifiedBlob,
  verified,
} from '../../src/host/verification.ts';
import { blobId, FILES, file, gap, listing, RECORDS, record, STORE, stored } from '../probes/stored.ts';

describe('the blobs to verify', () => {
  test('are those recorded and those that have a file, from the largest down and each once', () => {
    const host = stored({
      'containerd.content': listing([
        ...RECORDS,
        record('manifest', {}, { namespace: namespaceName('b') }),
        record('lost', {}, { size: 1000n }),
      ]),
      'content.blobs': listing([...FILES, file('stray', { size: 2000n })]),
    });
    const blobs = blobsToVerify(host);
    expect(blobs.map(({ size }) => size)).toEqual(
      blobs.map(({ size }) => size).toSorted((a, b) => Number(b - a)),
    );
    expect(blobs.slice(0, 2).map(({ digest: id, path }) => [id, path === null])).toEqual([
      [blobId('stray'), false],
      [blobId('lost'), true],
    ]);
    expect(blobs).toHaveLength(7);
    expect(blobs.find(({ digest: id }) => id === blobId('manifest'))?.recorded).toHaveLength(2);
  });

  test('of one namespace are those that it knows', () => {
    const host = stored({ 'content.blobs': listing([...FILES, file('stray')]) });
    const ids = blobsToVerify({ ...host, scope: { namespaces: ['default'] } }).map((blob) => blob.digest);
    expect(ids.toSorted()).toEqual(RECORDS.map((each) => each.digest).toSorted());
  });

  test('are looked for in their place where something is there that is no file', () => {
    const [first, ...others] = FILES;
    const id = first?.digest ?? '';
    const host = stored({ 'content.blobs': listing(others, [gap({ kind: 'content', id })]) });
    expect(blobsToVerify(host).find((blob) => blob.digest === id)?.path).toBe(
      `${STORE}/blobs/${id.replace(':', '/')}`,
    );
  });

  test('go on at a place that holds without its blob', () => {
    const blobs = blobsToVerify(stored());
    for (const [i, blob] of blobs.entries()) {
      const rest = blobs.filter((each) => each !== blob);
      expect(blobsFrom(blobs, blob)).toEqual(blobs.slice(i));
      expect(blobsFrom(rest, blob)).toEqual(blobs.slice(i + 1));
    }
  });
});

describe('a missing blob, looked at again', () => {
  const host = stored({ 'containerd.content': listing([record('lost')]), 'content.blobs': listing(FILES) });
  const lost = (): VerifiedBlob => {
    const blob = blobsToVerify(host).find((each) => each.digest === blobId('lost'));
    if (blob === undefined) throw new Error('unreachable');
    return verified(blob, { state: 'gone' });
  };

  test('is missing, was removed, has come, or cannot be told', () => {
    expect(lost().state).toBe('missing');
    expect(lookedAtAgain(lost(), host)?.state).toBe('missing');
    expect(lookedAtAgain(lost(), stored())?.state).toBe('gone');
    const come = {
      'containerd.content': listing([record('lost')]),
      'content.blobs': listing([file('lost')]),
    };
    expect(lookedAtAgain(lost(), stored(come))).toBeUndefined();
    const hidden = { 'containerd.content': listing([record('lost')]), 'content.blobs': listing([], [gap()]) };
    expect(lookedAtAgain(lost(), stored(hidden))).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining('it said no'),
    });
    const elsewhere = listing([record('lost')], [gap({ kind: 'content', id: digest('sha256:00') })]);
    expect(lookedAtAgain(lost(), stored({ 'containerd.content': elsewhere }))?.state).toBe('missing');
  });
});
