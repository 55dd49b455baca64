/** What could not be read, in words. */
import type { UnknownEntry } from '../host/unknown-entries.ts';
import { escapeText } from '../text/escape.ts';

/** `task lab/web: status, pid: its shim did not answer containerd within 2 s`. */
export const unknownLine = (entry: UnknownEntry): string => {
  const object = entry.object;
  const name = [object?.namespace, object?.id].filter((part) => part !== undefined).join('/');
  const subject = [object?.kind ?? (name === '' ? '' : 'namespace'), name]
    .filter((part) => part !== '')
    .join(' ');
  return [subject, entry.fields?.join(', ') ?? '', `${entry.reason}${placeOf(entry)}`]
    .filter((part) => part !== '')
    .map(escapeText)
    .join(': ');
};

// A reason of the daemon's names its address; one found in a file says what is wrong there, and not in which.
function placeOf({ source, state, reason }: UnknownEntry): string {
  const isFile = source.startsWith('/') && state !== 'offline';
  return isFile && !reason.includes(source) ? ` (${source})` : '';
}

/** What to try about the first reason why nothing could be read. */
export const hintFor = (state: string): string | undefined => {
  switch (state) {
    case 'denied':
      return 'run it as root, or as a member of the group that owns the socket';
    case 'timeout':
      return '`ctrscope doctor` says why it does not answer; --timeout 10s gives a slow daemon more time';
    case 'unreachable':
      return '`ctrscope doctor` says what holds the socket and why it does not answer';
    case 'truncated':
      return 'ask for less at once with --namespace';
    case 'unsupported':
      return '`ctrscope api list` says what this daemon implements';
    case 'failed':
      return '`ctrscope doctor` says whether the daemon itself is well';
    default:
      return undefined;
  }
};
