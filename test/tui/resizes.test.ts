/** A window that changes its size at any moment, whatever is open in it. */
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { demoHost } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';
import { eventsOf, viewsHost } from './view-hosts.ts';

let screen: Screen | undefined;
afterEach(() => screen?.close());

const keys = ['j', 'G', '/', 'a', ':', '?', 's', 'x', ' ', '3', '5', '6', '7', '9', 'p', '<'];
const step = fc.oneof(
  fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) }),
  fc.constantFrom(...keys, KEYS.enter, KEYS.esc, KEYS.tab, KEYS.f2, KEYS.end),
  fc.constantFrom('demo' as const, 'views' as const, 'lost' as const),
);

test('draws what fits, and ends on none of it', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      screen = await openScreen(80, 24);
      for (const one of steps) {
        if (typeof one === 'object') await screen.resize(one.columns, one.rows);
        else if (one === 'demo') await screen.show(demoHost());
        else if (one === 'views')
          await screen.feed({ kind: 'snapshot', host: viewsHost(), recentEvents: eventsOf(0, 40) });
        else if (one === 'lost') await screen.feed({ kind: 'lost', why: 'gone', retryInMs: 9000 });
        else await screen.press(one);
      }
      await screen.resize(20, 5);
      // The emulator keeps the cells that no longer fit, out of sight.
      const seen = screen.lines().map((line) => line.slice(0, 20).trim());
      expect(seen.filter((line) => line !== '')).toEqual(['need 60×15', 'have 20×5']);
      await screen.press(KEYS.esc, KEYS.esc, KEYS.esc, '3');
      await screen.resize(100, 30);
      await screen.show(demoHost());
      expect(screen.text()).toMatch(/Containers (13|<)|paused/);
      expect(screen.stderr()).toBe('');
      await screen.close();
    }),
    { numRuns: 15 },
  );
});
