/** Do Docker and containerd agree? One row for each object that either has, by what is normal where Docker keeps its images. */
import { type Absent, absent, isUnknown, type Unknown } from '../observed.ts';
import type { FacetName, HostSnapshot } from '../snapshot.ts';
import { CONTAINER_WANTS, containerRows } from './containers.ts';
import { DIRECTORY_WANTS, directoryRows } from './directories.ts';
import { GRAPH_IMAGE_WANTS, graphImageRows } from './images.ts';
import { LEFTOVER_WANTS, leftoverRows } from './leftovers.ts';
import { type ReconcileRow, rowKey } from './row.ts';
import { RULES } from './rules.ts';
import { STAGE_WANTS, type Stage, stageOf } from './stage.ts';
import { STORE_IMAGE_WANTS, storeImageRows } from './store-images.ts';

/** A part of the comparison that can be made by itself. */
export type ReconcilePart = 'images' | 'containers' | 'leftovers';

const PARTS: Readonly<
  Record<ReconcilePart, { wants: readonly FacetName[]; rows: (stage: Stage) => readonly ReconcileRow[] }>
> = {
  images: {
    wants: [...GRAPH_IMAGE_WANTS, ...STORE_IMAGE_WANTS],
    rows: (stage) => [...graphImageRows(stage), ...storeImageRows(stage)],
  },
  containers: { wants: CONTAINER_WANTS, rows: containerRows },
  leftovers: {
    wants: [...LEFTOVER_WANTS, ...DIRECTORY_WANTS],
    rows: (stage) => [...leftoverRows(stage), ...directoryRows(stage)],
  },
};

const ALL: readonly ReconcilePart[] = ['images', 'containers', 'leftovers'];

/** What the parts are made of. */
export const reconcileWants = (parts: readonly ReconcilePart[] = ALL): readonly FacetName[] => [
  ...new Set([...STAGE_WANTS, ...parts.flatMap((part) => PARTS[part].wants)]),
];

export interface Reconciliation {
  /** Why there is nothing to compare: no Docker, or none that could be asked. */
  readonly nothing: Absent | Unknown | undefined;
  /** Where Docker keeps its images, and by which driver, in words. */
  readonly mode: string;
  /** Of Docker's containers; undefined where there is nothing to compare. */
  readonly namespace: string | undefined;
  readonly rows: readonly ReconcileRow[];
}

/** Compares what the snapshot has; what it does not know is no difference. */
export const reconcile = (host: HostSnapshot, parts: readonly ReconcilePart[] = ALL): Reconciliation => {
  const stage = stageOf(host);
  if (stage.state !== 'seen') return { nothing: stage, mode: 'no Docker', namespace: undefined, rows: [] };
  const { namespace, mode, driver } = stage.value;
  const { namespaces } = host.scope;
  if (namespaces !== undefined && !namespaces.includes(namespace)) {
    const why = `Docker's containers are in the namespace ${namespace}, which was not asked for`;
    return {
      nothing: absent('--namespace', host.at, why),
      mode: 'not looked at',
      namespace: undefined,
      rows: [],
    };
  }
  const store = mode.state === 'seen' ? mode.value : 'unknown image store';
  const name = driver.state === 'seen' ? ` ${driver.value}` : '';
  return {
    nothing: undefined,
    namespace,
    mode: `${store === 'containerd' ? 'containerd image store' : store}${name}`,
    rows: parts.flatMap((part) => PARTS[part].rows(stage.value)),
  };
};

/** A difference that is not as it should be. */
export const isAlarm = ({ state }: ReconcileRow): boolean => state === 'broken' || state === 'stale';

/**
 * What both looks say: an alarm that the second one does not repeat was an object on its way in or out.
 * What the second could not see is not known, rather than gone.
 */
export const confirmed = (first: Reconciliation, second: Reconciliation): Reconciliation => {
  const again = new Map(second.rows.map((row) => [rowKey(row), row]));
  return {
    ...first,
    rows: first.rows.flatMap((row): ReconcileRow[] => {
      if (!isAlarm(row)) return [row];
      const other = again.get(rowKey(row));
      if (other === undefined) {
        if (second.nothing === undefined || !isUnknown(second.nothing)) return [];
        const detail = `seen once (${RULES[row.rule].says}); looked at again, ${second.nothing.why}`;
        return [{ ...row, state: 'unknown', rule: 'unread', detail }];
      }
      if (!isAlarm(other)) return [other];
      if (other.rule === row.rule && other.detail === row.detail) return [row];
      return [{ ...other, state: RULES.changing.state, rule: 'changing', detail: '' }];
    }),
  };
};
