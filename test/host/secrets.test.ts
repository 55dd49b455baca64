import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  isSecretKey,
  WITHHELD,
  withholdArgs,
  withholdEnv,
  withholdJson,
  withholdLabels,
  withholdText,
} from '../../src/host/secrets.ts';
import { foreignText } from '../text/foreign-text.ts';

/** A secret without anything that would tell it by its form. */
const secretWord = fc.string({ unit: fc.constantFrom(...'qwxyzQWXYZ789'), minLength: 8, maxLength: 24 });

describe('a key', () => {
  test.for([
    'password',
    'DB_PASSWORD',
    'dbPassword',
    'db.passwd',
    '--token',
    'github-token',
    'API_KEY',
    'apiKey',
    'api.key',
    'aws_secret_access_key',
    'clientSecret',
    'AUTHORIZATION',
    'registry-auth',
    'SENTRY_DSN',
    'session_key',
    'ssh-key',
    'com.example/credentials',
  ])('%s names a secret', (key) => {
    expect(isSecretKey(key)).toBe(true);
  });

  test.for([
    'author',
    'keyboard',
    'monkey',
    'passenger',
    'tokenizer',
    'PATH',
    'key',
    'app.kubernetes.io/name',
    'authenticated-by', // one word that only begins like another
    'compass',
  ])('%s does not', (key) => {
    expect(isSecretKey(key)).toBe(false);
  });
});

describe('text', () => {
  test.for([
    ['https://user:hunter2@host/path', `https://user:${WITHHELD}@host/path`],
    [
      'postgres://app:p%40ss@db:5432/x and redis://:pw@cache',
      `postgres://app:${WITHHELD}@db:5432/x and redis://:${WITHHELD}@cache`,
    ],
    ['https://host/path?sig=abc&x=1', `https://host/path?sig=${WITHHELD}&x=1`],
    ['https://hooks.slack.com/services/T0/B0/xyz', `https://hooks.slack.com/services/${WITHHELD}`],
    ['AKIAIOSFODNN7EXAMPLE', WITHHELD],
    [`ghp_${'a'.repeat(36)}`, WITHHELD],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln', WITHHELD],
    ['Authorization: Bearer abcdef123456', `Authorization: ${WITHHELD}`],
    ['curl -H "authorization: Basic dXNlcjpwYXNz" host', `curl -H "authorization: ${WITHHELD}" host`],
    ['x -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- y', `x ${WITHHELD} y`],
    ['-----BEGIN PRIVATE KEY-----\ncut off', WITHHELD],
  ] as const)('%j becomes %j', ([text, shown]) => {
    expect(withholdText(text)).toBe(shown);
  });

  test.for([
    'docker.io/library/nginx:1.27@sha256:0123456789abcdef',
    'https://host:8080/path?q=1#a@b',
    'ssh://git@host/repository',
    '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs',
    'the authorization of users',
    'ein ünïcode 漢字',
    '',
  ])('%j stays', (text) => {
    expect(withholdText(text)).toBe(text);
  });

  test('is searched in time that grows with its length alone', () => {
    for (const piece of [
      'a.',
      'a-',
      'a://b:',
      'eyJaaaaaaaa-',
      'eyJaaaaaaaaaa.',
      '-----BEGIN PRIVATE KEY-----',
      '?sig=',
      'authorization: ',
      'bearer ',
      ' ',
      '--a=',
      '-a',
      'a="',
      "a='",
      'a',
    ]) {
      const started = performance.now();
      withholdText(piece.repeat(100_000));
      withholdArgs([piece.repeat(100_000)]);
      isSecretKey(piece.repeat(100_000));
      expect(performance.now() - started, piece).toBeLessThan(2000);
    }
  });
});

describe('labels', () => {
  test('keep their names; secret values go by name or by form', () => {
    expect(
      withholdLabels({
        'com.example.password': 'hunter2',
        'com.example.empty-secret': '',
        'com.example.url': 'https://u:hunter2@h/',
        'com.example.plain': 'hunter3',
      }),
    ).toStrictEqual({
      'com.example.password': WITHHELD,
      'com.example.empty-secret': '',
      'com.example.url': `https://u:${WITHHELD}@h/`,
      'com.example.plain': 'hunter3',
    });
  });

  test('that hold JSON are searched as JSON', () => {
    const applied = {
      spec: { containers: [{ env: [{ name: 'DB_PASSWORD', value: 'hunter2' }], image: 'a' }] },
    };
    const { last } = withholdLabels({ last: JSON.stringify(applied) });
    expect(JSON.parse(last ?? '')).toEqual({
      spec: { containers: [{ env: [{ name: 'DB_PASSWORD', value: WITHHELD }], image: 'a' }] },
    });
    const untouched = '{ "a": [1, 12345678901234567890] }';
    expect(withholdLabels({ untouched })).toEqual({ untouched });
    expect(withholdLabels({ broken: '{"a":' })).toEqual({ broken: '{"a":' });
  });

  test('named like what every object has are labels all the same', () => {
    const labels = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as Record<string, string>;
    expect(Object.entries(withholdLabels(labels))).toEqual(Object.entries(labels));
  });
});

describe('an environment', () => {
  test('keeps its names and loses every value', () => {
    expect(withholdEnv(['PATH=/bin', 'EMPTY=', 'A=b=c', 'NO_EQUALS', '=odd', 7, null])).toEqual([
      `PATH=${WITHHELD}`,
      `EMPTY=${WITHHELD}`,
      `A=${WITHHELD}`,
      'NO_EQUALS',
      `=${WITHHELD}`,
      WITHHELD,
      WITHHELD,
    ]);
  });
});

describe('arguments', () => {
  test.for([
    [
      ['--password', 'hunter2'],
      ['--password', WITHHELD],
    ],
    [['--password=hunter2'], [`--password=${WITHHELD}`]],
    [
      ['-token', 'hunter2', 'next'],
      ['-token', WITHHELD, 'next'],
    ],
    [
      ['DB_PASSWORD=hunter2', 'server'],
      [`DB_PASSWORD=${WITHHELD}`, 'server'],
    ],
    [
      ['--auth', '--verbose'],
      ['--auth', '--verbose'],
    ],
    [
      ['sh', '-c', 'export API_KEY=hunter2; exec x'],
      ['sh', '-c', `export API_KEY=${WITHHELD}; exec x`],
    ],
    [
      ['sh', '-c', "x --token 'hunter two' y"],
      ['sh', '-c', `x --token ${WITHHELD} y`],
    ],
    [
      ['curl', '-H', 'Authorization: Bearer hunter2222'],
      ['curl', '-H', `Authorization: ${WITHHELD}`],
    ],
    [['https://u:hunter2@h'], [`https://u:${WITHHELD}@h`]],
    [
      ['--listen', ':8080', '--verbose'],
      ['--listen', ':8080', '--verbose'],
    ],
    [
      ['--config', '/etc/x.toml'],
      ['--config', '/etc/x.toml'],
    ],
    [
      ['--password', 7, 'x'],
      ['--password', WITHHELD, 'x'],
    ],
  ] as const)('%j become %j', ([args, shown]) => {
    expect(withholdArgs(args)).toEqual(shown);
  });
});

describe('JSON of a container', () => {
  test('loses environments in all their forms', () => {
    expect(
      withholdJson({
        process: { env: ['A=hunter2'], args: ['--password', 'hunter2'] },
        envs: [{ key: 'A', value: 'hunter2' }],
        Env: { A: 'hunter2' },
        environment: 'A=hunter2',
        nested: [{ config: { Env: ['A=hunter2'], Cmd: ['x', '--token=hunter2'] } }],
        annotations: { 'a.b/password': 'hunter2', 'a.b/url': 'ftp://u:hunter2@h' },
        auth: { username: 'u', password: 'hunter2', identityToken: '' },
      }),
    ).toEqual({
      process: { env: [`A=${WITHHELD}`], args: ['--password', WITHHELD] },
      envs: [{ key: 'A', value: WITHHELD }],
      Env: { A: WITHHELD },
      environment: WITHHELD,
      nested: [{ config: { Env: [`A=${WITHHELD}`], Cmd: ['x', `--token=${WITHHELD}`] } }],
      annotations: { 'a.b/password': WITHHELD, 'a.b/url': `ftp://u:${WITHHELD}@h` },
      auth: { username: 'u', password: WITHHELD, identityToken: '' },
    });
  });

  test('keeps everything else, numbers of all sizes included', () => {
    const spec = { a: 1, b: 18446744073709551615n, c: null, d: [true, 'text'], e: { f: {} } };
    expect(withholdJson(spec)).toStrictEqual(spec);
  });
});

test('a secret is nowhere, whatever stands around it', () => {
  const around = foreignText.filter((text) => !/[\s"'@/:;&|]/.test(text));
  fc.assert(
    fc.property(
      secretWord,
      around,
      fc.constantFrom('password', 'apiKey', 'TOKEN', 'client.secret'),
      (secret, word, key) => {
        const spec = {
          process: {
            env: [`${word}=${secret}`, `${key}=${word}${secret}`],
            args: [
              `--${key}`,
              secret,
              `--${key}=${word}${secret}`,
              'sh',
              '-c',
              `${word}; ${key.replace('.', '_')}=${secret} x`,
            ],
          },
          annotations: { [`${word}/${key}`]: `${word}${secret}`, url: `x https://u:${secret}@h ${word}` },
        };
        expect(JSON.stringify(withholdJson(spec))).not.toContain(secret);
        expect(JSON.stringify(withholdLabels(spec.annotations))).not.toContain(secret);
      },
    ),
  );
});

test('what is withheld once is not changed by withholding it again', () => {
  fc.assert(
    fc.property(fc.array(foreignText), fc.dictionary(foreignText, foreignText), (args, labels) => {
      const once = { args: withholdArgs(args), labels: withholdLabels(labels) };
      expect(withholdArgs(once.args)).toEqual(once.args);
      expect(withholdLabels(once.labels)).toEqual(once.labels);
    }),
  );
});
