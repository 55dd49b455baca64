/** containerd's events as `ctr events` prints them. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import type { Lab } from '../lab/lab.ts';
import { until } from '../lab/until.ts';

export type ContainerdEvent = {
  readonly namespace: string;
  readonly topic: string;
  readonly event: Readonly<Record<string, unknown>>;
};

/** `ctr events`, and what it has printed since the last look. */
export type EventLog = AsyncDisposable & { readonly take: () => Promise<readonly ContainerdEvent[]> };

/**
 * containerd sends a subscriber all events in order and does not say when it begins. So an event of our own
 * marks the beginning, and another one the end of each look: what is not there by then has not been sent.
 */
export const subscribe = async (lab: Lab): Promise<EventLog> => {
  const child = spawn(lab.programs.ctr, ['--address', lab.address, 'events'], {
    env: { ...process.env, ...lab.env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const events: ContainerdEvent[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    // 2026-01-02 15:04:05.999999999 +0000 UTC NAMESPACE TOPIC EVENT
    const [, namespace = '', topic = '', json = ''] = /^(?:\S+ ){4}(\S+) (\S+) (.*)$/.exec(line) ?? [];
    events.push({ namespace, topic, event: JSON.parse(json) as ContainerdEvent['event'] });
  });
  const namespace = `${lab.namespace}-mark`;
  await lab.ctr(['namespaces', 'create', namespace], { reject: false }); // there is one from an earlier log
  let marks = 0;
  const mark = async (): Promise<string> => {
    marks += 1;
    const value = `${process.pid}-${performance.now()}-${marks}`;
    await lab.ctr(['namespaces', 'label', namespace, `mark=${value}`]);
    return value;
  };
  const find = (value: string): number =>
    events.findIndex(({ event }) => (event['labels'] as { mark?: string } | undefined)?.mark === value);
  const take = async (): Promise<readonly ContainerdEvent[]> => {
    const value = await mark();
    const end = await until(`the event of mark ${value}`, () => {
      const at = find(value);
      return at < 0 ? undefined : at;
    });
    return events.splice(0, end + 1).filter(({ event }) => event['name'] !== namespace);
  };
  await until(`ctr has subscribed to the events of lab ${lab.tag}`, async () => {
    await mark();
    return events.length > 0 ? true : undefined;
  });
  await take();
  return {
    take,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended;
    },
  };
};
