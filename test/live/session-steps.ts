/** What a person does in each scene, and by what the frame is known to be there. */

export interface Step {
  /** Names the frame's file. */
  readonly name: string;
  /** By tmux's names. */
  readonly keys: readonly string[];
  readonly sign: RegExp;
}

export interface Scene {
  /** What the made-up host does; test/tui/demo-feed.tsx has them. */
  readonly scene: string;
  /** Tells scenes apart that differ in this only. */
  readonly as?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

const step = (name: string, keys: readonly string[], sign: RegExp): Step => ({ name, keys, sign });
/** What is typed into a line, letter by letter. */
const typed = (text: string): readonly string[] => [...text];
/** A view without a digit, by the palette. */
const called = (name: string): readonly string[] => [':', ...typed(name), 'Enter'];

export const SCENES: readonly Scene[] = [
  {
    scene: 'fixed',
    steps: [
      step('containers', [], /─ Containers 13 [\s\S]*self/),
      step('other-pane', ['Tab'], /snapshotter +overlayfs/),
      step('raw', [']'], /namespace: buildkit/),
      step('chain', [']'], /running, pid 7314/),
      step('spec', [']'], /ociVersion/),
      step('unknown', [']'], /could be read/),
      step('help', ['Escape', '?'], /to the other pane/),
      step('views-menu', ['Escape', 'F2'], /─ Views ─/),
      step('sort-menu', ['Escape', 's'], /─ Sort by ─/),
      step('sorted', ['Down', 'Enter'], /by status ▲/),
      step('reversed', ['R'], /by status ▼/),
      step('palette', [':', 'i', 'm'], /:im .*images/),
      step('palette-unknown', ['x', 'x', 'Enter'], /unknown command/),
      step('filter', ['Escape', '/', ...typed('red')], /<\d+\/13>/),
      step('filtered', ['Enter'], /<\d+\/13> \/red/),
      step('filtered-to-nothing', ['/', ...typed('zzz'), 'Enter'], /0 of 13 match/),
      step('problems', ['Escape', 'z'], /problems only/),
      step('one-namespace', ['z', ...called('ns k8s.io')], /namespace k8s\.io[\s\S]*─ Containers 4 /),
      step('namespaces', [...called('ns'), ...called('namespaces')], /─ Namespaces 4 /),
      step('plugins', called('plugins'), /─ Plugins 4 /),
      step('sandboxes', called('sandboxes'), /─ Sandboxes/),
      step('leases', ['8'], /─ Leases 1 /),
      step('owner-menu', ['3', 'o'], /─ Comes from/),
      step('marked', ['Escape', 'Space', 'Space'], /2 marked/),
      step('paused', ['p'], /paused/),
      step('quit', ['p', 'q'], /left with 0/),
    ],
  },
  {
    scene: 'trees',
    steps: [
      step('images', ['5'], /─ Images 2 [\s\S]*self/),
      step('image-opened', ['Down', 'Space'], /└ ▾ index/),
      step('manifest-closed', ['Down', 'Down', 'Space'], /▸ manifes/),
      step('content', ['6'], /─ Content 5 /),
      step('snapshots', ['7'], /─ Snapshots 9 /),
      step('why-snapshot', [...called('why base-b')], /Nothing holds snapshot/),
      step('ingests', called('ingests'), /─ Ingests 3 /),
      step('events', ['9'], /following/),
      step('events-left', ['Up', 'Up'], /G to follow/),
      step('events-filtered', ['/', ...typed('exitStatus=0'), 'Enter'], /<\d+\/\d+> \/exitStatus=0/),
    ],
  },
  {
    scene: 'compared',
    steps: [
      step('comparison', called('reconcile'), /─ Reconcile 14 [\s\S]*self/),
      step('evidence', ['Tab'], /no lease keeps the container's snapshot/),
      step('evidence-raw', [']'], /ruleId: lease-missing/),
      step('comparison-owner', ['Escape', 'Down', 'Down', 'o'], /s-running +container · itself/),
      step('comparison-problems', ['Escape', 'z'], /<5\/14>|problems only/),
      step('comparison-filtered', ['z', '/', ...typed('state=stale'), 'Enter'], /<3\/14>/),
      step('why-image', called('why registry.test:5000/a/b:2'), /needs no\s/),
    ],
  },
  {
    scene: 'empty',
    steps: [
      step('containers', [], /no containers[\s\S]*self/),
      step('images', ['5'], /no images/),
      step('content', ['6'], /no content/),
      step('snapshots', ['7'], /no snapshots/),
      step('leases', ['8'], /no leases/),
      step('events', ['9'], /no events/),
    ],
  },
  { scene: 'partial', steps: [step('containers', [], /partial: 1 of 2 sources[\s\S]*self/)] },
  {
    scene: 'denied',
    steps: [
      step('containers', [], /permission denied[\s\S]*self/),
      step('images', ['5'], /─ Images 0 [\s\S]*permission denied/),
      step('snapshots', ['7'], /─ Snapshots 0 [\s\S]*permission denied/),
    ],
  },
  { scene: 'broken', steps: [step('leases', ['8'], /this view failed[\s\S]*self/)] },
  { scene: 'loading', steps: [step('containers', [], /waiting for/)] },
  { scene: 'lost', steps: [step('containers', [], /disconnected/)] },
  { scene: 'never', steps: [step('containers', [], /no connection to/)] },
  { scene: 'gone', steps: [step('containers', [], /no more data will come/)] },
  {
    scene: 'fixed',
    as: 'ascii',
    env: { LANG: 'C' },
    steps: [step('containers', [], /Containers 13[\s\S]*self/)],
  },
];
