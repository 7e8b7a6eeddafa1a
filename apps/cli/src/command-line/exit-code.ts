/** What scripts and CI decide by; documented in docs/guide/cli.md. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** The deployment that was watched tripped or was aborted. */
  stopped: 3,
  timeout: 4,
  /** Not signed in, or not allowed. */
  denied: 5,
  /** Ctrl-C, as shells count it. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
