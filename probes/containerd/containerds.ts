import type { DaemonProcess } from '../../src/host/daemon.ts';

/** The containerds among the processes, without their children between fork and exec: those still look like them. */
export const containerdsAmong = (daemons: readonly DaemonProcess[]): readonly DaemonProcess[] => {
  const containerds = daemons.filter(({ role }) => role === 'containerd');
  return containerds.filter(
    (child) => !containerds.some((parent) => parent.pid === child.ppid && sameArguments(parent, child)),
  );
};

function sameArguments(one: DaemonProcess, other: DaemonProcess): boolean {
  return one.argv.length === other.argv.length && one.argv.every((arg, i) => arg === other.argv[i]);
}
