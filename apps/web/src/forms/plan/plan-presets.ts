import { Plan } from "@moult/model";

export type PlanPreset = "careful" | "fast";

const CAREFUL_STOP = { percent: 5, sampleMin: 5 };
const FAST_STOP = { percent: 10, sampleMin: 3 };

/** Where a new plan starts from; what is shown is always the plan itself. */
export const PLAN_PRESETS: Readonly<Record<PlanPreset, Plan>> = {
  careful: Plan.parse({
    stages: [
      ...[1, 10, 50].map((percent) => ({
        size: { percent },
        advance: { successPercent: 95 },
        errorStop: CAREFUL_STOP,
      })),
      { size: { remaining: true }, errorStop: CAREFUL_STOP },
    ],
    retry: { attemptsMax: 2 },
  }),
  fast: Plan.parse({
    stages: [
      { size: { percent: 10 }, advance: { successPercent: 90 }, errorStop: FAST_STOP },
      { size: { remaining: true }, errorStop: FAST_STOP },
    ],
    limits: { concurrentMax: 500 },
    retry: { attemptsMax: 2 },
  }),
};
