/** The JSON documents of `report` and `doctor` (DESIGN §3). */
import type { Diagnosis } from '../host/finding.ts';
import { KINDS } from '../host/kinds/index.ts';
import { isUnknown } from '../host/observed.ts';
import type { FacetName } from '../host/snapshot.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';
import { distinct, type UnknownEntry, unknownFacets, unknownOfKind } from '../host/unknown-entries.ts';

/** What doctor and report share. */
export const diagnosisFields = ({ verdict, summary, findings, probes }: Diagnosis): object => ({
  verdict,
  summary,
  findings,
  probes: probes.map(({ id, outcome, reason }) => ({ id, outcome, reason })),
});

/** Items of every kind that was read; a kind that was not has no key. */
export const inventoryOf = (host: HostSnapshot): Readonly<Record<string, readonly unknown[]>> =>
  Object.fromEntries(
    KINDS.flatMap((kind) =>
      isUnknown(facet(host, kind.facet))
        ? []
        : [[kind.name, kind.use((typed) => typed.rows(host).map((row) => typed.item(row)))] as const],
    ),
  );

/** Everything the report does not know, once. */
export const unknownInReport = (host: HostSnapshot, other: readonly FacetName[]): UnknownEntry[] =>
  distinct([...unknownFacets(host, other), ...KINDS.flatMap((kind) => unknownOfKind(host, kind))]);
