/** containerd addresses as users write them. */

/** The socket's path of `PATH` or `unix://PATH`; undefined for anything that is no unix socket. */
export const socketPath = (address: string): string | undefined => {
  const path = address.replace(/^unix:(\/\/)?/, '');
  return path.startsWith('/') ? path : undefined;
};

/** A containerd as some distribution sets it up. */
export interface WellKnown {
  /** Its socket. */
  readonly address: string;
  /** Where it keeps its files; null where that depends on who runs it. */
  readonly root: string | null;
  readonly named: string;
}

/** Those of a whole machine, the most usual first. */
const SYSTEM: readonly (WellKnown & { readonly root: string })[] = [
  {
    address: '/run/containerd/containerd.sock',
    root: '/var/lib/containerd',
    named: "containerd's default",
  },
  {
    address: '/run/docker/containerd/containerd.sock',
    root: '/var/lib/docker/containerd/daemon',
    named: "Docker's own containerd",
  },
  {
    address: '/run/k3s/containerd/containerd.sock',
    root: '/var/lib/rancher/k3s/agent/containerd',
    named: 'k3s',
  },
  {
    address: '/var/snap/microk8s/common/run/containerd.sock',
    root: '/var/snap/microk8s/common/var/lib/containerd',
    named: 'microk8s',
  },
];

/** Where distributions keep containerd's files. */
export const WELL_KNOWN_ROOTS: readonly { readonly root: string; readonly named: string }[] = SYSTEM;

/** Where distributions put the socket; `user` is the runtime directory of a rootless one. */
export const wellKnownAddresses = (runtimeDir: string | undefined): readonly WellKnown[] => [
  ...SYSTEM,
  ...(runtimeDir === undefined || runtimeDir === ''
    ? []
    : [
        {
          address: `${runtimeDir}/containerd/containerd.sock`,
          root: null,
          named: 'rootless containerd',
        },
        {
          address: `${runtimeDir}/docker/containerd/containerd.sock`,
          root: null,
          named: 'rootless Docker',
        },
      ]),
];
