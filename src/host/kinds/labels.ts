import type { Labels } from '../containerd.ts';

/** Labels in one line, sorted by key. */
export const labelsText = (labels: Labels): string =>
  Object.keys(labels)
    .toSorted()
    .map((key) => (labels[key] === '' ? key : `${key}=${labels[key]}`))
    .join(',');
