import type { Census } from "@moult/planner";
import * as z from "zod";

/** The count of a large target, as its deployment's row keeps it. */
export const StoredCensus = z.object({
  countedAt: z.int(),
  /** How long the count took; it is repeated the more rarely, the longer. */
  tookMs: z.number().min(0),
  eligible: z.int().min(0),
  heldBack: z.int().min(0).default(0),
  thresholds: z.array(z.int().min(0)),
  belowThreshold: z.array(z.int().min(0)),
  /** For each stage by group or query, how many devices are its own. */
  named: z.array(z.int().min(0)).default([]),
});
export type StoredCensus = z.infer<typeof StoredCensus>;

export const estimated = (stored: StoredCensus): Census => ({
  kind: "estimated",
  eligible: stored.eligible,
  thresholds: stored.thresholds,
  belowThreshold: stored.belowThreshold,
  ...namedIn(stored.named),
});

/** Nothing is said of stages that there are not. */
export const namedIn = (named: readonly number[]): { readonly named?: readonly number[] } =>
  named.length === 0 ? {} : { named };

/** A new device counts within this time. */
const RECOUNT_AFTER_MS_MIN = 15_000;
/** Counting takes at most this part of the time. */
const COUNTING_SHARE = 1 / 100;

/** Whether it is time to count again. */
export const isStale = (stored: StoredCensus, nowMs: number): boolean =>
  nowMs - stored.countedAt >= Math.max(RECOUNT_AFTER_MS_MIN, stored.tookMs / COUNTING_SHARE);
