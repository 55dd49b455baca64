/** A view of the kernel's processes: `/proc`, or a tree that looks like it. */
export interface ProcRoot {
  readonly path: string;
}

export const LIVE_PROC: ProcRoot = { path: '/proc' };
