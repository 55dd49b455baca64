import { describe, expect, test } from 'vitest';
import { captureFacets } from '../../src/bundle/capture.ts';
import { assembleBundle } from '../../src/bundle/create.ts';
import { bundleOf, filesIn } from './bundles.ts';
import { madeHost } from './hosts.ts';

describe('a secret that got past everything', () => {
  test.for([
    ['JSON web token', `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.${'c'.repeat(20)}`],
    ['cloud access key', `AKIA${'ABCDEFGH12345678'}`],
    ['forge token', `ghp_${'a1'.repeat(18)}`],
    ['chat token', 'xoxb-1234567890-abcdef'],
    ['API key', `sk-${'a1'.repeat(16)}`],
    ['private key', '-----BEGIN RSA PRIVATE KEY-----'],
    ['password in a URL', 'https://user:hunter2@example.com/'],
    ['secret in a URL', 'https://example.com/?token=hunter2'],
    ['HTTP authorization', 'curl -H "Authorization: Basic aHVudGVyMg"'],
    ['bearer token', 'sent Bearer abcdefghijklmnop'],
    ['webhook', 'https://hooks.slack.com/services/T00/B00/XXXX'],
  ])('is found in the finished files, by its form: %s', async ([rule, secret]) => {
    const host = madeHost();
    const facets = await captureFacets(host, async () => host, 1000);
    const contents = { host, toolVersion: '0', facets };
    const text = `first\nsecond ${secret}\n`;
    const bundle = assembleBundle('x', {
      ...contents,
      derived: [{ path: 'report.md', text, truncated: null }],
    });
    expect(bundle.leaks).toEqual([{ rule, path: 'report.md', line: 2 }]);
    expect(assembleBundle('x', { ...contents, derived: [] }).leaks).toEqual([]);
  });

  test('keeps nothing that was withheld from being written', async () => {
    const text = 'https://user:‹withheld›@example.com/?token=‹withheld› DB_PASSWORD=‹withheld›\n';
    const path = await bundleOf(madeHost(), [{ path: 'report.md', text, truncated: null }]);
    expect((await filesIn(path)).get('report.md')).toBe(text);
  });
});
