import { Containers } from '../../src/gen/containerd/services/containers/v1/containers_pb.js';
import { Leases } from '../../src/gen/containerd/services/leases/v1/leases_pb.js';
import { Store } from '../../src/gen/containerd/services/sandbox/v1/store_pb.js';
import { Snapshots } from '../../src/gen/containerd/services/snapshots/v1/snapshots_pb.js';
import type { Lab } from '../lab/lab.ts';
import { craftImages } from './crafted-images.ts';
import { hasSandboxes } from './expected-items.ts';
import type { Wire } from './wire.ts';

/** Labels that a careless program would lose, mix up or take for its own marks. */
export const ODD_LABELS: Readonly<Record<string, string>> = Object.fromEntries([
  ['__proto__', 'not a prototype'],
  ['constructor', 'not a function'],
  ['$int', '5'],
  ['$$', '$'],
  ['ctrscope.test/empty', ''],
  ['ctrscope.test/equals', 'a=b=c'],
  ['ctrscope.test/ünïcode', 'значение 漢字 🐳'],
  ['ctrscope.test/control', 'red \u001b[31m, back \u202e, nul-free'],
  ['ctrscope.test/number', '18446744073709551615'],
]);

/** The type URL of a container's spec. */
export const SPEC_TYPE = 'types.containerd.io/opencontainers/runtime-spec/1/Spec';

/** A spec with numbers that JavaScript cannot hold. */
export const LARGE_NUMBERS_SPEC = `{
  "ociVersion": "1.0.2",
  "process": {
    "args": ["/bin/true"],
    "cwd": "/",
    "env": ["PATH=/bin", "EMPTY=", "NO_EQUALS", "MULTI=a\\nb", "EQUALS=a=b"],
    "rlimits": [{ "type": "RLIMIT_CORE", "hard": 18446744073709551615, "soft": 18446744073709551615 }],
    "user": { "uid": 4294967295, "gid": 0 }
  },
  "root": { "path": "rootfs" },
  "annotations": { "__proto__": "a", "$int": "7", "digits": "9007199254740993" },
  "linux": {
    "resources": { "memory": { "limit": 9223372036854771712, "swap": -1 }, "cpu": { "quota": -9007199254740993 } }
  }
}`;

/** What the seed leaves out: an object of every kind with something odd about it. */
export const craftObjects = async (lab: Lab, wire: Wire): Promise<void> => {
  const { namespace } = lab;
  const held = { 'containerd.io/gc.root': '2020-01-01T00:00:00Z' };
  await craftImages(wire, namespace);
  const runtime = { name: 'io.containerd.runc.v2' };
  const spec = { typeUrl: SPEC_TYPE, value: Buffer.from(LARGE_NUMBERS_SPEC) };
  await wire.call(
    Containers.method.create,
    { container: { id: 'odd', labels: ODD_LABELS, runtime, spec, image: 'no.such/image:1' } },
    namespace,
  );
  await wire.call(
    Containers.method.create,
    { container: { id: 'bare.of-all_things', labels: {}, runtime: { name: 'io.example.other.v1' }, spec } },
    namespace,
  );
  await wire.call(Leases.method.create, { id: 'odd-lease', labels: { 'a.b/equals': 'x=y' } }, namespace);
  await wire.call(
    Snapshots.method.prepare,
    { snapshotter: 'native', key: 'odd/native key', labels: { ...held, ...ODD_LABELS } },
    namespace,
  );
  if (!hasSandboxes(lab)) return;
  await wire.call(
    Store.method.create,
    { sandbox: { sandboxId: 'pod', runtime, sandboxer: 'shim', labels: { team: 'front' } } },
    namespace,
  );
  await wire.call(
    Containers.method.create,
    { container: { id: 'in-pod', sandbox: 'pod', runtime, spec } },
    namespace,
  );
};
