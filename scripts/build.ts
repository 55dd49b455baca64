/**
 * Writes dist/: the program as one CommonJS file without run-time dependencies, and the launcher that `bin` names.
 * CommonJS with the compile cache starts faster than split ES modules, and a single file can go anywhere.
 */
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { inkWithoutTopLevelAwait } from './ink-plugin.ts';

const root = new URL('../', import.meta.url);
const dist = fileURLToPath(new URL('dist/', root));

// Ink asks for devtools only under DEV; nothing of them is shipped.
const noDevtools: Plugin = {
  name: 'no-devtools',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'empty' }));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'export default {}' }));
  },
};

const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { version: string };
await mkdir(dist, { recursive: true });
// Written beside and renamed: two builds at once, or a program that starts meanwhile, never see half a file.
const draft = `${dist}.cli.${process.pid}.cjs`;
try {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('src/cli/main.ts', root))],
    outfile: draft,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'none',
    define: {
      'process.env.NODE_ENV': '"production"',
      'process.env.DEV': '"false"',
      __VERSION__: JSON.stringify(version),
    },
    plugins: [inkWithoutTopLevelAwait, noDevtools],
    logLevel: 'warning',
    metafile: true,
  });
  await writeFile(`${dist}meta.json`, JSON.stringify(result.metafile));
  await rename(draft, `${dist}cli.cjs`);
} finally {
  await rm(draft, { force: true });
}
const launcher = `${dist}.launcher.${process.pid}.cjs`;
await copyFile(new URL('scripts/launcher.cjs', root), launcher);
await rename(launcher, `${dist}ctrscope.cjs`);
