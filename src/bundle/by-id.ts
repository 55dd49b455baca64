/** The namespaces in which an id occurs: the same one may be several containers. */
export const namespacesById = (
  containers: readonly { readonly namespace: string; readonly id: string }[],
): ReadonlyMap<string, readonly string[]> => {
  const namespaces = new Map<string, string[]>();
  for (const { namespace, id } of containers) {
    const known = namespaces.get(id);
    if (known === undefined) namespaces.set(id, [namespace]);
    else known.push(namespace);
  }
  return namespaces;
};
