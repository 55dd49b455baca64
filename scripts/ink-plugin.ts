/**
 * Ink and its layout engine use top-level await in three places, which CommonJS does not have: loading devtools, reading a
 * package.json, and starting yoga's WebAssembly. The first two are for development only; the third works synchronously.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';

const require = createRequire(import.meta.url);
const yoga = join(dirname(require.resolve('yoga-layout')), '..');

export const inkWithoutTopLevelAwait: Plugin = {
  name: 'ink-without-top-level-await',
  setup(build) {
    build.onResolve({ filter: /^yoga-layout$/ }, () => ({ path: 'yoga-layout', namespace: 'yoga-sync' }));
    build.onLoad({ filter: /.*/, namespace: 'yoga-sync' }, () => ({ resolveDir: yoga, contents: YOGA_SYNC }));
    build.onLoad({ filter: /yoga-wasm-base64-esm\.js$/ }, async ({ path }) => ({
      contents: exposeWasmBytes(await readFile(path, 'utf8')),
    }));
    build.onLoad({ filter: /ink\/build\/reconciler\.js$/ }, async ({ path }) => ({
      contents: replaceAll(await readFile(path, 'utf8'), [
        ["await import('./devtools.js');", ''],
        ['await loadPackageJson()', 'undefined'],
      ]),
    }));
  },
};

// The module that ink imports, with the wasm compiled and instantiated in place instead of fetched from a data: URL.
const YOGA_SYNC = `
  import loadYoga from './binaries/yoga-wasm-base64-esm.js';
  import wrapAssembly from './src/wrapAssembly.js';
  const assembly = {};
  assembly.instantiateWasm = (imports, done) => {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(assembly.wasmBytes()), imports);
    done(instance);
    return instance.exports;
  };
  loadYoga(assembly);
  export default wrapAssembly(assembly);
  export * from './src/generated/YGEnums.js';
`;

function exposeWasmBytes(source: string): string {
  const data = /"data:application\/octet-stream;base64,([^"]+)"/.exec(source);
  if (data?.[1] === undefined) throw new Error('yoga-layout no longer embeds its wasm as a data: URL');
  return replaceAll(source, [
    ['var _scriptDir = import.meta.url;', 'var _scriptDir = "";'],
    [data[0], '"data:application/octet-stream;base64,"'],
    [
      'loadYoga = loadYoga || {};',
      `loadYoga = loadYoga || {}; loadYoga.wasmBytes = () => Buffer.from("${data[1]}", "base64");`,
    ],
  ]);
}

// A pattern that is no longer there means a new release to look at, not a bundle to ship.
function replaceAll(source: string, replacements: readonly (readonly [string, string])[]): string {
  let out = source;
  for (const [from, to] of replacements) {
    if (!out.includes(from))
      throw new Error(`expected ${JSON.stringify(from.slice(0, 60))} in the bundled library`);
    out = out.replace(from, () => to);
  }
  return out;
}
