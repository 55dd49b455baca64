/** containerd addresses as users write them. */

/** The socket's path of `PATH` or `unix://PATH`; undefined for anything that is no unix socket. */
export const socketPath = (address: string): string | undefined => {
  const path = address.replace(/^unix:(\/\/)?/, '');
  return path.startsWith('/') ? path : undefined;
};

/** Where distributions put the socket; `user` is the runtime directory of a rootless one. */
export const wellKnownAddresses = (
  runtimeDir: string | undefined,
): readonly { readonly address: string; readonly named: string }[] => [
  { address: '/run/containerd/containerd.sock', named: "containerd's default" },
  { address: '/run/docker/containerd/containerd.sock', named: "Docker's own containerd" },
  { address: '/run/k3s/containerd/containerd.sock', named: 'k3s' },
  { address: '/var/snap/microk8s/common/run/containerd.sock', named: 'microk8s' },
  ...(runtimeDir === undefined || runtimeDir === ''
    ? []
    : [
        { address: `${runtimeDir}/containerd/containerd.sock`, named: 'rootless containerd' },
        { address: `${runtimeDir}/docker/containerd/containerd.sock`, named: 'rootless Docker' },
      ]),
];
