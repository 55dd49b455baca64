/** What a probe answers (DESIGN §4): one record for the UI, JSON, Markdown, SARIF and JUnit. */
import type { Timestamp } from './observed.ts';
import type { FacetName, HostSnapshot } from './snapshot.ts';

export type Layer =
  | 'docker'
  | 'containerd'
  | 'shim'
  | 'runc'
  | 'process'
  | 'cgroup'
  | 'content'
  | 'snapshot'
  | 'metadata'
  | 'network'
  | 'kernel'
  | 'host'
  | 'cri';

export interface FindingObject {
  readonly layer: Layer;
  readonly namespace: string | null;
  readonly kind: string;
  /** For a container its containerd id; stable over restarts, so never a pid. */
  readonly id: string;
  readonly name: string | null;
}

export interface Evidence {
  readonly layer: Layer;
  /** The RPC, file or command. */
  readonly source: string;
  readonly field: string;
  readonly value: string;
  readonly at: Timestamp;
}

export interface NextStep {
  readonly text: string;
  readonly command: string | null;
  readonly effect: 'reads' | 'writes' | 'disrupts';
}

/** A finding as a probe states it. */
export interface Claim {
  readonly title: string;
  readonly outcome: 'warn' | 'fail';
  readonly confidence: 'certain' | 'likely';
  readonly object: FindingObject;
  readonly evidence: readonly Evidence[];
  readonly why: string;
  readonly impact: string;
  /** The least harmful first. */
  readonly next: readonly NextStep[];
  readonly references: readonly string[];
  /** The probe whose finding about the same address or container explains this one. */
  readonly causedBy?: string;
  /** When what it is about was recorded. What is removed and made anew between two looks is another by the same name. */
  readonly recordedAt?: readonly (string | null)[];
}

/** A claim with the probe's id and a fingerprint that survives restarts: no pid, no time in it. */
export interface Finding extends Omit<Claim, 'recordedAt'> {
  readonly id: string;
  readonly fingerprint: string;
}

export type ProbeAnswer =
  | { readonly outcome: 'pass'; readonly reason: string }
  | { readonly outcome: 'skip'; readonly reason: string }
  | { readonly outcome: 'claims'; readonly claims: readonly Claim[] };

/** One question asked of a host: a pure function over a snapshot. */
export interface Probe {
  /** Kebab-case, stable. */
  readonly id: string;
  /** The question, in words. */
  readonly title: string;
  /** What it looks at, what it means, what to do: shown by `doctor --explain`. */
  readonly explain: string;
  /** The facets it reads; the engine collects them, and skips the probe when one of `needs` is unknown. */
  readonly wants: readonly FacetName[];
  /** Those of `wants` without which there is no answer. */
  readonly needs: readonly FacetName[];
  run(host: HostSnapshot): ProbeAnswer;
}

/** How one probe ended. */
export interface ProbeOutcome {
  readonly id: string;
  readonly title: string;
  readonly outcome: 'pass' | 'warn' | 'fail' | 'skip' | 'error';
  readonly reason: string;
}

export type Verdict = 'pass' | 'warn' | 'fail' | 'partial';

export interface Diagnosis {
  readonly verdict: Verdict;
  /** The sentence. */
  readonly summary: string;
  readonly findings: readonly Finding[];
  readonly probes: readonly ProbeOutcome[];
}
