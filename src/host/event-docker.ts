/** Docker's events in the form of all others. */
import type { DockerEvent } from './docker.ts';
import type { EventDetails, HostEvent } from './event.ts';
import type { NamespaceName } from './ids.ts';

/** Objects that are containerd's, too, or live in its namespace as a container does. */
const IN_NAMESPACE = new Set(['container']);
/** Actions that carry a command line after a colon; what others carry is a state. */
const WITH_COMMAND = /^exec_/;

/**
 * One of Docker's events. What its attributes say of all that we name ourselves is lifted from them: `exitStatus`, `execId`,
 * `signal`.
 * @param namespace containerd's, in which this Docker runs its containers
 */
export const ofDocker = (event: DockerEvent, namespace: NamespaceName | null): HostEvent => {
  const { name, exitCode, execID, signal, ...attributes } = event.attributes;
  const [action = '', said = ''] = splitOnce(event.action, ': ');
  const details: EventDetails = {
    ...(exitCode === undefined ? {} : { exitStatus: number(exitCode) }),
    ...(execID === undefined ? {} : { execId: execID }),
    ...(signal === undefined ? {} : { signal }),
    ...(said === '' ? {} : { [WITH_COMMAND.test(action) ? 'command' : 'status']: said }),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
  };
  return {
    at: event.at,
    type: `${event.type}.${action}`,
    source: 'docker',
    namespace: IN_NAMESPACE.has(event.type) ? namespace : null,
    object: event.id === '' ? null : { kind: event.type, id: event.id, name: name ?? null },
    details,
    topic: `${event.type}/${action}`,
  };
};

function splitOnce(text: string, by: string): readonly [string, string] {
  const at = text.indexOf(by);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + by.length)];
}

function number(text: string): number | string {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}
