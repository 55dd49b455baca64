/**
 * Which events are wanted: `ns=moby type=task,container id~web exitStatus!=0`, the grammar of the filter line's fields. Terms
 * must all hold; a comma is "or"; `=` is the whole value, or its first word (`type=task` is `task.exit`, too), `~` a part of it.
 */
import { GAP, type HostEvent } from './event.ts';

export type EventTest = (event: HostEvent) => boolean;

const TERM = /^([A-Za-z][\w./-]*?)(!=|!~|=|~)(.+)$/s;

/** The test of one term; undefined when it is none. */
export const eventTest = (term: string): EventTest | undefined => {
  const [, field = '', operator = '', value = ''] = TERM.exec(term) ?? [];
  const wanted = value
    .toLowerCase()
    .split(',')
    .filter((part) => part !== '');
  if (field === '' || wanted.length === 0) return undefined;
  const holds = operator.endsWith('~')
    ? (text: string): boolean => wanted.some((part) => text.includes(part))
    : (text: string): boolean => wanted.some((part) => text === part || text.split(/[. ]/, 1)[0] === part);
  const isAny: EventTest = (event) => valuesOf(event, field).some((text) => holds(text.toLowerCase()));
  const test: EventTest = operator.startsWith('!') ? (event) => !isAny(event) : isAny;
  // That something may be missing is missing from no selection.
  return (event) => event.type === GAP || test(event);
};

// An object is called by its id and its name alike; what is no field of ours is looked for in the details.
function valuesOf(event: HostEvent, field: string): readonly string[] {
  const { object } = event;
  switch (field.toLowerCase()) {
    case 'ns':
    case 'namespace':
      return [event.namespace ?? ''];
    case 'type':
      return [event.type];
    case 'source':
      return [event.source];
    case 'topic':
      return [event.topic];
    case 'kind':
      return [object?.kind ?? ''];
    case 'id':
    case 'name':
      return object === null ? [''] : [object.id, ...(object.name === null ? [] : [object.name])];
    default:
      return [detail(event.details, field) ?? ''];
  }
}

function detail(details: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const wanted = field.toLowerCase();
  for (const [key, value] of Object.entries(details)) {
    if (key.toLowerCase() === wanted)
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
  for (const key of ['attributes', 'labels']) {
    const inner = details[key];
    if (typeof inner !== 'object' || inner === null) continue;
    const found = detail(inner as Readonly<Record<string, unknown>>, field);
    if (found !== undefined) return found;
  }
  return undefined;
}
