/** Findings as SARIF 2.1.0 (OASIS), for tools that collect results of many checkers. */
import type { Diagnosis, Finding, Probe } from '../host/finding.ts';

/** The SARIF log of one diagnosis. */
export const sarif = (diagnosis: Diagnosis, probes: readonly Probe[], version: string): object => ({
  $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
  version: '2.1.0',
  runs: [
    {
      tool: {
        driver: {
          name: 'ctrscope',
          version,
          rules: probes.map(({ id, title, explain }) => ({
            id,
            shortDescription: { text: title },
            fullDescription: { text: explain },
          })),
        },
      },
      results: diagnosis.findings.map(result),
      invocations: [
        {
          executionSuccessful: true,
          toolExecutionNotifications: diagnosis.probes
            .filter(({ outcome }) => outcome === 'skip' || outcome === 'error')
            .map(({ id, outcome, reason }) => ({
              level: outcome === 'error' ? 'error' : 'note',
              associatedRule: { id },
              message: { text: reason },
            })),
        },
      ],
    },
  ],
});

function result(finding: Finding): object {
  return {
    ruleId: finding.id,
    level: finding.outcome === 'fail' ? 'error' : 'warning',
    message: { text: `${finding.title}\n${finding.why}\n${finding.impact}` },
    locations: [
      {
        logicalLocations: [
          {
            kind: finding.object.kind,
            name: finding.object.name ?? finding.object.id,
            fullyQualifiedName: [finding.object.layer, finding.object.namespace, finding.object.id]
              .filter((part) => part !== null)
              .join('/'),
          },
        ],
      },
    ],
    partialFingerprints: { 'ctrscope/v1': finding.fingerprint },
    properties: { confidence: finding.confidence, evidence: finding.evidence, next: finding.next },
  };
}
