/** Databases as the three generations of containerd have left them: seeded once per suite, kept in the lab's cache. */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from '../lab/file-lock.ts';
import { startLab } from '../lab/lab.ts';
import { cacheFolder } from '../lab/paths.ts';
import { seedLab } from '../lab/seed.ts';
import { hasContainerdStore, type Suite } from '../lab/suites.ts';

/** A change here has them all made anew. */
const RECIPE = 1;

/** Paths of a seeded lab's meta.db and of its snapshotters' databases; the files are shared, and for reading only. */
export const realFiles = async (suite: Suite): Promise<readonly string[]> => {
  const parent = join(cacheFolder(), 'databases');
  const folder = join(parent, `${suite}-${RECIPE}`);
  mkdirSync(parent, { recursive: true });
  await withFileLock(join(parent, 'lock'), async () => {
    if (existsSync(folder)) return;
    const work = await mkdtemp(join(parent, 'work-'));
    try {
      await using lab = await startLab({
        suite,
        docker: hasContainerdStore(suite) ? 'containerd' : 'graphdriver',
      });
      await seedLab(lab);
      await lab.stopDockerd();
      await lab.stopContainerd();
      copyDatabases(lab.containerdRoot, work);
      await rename(work, folder);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
};

/** Copies every bbolt file below containerd's root, named after the plugin that owns it. */
const copyDatabases = (root: string, into: string): void => {
  for (const plugin of readdirSync(root)) {
    for (const file of ['meta.db', 'metadata.db']) {
      if (existsSync(join(root, plugin, file)))
        copyFileSync(join(root, plugin, file), join(into, `${plugin}.db`));
    }
  }
};
