/** The UI on a made-up host as a program of one file. */
import { join } from 'node:path';
import { build } from 'esbuild';
import { inkWithoutTopLevelAwait } from '../../scripts/ink-plugin.ts';

/** Builds it into a folder. @returns its path; `DEMO` in its environment chooses the scene */
export const buildDemo = async (folder: string): Promise<string> => {
  const program = join(folder, 'demo.cjs');
  await build({
    entryPoints: [new URL('demo-feed.tsx', import.meta.url).pathname],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    jsx: 'automatic',
    define: {
      'process.env.NODE_ENV': '"production"',
      'process.env.DEV': '"false"',
      'import.meta.url': '"file:///"',
    },
    plugins: [inkWithoutTopLevelAwait],
    external: ['react-devtools-core'],
    logLevel: 'error',
  });
  return program;
};
