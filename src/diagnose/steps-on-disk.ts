/** Next steps about a host that is only a disk here: what runs on this machine is another host's. */
import type { Claim, NextStep } from '../host/finding.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';
import { shellWord } from '../text/shell.ts';

/** Commands that ask or change what runs. Run here, they would meet this machine's own daemons, and some would take from them. */
const MEETS_WHAT_RUNS =
  /(?:^|[;&|]\s*)(?:ctr|docker|nerdctl|crictl|k3s|systemctl|journalctl|fuser|ps|kill)\b|(?:^|[\s'"])\/proc\//;

/** The claim as it can be followed: commands about files stay, this program's get `--root`, others wait for the host. */
export const claimHere = (host: HostSnapshot, claim: Claim): Claim =>
  host.from === 'disk' ? { ...claim, next: claim.next.map((step) => stepOnDisk(host, step)) } : claim;

function stepOnDisk(host: HostSnapshot, { text, command, effect }: NextStep): NextStep {
  if (command === null || command.startsWith('ctrscope --root ')) return { text, command, effect };
  const own = /^ctrscope (.+)$/s.exec(command)?.[1];
  if (own !== undefined) {
    const root = rootOf(host);
    return { text, command: root === undefined ? null : `ctrscope --root ${shellWord(root)} ${own}`, effect };
  }
  if (!MEETS_WHAT_RUNS.test(command)) return { text, command, effect };
  return { text: `when its host runs again: ${text}`, command: null, effect };
}

// What only a running daemon could answer says which folder was read in its place.
function rootOf(host: HostSnapshot): string | undefined {
  return (['containerd.endpoint', 'docker.endpoint'] as const)
    .map((name) => facet(host, name))
    .find(({ state }) => state === 'offline')?.from;
}
