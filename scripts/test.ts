/**
 * Runs the tests. `npm test` runs everything once, each fault on one generation of daemons that changes with the commit;
 * `--full` runs the whole matrix. Further arguments go to vitest.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const args = process.argv.slice(2);
const full = args.includes('--full');
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const run = spawnSync(process.execPath, [vitest, 'run', ...args.filter((arg) => arg !== '--full')], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, CTRSCOPE_TESTS: full ? 'full' : 'once', CTRSCOPE_ROTATION: rotation() },
});
process.exit(run.status ?? 1);

// The number of commits: a clone without history rotates by the day instead.
function rotation(): string {
  const count = spawnSync('git', ['rev-list', '--count', 'HEAD'], { cwd: root, encoding: 'utf8' });
  return count.status === 0 ? count.stdout.trim() : String(Math.floor(Date.now() / 86_400_000));
}
