/** Exit codes of the contract (DESIGN §3). */
export const EXIT = {
  ok: 0,
  /** The tool failed, or what was asked for is not there. */
  failed: 1,
  usage: 2,
  fail: 3,
  warn: 4,
  partial: 5,
  interrupted: 130,
  terminated: 143,
} as const;
