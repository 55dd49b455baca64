/** Specs, runtime options and extensions, decoded as those that the API gives. */
import type { ContainerBody } from '../../host/containerd.ts';
import { containerId, namespaceName } from '../../host/ids.ts';
import { absent, type Observed, seen, unknown } from '../../host/observed.ts';
import type { SandboxBody } from './facts.ts';
import type { BodyRead, MetaRead } from './meta-db.ts';
import type { Payload } from './values.ts';

export type Decode = (payload: Payload) => Promise<unknown>;

type Decoded = Pick<ContainerBody, 'spec' | 'runtimeOptions' | 'extensions'>;

export const bodyOf = async (body: BodyRead, path: string, decode: Decode): Promise<ContainerBody> => ({
  namespace: namespaceName(body.namespace),
  id: containerId(body.id),
  ...(await decoded(body, `${path} v1/${body.namespace}/containers/${body.id}`, decode)),
});

export const sandboxBodyOf = async (
  { place, ...body }: MetaRead['sandboxBodies'][number],
  path: string,
  decode: Decode,
): Promise<SandboxBody> => ({
  namespace: namespaceName(body.namespace),
  id: body.id,
  place,
  ...(await decoded(
    body,
    `${path} ${place === 'v1' ? 'v1/' : ''}${body.namespace}/sandboxes/${body.id}`,
    decode,
  )),
});

async function decoded(body: BodyRead, from: string, decode: Decode): Promise<Decoded> {
  if ('why' in body) {
    const fact = unknown('failed', from, body.why, new Date().toISOString(), 0);
    return { spec: fact, runtimeOptions: fact, extensions: {} };
  }
  const payload = async (packed: Payload | undefined, name: string): Promise<Observed<unknown>> => {
    const at = new Date().toISOString();
    if (packed === undefined || (packed.typeUrl === '' && packed.value.length === 0)) {
      return absent(`${from} ${name}`, at);
    }
    try {
      return seen(await decode(packed), `${from} ${name}`, at);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return unknown('failed', `${from} ${name}`, why, at, 0);
    }
  };
  return {
    spec: await payload(body.spec, 'spec'),
    runtimeOptions: await payload(body.options, 'runtime.options'),
    extensions: Object.fromEntries(
      await Promise.all(
        body.extensions.map(
          async ([name, packed]) => [name, await payload(packed, `extensions.${name}`)] as const,
        ),
      ),
    ),
  };
}
