/** The labels by which objects keep each other, as containerd's collector reads them (core/metadata/gc.go, startGCContext). */
import type { Labels } from '../containerd.ts';
import type { Applies, GcRules } from './gc-rules.ts';

const PREFIX = 'containerd.io/gc.';
const ROOT = `${PREFIX}root`;
const SNAPSHOT_CONDITION = `${PREFIX}cond.snapshot`;
const USED_AT = `${PREFIX}cond.value-usedat`;

export type ReferenceKind = 'content' | 'snapshot' | 'image' | 'container';

export interface LabelReference {
  readonly kind: ReferenceKind;
  /** Of a snapshot SNAPSHOTTER/KEY. */
  readonly id: string;
  readonly label: string;
  readonly sure: boolean;
}

/** A label as it is looked for; references without a rule are in every version. */
interface Pattern {
  readonly prefix: string;
  readonly kind: ReferenceKind;
  readonly rule?: keyof GcRules;
}

const FORWARD: readonly Pattern[] = [
  { prefix: `${PREFIX}ref.content`, kind: 'content' },
  { prefix: `${PREFIX}ref.snapshot.`, kind: 'snapshot' },
  { prefix: `${PREFIX}ref.image`, kind: 'image', rule: 'imageReferences' },
];

const BACK: readonly Pattern[] = (['container', 'content', 'image', 'snapshot'] as const).map((kind) => ({
  prefix: `${PREFIX}bref.${kind}${kind === 'snapshot' ? '.' : ''}`,
  kind,
  rule: 'backReferences',
}));

/** Whether any label is the collector's: most objects of a large host have few labels, and some have none. */
export const hasGcLabels = (labels: Labels): boolean => {
  for (const label in labels) if (label.startsWith(PREFIX)) return true;
  return false;
};

/** What the labels' owner keeps. */
export const references = (labels: Labels, rules: GcRules): LabelReference[] =>
  matching(labels, FORWARD, rules);

/** Whom the labels' owner names as its parents: they keep it. */
export const backReferences = (labels: Labels, rules: GcRules): LabelReference[] =>
  matching(labels, BACK, rules);

/** Whether the labels make a root; the value does not matter. */
export const rootLabel = (labels: Labels, rules: GcRules): { label: string; sure: boolean } | undefined => {
  if (Object.hasOwn(labels, ROOT)) return { label: ROOT, sure: true };
  if (rules.rootPrefix === false) return undefined;
  const label = Object.keys(labels).find((name) => name.startsWith(ROOT));
  return label === undefined ? undefined : { label, sure: rules.rootPrefix === true };
};

/** A reference to a snapshot that holds while the snapshot was used lately, or only when it was not. */
export interface ConditionalReference extends LabelReference {
  /** Whether the condition is met by a snapshot that was last used at a time, in milliseconds. */
  readonly holds: (usedAt: number, now: number) => boolean;
}

/** `containerd.io/gc.cond.snapshot.SNAPSHOTTER` = `usedat<72h[,usedat>…]|KEY`; each condition by itself is enough. */
export const conditionalReferences = (labels: Labels, rules: GcRules): ConditionalReference[] => {
  if (rules.conditions === false) return [];
  return Object.entries(labels).flatMap(([label, value]) => {
    if (!label.startsWith(SNAPSHOT_CONDITION)) return [];
    const bar = value.indexOf('|');
    if (bar < 0) return [];
    const snapshotter =
      label
        .slice(SNAPSHOT_CONDITION.length)
        .replace(/^[./]+/, '')
        .split('/', 1)[0] ?? '';
    const id = `${snapshotter}/${value.slice(bar + 1)}`;
    return value
      .slice(0, bar)
      .split(',')
      .flatMap((condition) => {
        const [, operator, limit = ''] = /^usedat([<>])(?!=)(.*)$/.exec(condition) ?? [];
        const ms = goDuration(limit);
        if (operator === undefined || ms === undefined) return [];
        const holds = (usedAt: number, now: number): boolean =>
          operator === '<' ? now - usedAt < ms : now - usedAt > ms;
        return [{ kind: 'snapshot' as const, id, label, sure: rules.conditions === true, holds }];
      });
  });
};

/** When the snapshot says that it was used, in milliseconds. */
export const usedTimes = (labels: Labels): number[] =>
  Object.entries(labels).flatMap(([label, value]) => {
    const ms = label.startsWith(USED_AT) ? rfc3339(value) : undefined;
    return ms === undefined ? [] : [ms];
  });

/** A time as Go's RFC 3339 reads it, in milliseconds; undefined for what it would refuse. */
export const rfc3339 = (text: string): number | undefined => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const ms = Date.parse(text.replace(',', '.'));
  return Number.isNaN(ms) ? undefined : ms;
};

function matching(labels: Labels, patterns: readonly Pattern[], rules: GcRules): LabelReference[] {
  const found: LabelReference[] = [];
  for (const label in labels) {
    if (!label.startsWith(PREFIX)) continue;
    const value = labels[label] ?? '';
    for (const { prefix, kind, rule } of patterns) {
      if (!label.startsWith(prefix)) continue;
      const applies: Applies = rule === undefined ? true : rules[rule];
      const rest = label.slice(prefix.length);
      if (applies === false || (kind !== 'snapshot' && !/^([./]|$)/.test(rest))) continue;
      // After a slash, names tell several references of one kind apart.
      const id = kind === 'snapshot' ? `${rest.split('/', 1)[0]}/${value}` : value;
      found.push({ kind, id, label, sure: applies === true });
    }
  }
  return found;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ns: 1e-6,
};

// Go's time.ParseDuration: `72h`, `1h30m`, `-1.5s`; a bare 0 too.
function goDuration(text: string): number | undefined {
  const [, sign, rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let ms = 0;
  for (const [, number, unit = ''] of rest.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    ms += Number(number) * (UNIT_MS[unit] ?? 0);
  }
  return sign === '-' ? -ms : ms;
}
