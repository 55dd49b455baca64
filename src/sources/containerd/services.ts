/** Every gRPC service of our definitions that a containerd socket may serve, and what it takes to call one by name. */
import type { DescMethod, DescMethodServerStreaming, DescMethodUnary, DescService } from '@bufbuild/protobuf';
import { Containers } from '../../gen/containerd/services/containers/v1/containers_pb.js';
import { Content } from '../../gen/containerd/services/content/v1/content_pb.js';
import { Diff } from '../../gen/containerd/services/diff/v1/diff_pb.js';
import { Events } from '../../gen/containerd/services/events/v1/events_pb.js';
import { Images } from '../../gen/containerd/services/images/v1/images_pb.js';
import { Introspection } from '../../gen/containerd/services/introspection/v1/introspection_pb.js';
import { Leases } from '../../gen/containerd/services/leases/v1/leases_pb.js';
import { Mounts } from '../../gen/containerd/services/mounts/v1/mounts_pb.js';
import { Namespaces } from '../../gen/containerd/services/namespaces/v1/namespaces_pb.js';
import { Controller } from '../../gen/containerd/services/sandbox/v1/controller_pb.js';
import { Store } from '../../gen/containerd/services/sandbox/v1/store_pb.js';
import { Snapshots } from '../../gen/containerd/services/snapshots/v1/snapshots_pb.js';
import { Streaming } from '../../gen/containerd/services/streaming/v1/streaming_pb.js';
import { Tasks } from '../../gen/containerd/services/tasks/v1/tasks_pb.js';
import { Transfer } from '../../gen/containerd/services/transfer/v1/transfer_pb.js';
import { Version } from '../../gen/containerd/services/version/v1/version_pb.js';
import { Health } from '../../gen/grpc/health/v1/health_pb.js';
import { ImageService } from '../../gen/runtime/v1/image_pb.js';
import { RuntimeService } from '../../gen/runtime/v1/runtime_pb.js';

export const SERVICES: readonly DescService[] = [
  Containers,
  Content,
  Diff,
  Events,
  Images,
  Introspection,
  Leases,
  Mounts,
  Namespaces,
  Controller,
  Store,
  Snapshots,
  Streaming,
  Tasks,
  Transfer,
  Version,
  Health,
  ImageService,
  RuntimeService,
];

/** Services that answer without a containerd-namespace header; every other needs one. */
const WITHOUT_NAMESPACE = new Set([
  Version.typeName,
  Introspection.typeName,
  Namespaces.typeName,
  Events.typeName,
  Health.typeName,
  ImageService.typeName,
  RuntimeService.typeName,
]);

export const needsNamespace = (method: DescMethod): boolean => !WITHOUT_NAMESPACE.has(method.parent.typeName);

export const isUnary = (method: DescMethod): method is DescMethodUnary => method.methodKind === 'unary';

export const isServerStream = (method: DescMethod): method is DescMethodServerStreaming =>
  method.methodKind === 'server_streaming';

/** How a method's messages go: `unary`, or who streams. */
export const callKind = (method: DescMethod): 'unary' | 'serverStream' | 'clientStream' | 'bidi' => {
  switch (method.methodKind) {
    case 'unary':
      return 'unary';
    case 'server_streaming':
      return 'serverStream';
    case 'client_streaming':
      return 'clientStream';
    case 'bidi_streaming':
      return 'bidi';
  }
};

/**
 * Methods that `SERVICE/METHOD` may mean, the service given whole or by any ending of dot-separated parts, in any case:
 * `containerd.services.tasks.v1.Tasks/List`, `tasks.v1.Tasks/List`, `tasks/list`. Also `Tasks.List`.
 */
export const methodsNamed = (name: string): readonly DescMethod[] => {
  const normal = name.includes('/') ? name : name.replace(/\.([^.]*)$/, '/$1');
  const [serviceName = '', methodName = ''] = normal.toLowerCase().replace(/^\//, '').split('/');
  return SERVICES.filter((service) => {
    const whole = service.typeName.toLowerCase();
    return whole === serviceName || whole.endsWith(`.${serviceName}`);
  }).flatMap((service) => service.methods.filter((method) => method.name.toLowerCase() === methodName));
};
