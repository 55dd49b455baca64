/** What the UI reads besides its pictures, of the object or the view that somebody looks at. */
import { subjectKey, subjects } from '../host/docker-subjects.ts';
import type { DetailSource } from '../host/feed.ts';
import { items } from '../host/kinds/listing.ts';
import { absent, isUnknown, seen } from '../host/observed.ts';
import { reconcileWants } from '../host/reconcile/reconcile.ts';
import { facet } from '../host/snapshot.ts';
import { askAbout, WHY_WANTS } from '../host/why.ts';
import { whyLines } from '../report/why.ts';
import type { FactSource } from './host-source.ts';
import { readChains } from './read-chains.ts';
import { compareAgain } from './read-comparison.ts';
import { readWhy } from './read-why.ts';
import { unknownForWhy, whyMissing } from './why.ts';

/** Reads them from where the pictures come from. */
export const detailsOf = (source: FactSource): DetailSource => ({
  body: async (container) => {
    const host = await source.collect(['containerd.bodies'], {
      namespaces: [container.namespace],
      containers: [container],
    });
    const bodies = facet(host, 'containerd.bodies');
    if (isUnknown(bodies)) return bodies;
    const body = items(host, 'containerd.bodies')[0];
    return body === undefined
      ? { state: 'absent', at: host.at, from: bodies.from, why: 'the container was deleted meanwhile' }
      : { state: 'seen', value: body, at: host.at, from: bodies.from };
  },
  chain: async (container, lists) => {
    const wanted = subjects(lists).filter((subject) => subjectKey(subject) === subjectKey(container));
    const { inspected, host } = await readChains(source, lists, wanted);
    const from = 'Docker, containerd';
    const [chain] = inspected;
    return chain === undefined
      ? absent(from, host.at, 'the container was deleted meanwhile')
      : seen(chain, from, host.at);
  },
  why: async (thing) => {
    const first = await source.collect(WHY_WANTS);
    const { host, result } = await readWhy(source, (look) => askAbout(look, thing), first);
    const from = "containerd's records";
    if (result.state !== 'answer') return absent(from, host.at, whyMissing(host));
    const { answer } = result;
    const lines = whyLines(answer, host.at);
    return seen({ held: answer.held, lines, unknown: unknownForWhy(host, answer) }, from, host.at);
  },
  comparison: async () => {
    const host = await source.collect(reconcileWants());
    const reconciliation = await compareAgain(source, host);
    return seen({ host, reconciliation }, 'Docker, containerd', host.at);
  },
});
