/** The facts of a container's chain as keys and texts, for whoever writes them down. */
import type { Chain, Link } from './chain.ts';

/** One line of what a link says. Foreign text is not yet escaped. */
export interface ChainFact {
  readonly key: string;
  /** Null where the entries that follow, one deeper, are the value. */
  readonly text: string | null;
  readonly depth: 0 | 1;
}

/** What a link knows; what is empty is left out. */
export const linkFacts = ({ facts }: Link): readonly ChainFact[] =>
  Object.entries(facts)
    .filter(([, value]) => !isEmpty(value))
    .flatMap(([key, value]): readonly ChainFact[] => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return [{ key, text: plain(value), depth: 0 }];
      const inner = Object.entries(value).map(([name, v]) => ({
        key: name,
        text: plain(v),
        depth: 1 as const,
      }));
      return [{ key, text: null, depth: 0 }, ...inner];
    });

/** The few parts of a spec that a first look needs. */
export const specFacts = ({ spec }: Pick<Chain, 'spec'>): readonly ChainFact[] => {
  if (spec.state !== 'seen') return [];
  const process = member(spec.value, 'process');
  const linux = member(spec.value, 'linux');
  return (
    [
      ['args', list(member(process, 'args'))],
      ['cwd', member(process, 'cwd')],
      [
        'user',
        list(
          Object.values(asObject(member(process, 'user'))).filter((id) => typeof id === 'number'),
          ':',
        ),
      ],
      ['env', list(member(process, 'env'))],
      ['cgroup', member(linux, 'cgroupsPath')],
      ['hostname', member(spec.value, 'hostname')],
    ] as const
  )
    .filter(([, value]) => !isEmpty(value))
    .map(([key, value]) => ({ key, text: plain(value), depth: 0 }));
};

function member(value: unknown, key: string): unknown {
  return asObject(value)[key];
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function list(value: unknown, separator: string = ' '): string {
  return Array.isArray(value) ? value.map(String).join(separator) : '';
}

function plain(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'bigint') return String(value);
  return JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? String(v) : v));
}

function isEmpty(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value).length === 0)
  );
}
