import type { Plan } from "@moult/model";

export type PlanPreset = "careful" | "fast";

const CAREFUL_STOP = { percent: 5, sampleMin: 5 };
const FAST_STOP = { percent: 10, sampleMin: 3 };

/** Where a new plan starts from; what is shown is always the plan itself. */
export const PLAN_PRESETS: Readonly<Record<PlanPreset, Plan>> = {
  careful: {
    stages: [
      { percent: 1, advanceAtPercent: 95, errorStop: CAREFUL_STOP },
      { percent: 10, advanceAtPercent: 95, errorStop: CAREFUL_STOP },
      { percent: 50, advanceAtPercent: 95, errorStop: CAREFUL_STOP },
      { percent: 100, advanceAtPercent: 100, errorStop: CAREFUL_STOP },
    ],
    concurrentMax: 50,
    attemptsMax: 2,
    assignmentTimeoutSeconds: 24 * 3_600,
  },
  fast: {
    stages: [
      { percent: 10, advanceAtPercent: 90, errorStop: FAST_STOP },
      { percent: 100, advanceAtPercent: 100, errorStop: FAST_STOP },
    ],
    concurrentMax: 500,
    attemptsMax: 2,
    assignmentTimeoutSeconds: 24 * 3_600,
  },
};
