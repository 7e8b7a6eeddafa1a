import type { Random } from "./ports.ts";

/** Exponential back-off with full jitter, so that a fleet that lost its server does not come back in step. */
export interface BackOff {
  readonly delayMsMin: number;
  readonly delayMsMax: number;
}

/** How long to wait before try number `attempt` (counted from 1 for the first failure). */
export function backOffDelayMs(policy: BackOff, attempt: number, random: Random): number {
  const ceilingMs = Math.min(policy.delayMsMax, policy.delayMsMin * 2 ** Math.min(attempt - 1, 40));
  return Math.round(
    policy.delayMsMin / 2 + random.fraction() * (ceilingMs - policy.delayMsMin / 2),
  );
}
