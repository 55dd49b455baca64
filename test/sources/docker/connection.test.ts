import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { openDocker } from '../../../src/sources/docker/connection.ts';
import { DockerFailure } from '../../../src/sources/docker/failure.ts';
import { fields, text } from '../../../src/sources/docker/json.ts';
import { startFake, startRaw } from './fake-docker.ts';

const NAME = (document: unknown): string => text(fields(document, 'the answer'), 'Name');

const failureOf = async (work: Promise<unknown>): Promise<DockerFailure> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof DockerFailure) return error;
  throw new Error(`expected a DockerFailure, got ${String(error)}`);
};

/** Asks the socket for `/info` and returns how that fails. */
const failureAt = async (socket: string, deadlineMs = 2000, limit?: number): Promise<DockerFailure> => {
  const connection = openDocker(socket, '1.41');
  try {
    return await failureOf(
      connection.get('/info', NAME, limit === undefined ? { deadlineMs } : { deadlineMs, limit }),
    );
  } finally {
    connection.close();
  }
};

// Root may open everything: the work is done as somebody else where we are root.
const asNobody = async <T>(work: () => Promise<T>): Promise<T> => {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
};

describe('a call', () => {
  test('is a GET below the version, and reuses its connection', async () => {
    await using fake = await startFake({ '/info': { Name: 'vm' }, '/version': { Name: 'v' } });
    const connection = openDocker(fake.socket, '1.41');
    expect(await connection.get('/info', NAME, { deadlineMs: 2000 })).toBe('vm');
    expect(await connection.get('/version', NAME, { deadlineMs: 2000 })).toBe('v');
    expect(fake.requests).toEqual(['GET /v1.41/info', 'GET /v1.41/version']);
    expect(fake.connections()).toBe(1);
    expect(connection.calls()).toBe(2);
    connection.close();
  });

  test('has no path for anything but GET: the connection has no other method', () => {
    const connection = openDocker('/nowhere.sock');
    expect(Object.keys(connection).toSorted()).toEqual([
      'address',
      'calls',
      'close',
      'get',
      'lines',
      'plain',
      'speaking',
    ]);
    connection.close();
  });

  test('whose connection was closed while it rested is made once more', async () => {
    await using fake = await startFake({
      '/info': (request, response) => {
        response.end(JSON.stringify({ Name: 'vm' }));
        // As a daemon does that restarts: the connection looks alive until it is used.
        setImmediate(() => request.socket.destroy());
      },
    });
    const connection = openDocker(fake.socket, '1.41');
    for (let i = 0; i < 20; i += 1) {
      expect(await connection.get('/info', NAME, { deadlineMs: 2000 })).toBe('vm');
    }
    connection.close();
  });

  test('that is aborted ends at once', async () => {
    await using fake = await startFake({ '/info': () => {} });
    const connection = openDocker(fake.socket, '1.41');
    const ending = new AbortController();
    const started = performance.now();
    setTimeout(() => ending.abort(), 50);
    await failureOf(connection.get('/info', NAME, { deadlineMs: 10_000, signal: ending.signal }));
    expect(performance.now() - started).toBeLessThan(2000);
    connection.close();
  });
});

describe('a place where no Docker answers', () => {
  test('is told apart: nothing, a file, a folder, a dead link, a socket without a listener', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'docker-'));
    try {
      const at = (name: string): string => join(folder, name);
      await writeFile(at('file'), '');
      await mkdir(at('folder'));
      await symlink(at('gone'), at('link'));
      expect(await failureAt(at('missing'))).toMatchObject({
        state: 'unreachable',
        message: `GET /info at ${at('missing')}: there is no such socket`,
      });
      expect((await failureAt(at('file'))).message).toContain('the path is a file, not a socket');
      expect((await failureAt(at('folder'))).message).toContain('the path is a directory, not a socket');
      expect((await failureAt(at('link'))).message).toContain(
        `the path is a link to ${at('gone')}, which does not exist`,
      );
      expect((await failureAt(at('file/below'))).message).toContain('there is no such socket');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('has a path that is too long for any socket', async () => {
    const path = `/tmp/${'x'.repeat(120)}.sock`;
    expect((await failureAt(path)).message).toBe(
      `GET /info at ${path}: a path of 130 bytes is too long for a socket (107)`,
    );
  });

  test('and whose socket may not be opened is denied', async () => {
    await using fake = await startFake({});
    await chmod(fake.socket, 0o000);
    await chmod(dirname(fake.socket), 0o755);
    const failure = await asNobody(() => failureAt(fake.socket));
    expect(failure).toMatchObject({ state: 'denied' });
    expect(failure.message).toContain('permission denied; opening the socket needs root or its group');
  });

  test('accepts and says nothing: the deadline ends it', async () => {
    await using fake = await startRaw(() => {});
    const started = performance.now();
    const failure = await failureAt(fake.socket, 200);
    expect(performance.now() - started).toBeLessThan(1500);
    expect(failure).toMatchObject({ state: 'timeout' });
    expect(failure.message).toMatch(
      /connected, but nothing came within 2\d\dms; the daemon is stopped or hung/,
    );
  });

  test('accepts and closes', async () => {
    await using fake = await startRaw((socket) => socket.destroy());
    expect((await failureAt(fake.socket)).message).toContain('accepted and closed without an answer');
  });

  test('speaks another protocol', async () => {
    await using fake = await startRaw((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await failureAt(fake.socket)).toMatchObject({
      state: 'unreachable',
      message: `GET /info at ${fake.socket}: what listens there does not speak HTTP/1.1 (it said "SSH-2.0-OpenSSH_9.2")`,
    });
  });

  test('sends headers without end', async () => {
    await using fake = await startRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write(`X-${Math.random()}: ${'x'.repeat(1000)}\r\n`), 1);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await failureAt(fake.socket)).toMatchObject({ state: 'unreachable' });
  });
});

describe('an answer', () => {
  test('that drips is over at its deadline, whatever has come', async () => {
    await using fake = await startFake({
      '/info': (_request, response) => {
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    });
    const failure = await failureAt(fake.socket, 300);
    expect(failure).toMatchObject({ state: 'timeout' });
    expect(failure.message).toMatch(/the answer was not whole within 3\d\dms; \d+ bytes of it came/);
  });

  test('without end is cut at the limit, and nothing of it is kept', async () => {
    await using fake = await startFake({
      '/info': (_request, response) => {
        const more = (): void => {
          while (response.write('x'.repeat(1 << 16)));
          response.once('drain', more);
        };
        more();
      },
    });
    expect(await failureAt(fake.socket, 5000, 1 << 20)).toMatchObject({
      state: 'truncated',
      message: `GET /info at ${fake.socket}: the answer is over the limit of 1 MiB`,
    });
  });

  test('that ends before its length is no answer', async () => {
    await using fake = await startRaw((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Name":'));
    });
    expect(await failureAt(fake.socket)).toMatchObject({ state: 'unreachable' });
    expect((await failureAt(fake.socket)).message).toContain('closed after 8 bytes of the answer');
  });

  test.each([
    ['<html>', 'the answer is no JSON'],
    ['', 'the answer is no JSON'],
    ['[]', 'the answer is not what the API says: the answer is a list, not an object'],
    ['{"Name":7}', 'the answer is not what the API says: Name is a number, not a text'],
    ['null', 'the answer is not what the API says: the answer is missing, not an object'],
  ])('that is %j is a failure that says so', async (body, why) => {
    await using fake = await startFake({ '/info': body });
    const failure = await failureAt(fake.socket);
    expect(failure).toMatchObject({ state: 'failed' });
    expect(failure.message).toContain(why);
  });

  test.each([
    [
      400,
      { message: 'client version 1.41 is too old. Minimum supported API version is 1.60' },
      'unsupported',
    ],
    [403, { message: 'authorization denied by plugin: no' }, 'denied'],
    [500, { message: 'failed to read config content: not found' }, 'failed'],
    [503, 'nothing that is JSON', 'failed'],
    [301, '', 'failed'],
  ])('with status %i says what Docker says', async (status, body, state) => {
    await using fake = await startFake({
      '/info': (_request, response) => {
        response.statusCode = status;
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      },
    });
    const failure = await failureAt(fake.socket);
    expect(failure).toMatchObject({ state, status });
    expect(failure.message).toContain(typeof body === 'string' ? body : body.message);
  });

  test('of too many brackets is a failure, and no crash', async () => {
    await using fake = await startFake({ '/info': '['.repeat(2_000_000) });
    expect(await failureAt(fake.socket)).toMatchObject({ state: 'failed' });
  });

  test('of refusal is read no further than its beginning', async () => {
    await using fake = await startFake({
      '/info': (_request, response) => {
        response.statusCode = 500;
        response.write('x'.repeat(1 << 20));
      },
    });
    const failure = await failureAt(fake.socket);
    expect(failure.status).toBe(500);
    expect(failure.message.length).toBeLessThan(500);
  });
});

describe('a stream of lines', () => {
  const collect = async (socket: string, limit: number): Promise<(string | undefined)[]> => {
    const connection = openDocker(socket, '1.41');
    const lines: (string | undefined)[] = [];
    try {
      for await (const line of connection.lines('/events', { deadlineMs: 2000, limit })) lines.push(line);
    } finally {
      connection.close();
    }
    return lines;
  };

  test('gives whole lines however they are cut, and a mark for one that is too long', async () => {
    const body = `one\n\ntwö\n${'x'.repeat(100)}\nlast\nunfinished`;
    await using fake = await startFake({
      '/events': async (_request, response) => {
        for (const byte of Buffer.from(body)) {
          response.write(Buffer.from([byte]));
          await new Promise((resolve) => setImmediate(resolve));
        }
        response.end();
      },
    });
    expect(await collect(fake.socket, 50)).toEqual(['one', 'twö', undefined, 'last']);
  });

  test('whose line never ends does not fill the memory', async () => {
    await using fake = await startFake({
      '/events': (_request, response) => {
        let written = 0;
        const more = (): void => {
          while (written < 200 << 20) {
            written += 1 << 20;
            if (!response.write(Buffer.alloc(1 << 20, 120))) {
              response.once('drain', more);
              return;
            }
          }
          response.end('\nafter\n');
        };
        more();
      },
    });
    const before = process.memoryUsage().rss;
    expect(await collect(fake.socket, 1000)).toEqual([undefined, 'after']);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 << 20);
  });

  test('ends quietly when it is aborted, with a failure when it breaks', async () => {
    await using fake = await startFake({ '/events': (_request, response) => void response.write('one\n') });
    const connection = openDocker(fake.socket, '1.41');
    const ending = new AbortController();
    const seen: (string | undefined)[] = [];
    for await (const line of connection.lines('/events', { deadlineMs: 500, signal: ending.signal })) {
      seen.push(line);
      // Longer than the deadline: that is for the headers.
      setTimeout(() => ending.abort(), 700);
    }
    expect(seen).toEqual(['one']);

    await using broken = await startFake({
      '/events': (request, response) => {
        response.write('one\n');
        setTimeout(() => request.socket.destroy(), 50);
      },
    });
    expect(await failureOf(collect(broken.socket, 100))).toMatchObject({ state: 'unreachable' });
    await using silent = await startRaw(() => {});
    const slow = openDocker(silent.socket, '1.41');
    const iterator = slow.lines('/events', { deadlineMs: 200 })[Symbol.asyncIterator]();
    expect(await failureOf(iterator.next())).toMatchObject({ state: 'timeout' });
    connection.close();
    slow.close();
  });
});
