/** A HostSnapshot of a support bundle: the same facets for the same wants and scopes as the host would have given. */
import { namespacesById } from '../bundle/by-id.ts';
import type { BundleVersion } from '../bundle/documents.ts';
import type { RecordedFacet } from '../bundle/facet-reader.ts';
import { type AnyItem, formOf } from '../bundle/forms.ts';
import { openSupportBundle } from '../bundle/open.ts';
import type { ContainerBody } from '../host/containerd.ts';
import { containerId, namespaceName } from '../host/ids.ts';
import { type Gap, type Listing, type Observed, type Unknown, unknown } from '../host/observed.ts';
import {
  type FacetName,
  type HostSnapshot,
  SCHEMA_VERSION,
  type Scope,
  type Timing,
} from '../host/snapshot.ts';

export interface RecordedHost {
  readonly version: Pick<BundleVersion, 'tool' | 'capturedAt' | 'scope' | 'host'>;
  /** How the bundle differs from what it was when it was made. */
  readonly altered: readonly string[];
  /** The wanted facets as they were then. */
  collect(wants: readonly FacetName[], scope?: Scope): Promise<HostSnapshot>;
  close(): Promise<void>;
}

/**
 * Opens a bundle.
 * @param scope for when `collect` gets none
 * @throws Error that names the file and says why it cannot be opened
 */
export const openRecordedHost = async (path: string, scope: Scope): Promise<RecordedHost> => {
  const saying = (error: unknown): never => {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  };
  const bundle = await openSupportBundle(path).catch(saying);
  const { version, altered } = bundle;
  return {
    version,
    altered,
    collect: async (wants, asked = scope) => {
      const keep = keeper(asked);
      const found = await bundle.facets(wants, keep).catch(saying);
      const facets: Record<string, Observed<unknown>> = {};
      const timings: Timing[] = [];
      for (const name of wants) {
        const recorded = found.get(name) ?? { fact: lacking(name, version), timing: undefined };
        facets[name] = within(asked, version.scope, name, recorded.fact);
        if (recorded.timing !== undefined) timings.push(recorded.timing);
      }
      return {
        schemaVersion: SCHEMA_VERSION,
        at: version.capturedAt,
        from: 'bundle',
        // What the host was not asked for then is outside, whatever is asked for now.
        scope: { ...version.scope, ...asked },
        facets: facets as HostSnapshot['facets'],
        timings,
      };
    },
    close: () => bundle.close(),
  };
};

// Facets are narrowed as the readers of a live host narrow them.
function keeper(scope: Scope): (name: FacetName, item: AnyItem) => boolean {
  const wanted = namespacesById(scope.containers ?? []);
  return (name, item) => {
    const form = formOf(name);
    if (!('item' in form)) return true;
    const { isIn = () => true } = form;
    if (form.perContainer === true) {
      return wanted.get(String(item['id']))?.some((namespace) => isIn(item, namespace)) ?? false;
    }
    return scope.namespaces?.some((namespace) => isIn(item, namespace)) ?? true;
  };
}

function lacking(name: FacetName, version: RecordedHost['version']): Unknown {
  const why = `the bundle does not have it; it was made by ctrscope ${version.tool.version}`;
  return unknown('offline', name, why, version.capturedAt, 0);
}

function within(
  asked: Scope,
  recorded: RecordedHost['version']['scope'],
  name: FacetName,
  fact: RecordedFacet['fact'],
): Observed<unknown> {
  const form = formOf(name);
  if (fact.state !== 'seen' || !('item' in form)) return fact;
  const listing = fact.value as Listing<AnyItem>;
  if (form.perContainer === true) {
    return forContainers(name, asked.containers ?? [], { ...fact, value: listing });
  }
  if (form.isIn === undefined || asked.namespaces === undefined) return fact;
  const wanted = new Set(asked.namespaces);
  const gaps = [
    ...listing.gaps.filter(({ object }) => object?.namespace === undefined || wanted.has(object.namespace)),
    ...outside(asked.namespaces, recorded.namespaces, fact),
  ];
  // When no namespace that is asked for was read, the listing as a whole is unknown, for the first reason.
  const lost = asked.namespaces.map((namespace) => gaps.find((gap) => isOfNamespace(gap, namespace)));
  const [first] = lost;
  if (first !== undefined && lost.every((gap) => gap !== undefined)) {
    const reason = reasonOf(first);
    const suffix = ` ${first.object?.namespace ?? ''}`;
    return reason.from.endsWith(suffix) ? { ...reason, from: reason.from.slice(0, -suffix.length) } : reason;
  }
  return { ...fact, value: { items: listing.items, gaps } };
}

function isOfNamespace({ object }: Gap, namespace: string): boolean {
  return object?.namespace === namespace && object.id === undefined && object.kind === undefined;
}

// What a bundle that was limited to some namespaces cannot say of the others.
function outside(
  asked: readonly string[],
  recorded: readonly string[] | undefined,
  { from, at }: { readonly from: string; readonly at: string },
): Gap[] {
  if (recorded === undefined) return [];
  const why = `the bundle was made of namespace ${recorded.join(', ')} only`;
  return asked
    .filter((namespace) => !recorded.includes(namespace))
    .map((namespace) => ({ ...unknown('offline', from, why, at, 0), object: { namespace } }));
}

// A container whose body was not read is one whose spec is unknown, which is not the same as one that went away.
function forContainers(
  name: FacetName,
  wanted: NonNullable<Scope['containers']>,
  fact: {
    readonly state: 'seen';
    readonly at: string;
    readonly from: string;
    readonly value: Listing<AnyItem>;
  },
): Observed<unknown> {
  const { items, gaps } = fact.value;
  const keys = new Set(wanted.map(({ namespace, id }) => `${namespace}/${id}`));
  const unread = gaps.filter(({ object }) => keys.has(`${object?.namespace ?? ''}/${object?.id ?? ''}`));
  const [first] = unread;
  if (first !== undefined && unread.length === wanted.length) return reasonOf(first);
  if (name !== 'containerd.bodies') return { ...fact, value: { items, gaps: unread } };
  const bodies = unread.map((gap): ContainerBody => {
    const { namespace = '', id = '' } = gap.object ?? {};
    const spec = reasonOf(gap);
    return {
      namespace: namespaceName(namespace),
      id: containerId(id),
      spec,
      runtimeOptions: spec,
      extensions: {},
    };
  });
  return { ...fact, value: { items: [...items, ...bodies], gaps: [] } };
}

function reasonOf({ state, from, why, at, ms }: Gap): Unknown {
  return { state, from, why, at, ms };
}
