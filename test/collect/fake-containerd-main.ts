/** The fake containerd as a process of its own, so that what it costs is not taken for what a feed costs. */
import { startFakeContainerd } from './fake-containerd.ts';

/** What it is told to do. */
export type Order =
  /** As many events a second, each of the next task, for so long; says `done` afterwards. */
  { readonly perSecond: number; readonly seconds: number; readonly tasks: number } | 'end';

/** What it says. */
export type Word =
  | { readonly say: 'ready' }
  | {
      readonly say: 'done';
      readonly sent: number;
      readonly paused: readonly string[];
      readonly calls: Readonly<Record<string, number>>;
    };

const EVERY_MS = 10;

const [, , path = '', tasks = '0'] = process.argv;
const fake = await startFakeContainerd(path, Number(tasks));
const tell = (word: Word): void => {
  process.send?.(word);
};
process.on('message', (order: Order) => {
  if (order === 'end') process.exit(0);
  const started = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const elapsed = Math.min(order.seconds * 1000, performance.now() - started);
    for (const due = Math.floor((elapsed / 1000) * order.perSecond); sent < due; sent += 1) {
      fake.toggle(sent % order.tasks);
    }
    if (elapsed < order.seconds * 1000) return;
    clearInterval(timer);
    tell({ say: 'done', sent, paused: fake.paused(), calls: fake.calls() });
  }, EVERY_MS);
});
process.on('disconnect', () => process.exit(0));
tell({ say: 'ready' });
