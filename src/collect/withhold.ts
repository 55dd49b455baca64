/** Secrets leave the picture where facts enter it, so that no view has to remember them. */
import type { ContainerBody, Image } from '../host/containerd.ts';
import type { DaemonProcess } from '../host/daemon.ts';
import type { Observed } from '../host/observed.ts';
import { withholdArgs, withholdJson, withholdLabels } from '../host/secrets.ts';

export const withoutSecretLabels = <T extends { readonly labels: Readonly<Record<string, string>> }>(
  item: T,
): T => ({ ...item, labels: withholdLabels(item.labels) });

export const imageWithoutSecrets = (image: Image): Image => ({
  ...withoutSecretLabels(image),
  target: { ...image.target, annotations: withholdLabels(image.target.annotations) },
});

export const bodyWithoutSecrets = (body: ContainerBody): ContainerBody => ({
  ...body,
  spec: withheld(body.spec),
  runtimeOptions: withheld(body.runtimeOptions),
  extensions: Object.fromEntries(
    Object.entries(body.extensions).map(([key, value]) => [key, withheld(value)]),
  ),
});

export const daemonWithoutSecrets = (daemon: DaemonProcess): DaemonProcess => ({
  ...daemon,
  argv: withholdArgs(daemon.argv).map(String),
});

function withheld(fact: Observed<unknown>): Observed<unknown> {
  return fact.state === 'seen' ? { ...fact, value: withholdJson(fact.value) } : fact;
}
