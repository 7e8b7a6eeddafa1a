import * as z from "zod";

/** Trips the deployment when the failures among its finished devices reach either bound. */
export const ErrorStop = z
  .strictObject({
    /** This many failed devices. */
    count: z.int().min(1).max(1_000_000).optional(),
    /** This share of the finished devices, once at least `sampleMin` of them finished. */
    percent: z.number().gt(0).max(100).optional(),
    sampleMin: z.int().min(1).max(1_000_000).optional(),
  })
  .refine((stop) => stop.count !== undefined || stop.percent !== undefined, {
    message: "an error stop names a count, a percent, or both",
  });
export type ErrorStop = z.infer<typeof ErrorStop>;

/** A share of the target, and what must hold before the next share begins. */
export const Stage = z.strictObject({
  /** Cumulative share of the target that may be offered the release; at least one device. */
  percent: z.number().gt(0).max(100),
  /** Share of this stage's devices that must have succeeded before the next stage. */
  advanceAtPercent: z.number().gt(0).max(100).default(100),
  errorStop: ErrorStop.optional(),
});
export type Stage = z.infer<typeof Stage>;

/** How a deployment goes about it. Grows in later versions; unknown fields are refused, so nothing is silently ignored. */
export const Plan = z
  .strictObject({
    stages: z.array(Stage).min(1).max(20),
    /** Devices that may be in the update at the same time; a safety limit, claimed and never estimated. */
    concurrentMax: z.int().min(1).max(1_000_000).default(50),
    /** Tries a device has. Charged only if the device really began. */
    attemptsMax: z.int().min(1).max(10).default(1),
    /** An assignment without any report for this long ends as timed out. */
    assignmentTimeoutSeconds: z
      .int()
      .min(60)
      .max(30 * 86_400)
      .default(24 * 3_600),
  })
  .refine(
    (plan) =>
      plan.stages.every(
        (stage, index) => index === 0 || stage.percent > (plan.stages[index - 1]?.percent ?? 0),
      ),
    { message: "each stage's percent is larger than the one before it", path: ["stages"] },
  )
  .refine((plan) => plan.stages.at(-1)?.percent === 100, {
    message: "the last stage is 100 percent",
    path: ["stages"],
  });
export type Plan = z.infer<typeof Plan>;
