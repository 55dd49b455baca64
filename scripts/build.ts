/**
 * Writes dist/: the program as CommonJS without run-time dependencies, and the launcher that `bin` names. CommonJS whose
 * compiled code is kept (launcher.cjs) starts faster than split ES modules; what most commands never load is in files of its
 * own, because even reading it costs them milliseconds.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
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

/** Modules that are loaded by `import()` from their own file in dist/. */
const APART: Readonly<Record<string, string>> = {
  tui: 'src/tui/index.tsx',
  machine: 'src/sources/system/machine.ts',
  yaml: 'src/report/yaml.ts',
};

/** Modules that run in threads of their own, each started from its file in dist/. */
const THREADS: Readonly<Record<string, string>> = {
  'hash-worker': 'src/sources/content/hash-worker.ts',
};

const apart: Plugin = {
  name: 'apart',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^\./ }, ({ path, resolveDir, kind }) => {
      if (kind !== 'dynamic-import') return undefined;
      const target = relative(fileURLToPath(root), resolve(resolveDir, path));
      const name = Object.keys(APART).find((key) => APART[key] === target);
      return name === undefined ? undefined : { path: `./${name}.cjs`, external: true };
    });
  },
};

const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { version: string };
await mkdir(dist, { recursive: true });
// Written beside and renamed: two builds at once, or a program that starts meanwhile, never see half a file.
const drafts = await mkdtemp(`${dist}.draft-`);
try {
  const result = await build({
    entryPoints: { cli: 'src/cli/main.ts', ...APART, ...THREADS },
    absWorkingDir: fileURLToPath(root),
    outdir: drafts,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minify: true,
    // The launcher keeps compiled code of what it loads itself: no file goes around it.
    supported: { 'dynamic-import': false },
    legalComments: 'none',
    define: {
      'process.env.NODE_ENV': '"production"',
      'process.env.DEV': '"false"',
      // Only code that runs from source asks for it.
      'import.meta.url': '"file:///"',
      __VERSION__: JSON.stringify(version),
    },
    plugins: [apart, inkWithoutTopLevelAwait, noDevtools],
    logLevel: 'warning',
    metafile: true,
  });
  await writeFile(join(drafts, 'meta.json'), JSON.stringify(result.metafile));
  const launcher = await readFile(new URL('scripts/launcher.cjs', root), 'utf8');
  await writeFile(join(drafts, 'ctrscope.cjs'), launcher.replace('__BUILD__', await asciiBuild(drafts)));
  for (const name of await readdir(drafts)) await rename(join(drafts, name), join(dist, name));
} finally {
  await rm(drafts, { recursive: true, force: true });
}

// Makes the files ASCII, which the launcher reads them as, and gives a name to the whole: V8 takes compiled code of another
// source of the same length for that of this one, so the launcher must tell builds apart.
async function asciiBuild(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.cjs')).toSorted()) {
    // esbuild leaves only regular expressions as they are, in which an escape means the same.
    const source = (await readFile(join(folder, name), 'utf8')).replace(
      /[^\0-\x7f]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    await writeFile(join(folder, name), source);
    hash.update(`${name} ${source.length}\n`).update(source);
  }
  return hash.digest('hex').slice(0, 16);
}
