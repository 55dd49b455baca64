/** Says which containerd is read, or that there is none and what was tried. */
import type { Candidate, Discovery } from '../host/daemon.ts';
import { seenValue } from '../host/observed.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';
import { escapeText } from '../text/escape.ts';
import { writeError, writeHint } from './terminal-output.ts';

/** Discovery, where it searched and found nobody. */
export const foundNobody = (host: HostSnapshot): Discovery | undefined => {
  const discovery = seenValue(facet(host, 'containerd.discovery'));
  return discovery?.chosen === null ? discovery : undefined;
};

/** What was tried, for an exit with code 1. */
export const sayNobody = async (discovery: Discovery): Promise<void> => {
  await writeError('no containerd on this machine: none is running, and no socket is where one is expected');
  for (const candidate of discovery.candidates) await writeHint(`tried ${candidateLine(candidate)}`);
  await writeHint('name one with --address PATH or CONTAINERD_ADDRESS');
  await writeHint('what one that does not run has left on the disk: --root /');
};

/** When several containerds answer, which one is read and how to choose another. */
export const sayChoice = async (host: HostSnapshot): Promise<void> => {
  const discovery = seenValue(facet(host, 'containerd.discovery'));
  if (discovery === undefined || discovery.chosen === null) return;
  const others = discovery.candidates.filter(
    ({ address, answer }) => answer.state === 'answers' && address !== discovery.chosen?.address,
  );
  if (others.length === 0) return;
  await writeError(
    `${others.length + 1} containerds answer here; this is ${escapeText(discovery.chosen.address)} (${discovery.chosen.named}). Others, with --address:`,
  );
  for (const other of others) await writeHint(`${escapeText(other.address)} (${other.named})`);
};

/** `/run/x.sock (k3s): no such socket`. */
export const candidateLine = ({ address, named, answer }: Candidate): string =>
  `${escapeText(address)} (${escapeText(named)}): ${answerWords(answer)}`;

function answerWords(answer: Candidate['answer']): string {
  switch (answer.state) {
    case 'answers':
      return 'answers';
    case 'silent':
      return `accepts connections but says nothing within ${answer.ms} ms: stopped or hung`;
    case 'foreign':
      return `does not speak gRPC (said "${escapeText(answer.said)}")`;
    case 'dropped':
      return 'accepts and closes at once';
    case 'refused':
      return 'socket file without a listener';
    case 'missing':
      return 'no such socket';
    case 'denied':
      return 'permission denied';
    case 'notSocket':
      return `${answer.is}, not a socket`;
    case 'failed':
      return escapeText(answer.why);
  }
}
