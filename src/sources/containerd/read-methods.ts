/**
 * The calls this program may make on a daemon it looks at: all of them only read. The connection refuses any other, so no
 * source, view or `api call` can change a host. (Writes live in src/launch, with a client of their own.)
 */
const READS: Readonly<Record<string, readonly string[]>> = {
  'containerd.services.version.v1.Version': ['Version'],
  'containerd.services.introspection.v1.Introspection': ['Plugins', 'Server', 'PluginInfo'],
  'containerd.services.namespaces.v1.Namespaces': ['Get', 'List'],
  'containerd.services.containers.v1.Containers': ['Get', 'List', 'ListStream'],
  'containerd.services.images.v1.Images': ['Get', 'List'],
  'containerd.services.content.v1.Content': ['Info', 'List', 'Read', 'Status', 'ListStatuses'],
  'containerd.services.snapshots.v1.Snapshots': ['Stat', 'List', 'Mounts', 'Usage'],
  'containerd.services.leases.v1.Leases': ['List', 'ListResources'],
  'containerd.services.tasks.v1.Tasks': ['Get', 'List', 'ListPids', 'Metrics', 'Wait'],
  'containerd.services.events.v1.Events': ['Subscribe'],
  'containerd.services.sandbox.v1.Store': ['List', 'Get'],
  'containerd.services.sandbox.v1.Controller': ['Platform', 'Status', 'Metrics'],
  'containerd.services.mounts.v1.Mounts': ['Info', 'List'],
  'grpc.health.v1.Health': ['Check', 'List', 'Watch'],
  'runtime.v1.RuntimeService': [
    'Version',
    'Status',
    'RuntimeConfig',
    'ListPodSandbox',
    'PodSandboxStatus',
    'ListContainers',
    'ContainerStatus',
    'ContainerStats',
    'ListContainerStats',
    'PodSandboxStats',
    'ListPodSandboxStats',
    'ListMetricDescriptors',
    'ListPodSandboxMetrics',
    'GetContainerEvents',
    'StreamPodSandboxes',
    'StreamContainers',
    'StreamContainerStats',
    'StreamPodSandboxStats',
    'StreamPodSandboxMetrics',
  ],
  'runtime.v1.ImageService': ['ListImages', 'StreamImages', 'ImageStatus', 'ImageFsInfo'],
};

/** Whether the method of the service only reads. */
export const isReadMethod = (service: string, method: string): boolean =>
  READS[service]?.includes(method) ?? false;
