/** An OCI descriptor, as Docker writes it. */
import type { Descriptor } from '../../host/containerd.ts';
import { digest } from '../../host/ids.ts';
import { type Fields, integer, labels, textOrEmpty } from './json.ts';

/** Null where it names no digest. @throws Malformed */
export const descriptorOf = (descriptor: Fields): Descriptor | null => {
  const name = textOrEmpty(descriptor, 'digest');
  if (name === '') return null;
  return {
    mediaType: textOrEmpty(descriptor, 'mediaType'),
    digest: digest(name),
    size: integer(descriptor, 'size') ?? 0n,
    annotations: labels(descriptor, 'annotations'),
  };
};
