/** What a person does in each scene, and by what the frame is known to be there. */

export interface Step {
  /** Names the frame's file. */
  readonly name: string;
  /** By tmux's names. */
  readonly keys?: readonly string[];
  readonly sign: RegExp;
}

export interface Scene {
  /** What the made-up host does; test/tui/demo-feed.tsx has them. */
  readonly scene: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

const view = (name: string, keys: readonly string[], sign: RegExp): Step => ({ name, keys, sign });

export const SCENES: readonly Scene[] = [
  {
    scene: 'fixed',
    steps: [
      { name: 'containers', sign: /Containers 13[^]*self/ },
      view('help', ['?'], /all views/),
      view('views-menu', ['Escape', 'F2'], /Views/),
      view('sort-menu', ['Escape', 's'], /Sort by/),
      view('sorted', ['Down', 'Enter'], /Containers 13 by/),
      view('palette', [':', 'i', 'm'], /images/),
      view('palette-unknown', ['x', 'x', 'Enter'], /imxx/),
      view('filter', ['Escape', '/', 'r', 'e', 'd'], /<\d+\/13>/),
      view('filtered', ['Enter'], /<\d+\/13> \/red/),
      view('filtered-to-nothing', ['/', 'z', 'z', 'z', 'Enter'], /0 of 13 match/),
      view('problems', ['Escape', 'z'], /problems only/),
    ],
  },
];
