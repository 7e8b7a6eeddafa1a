import type { Plan } from "@moult/model";
import type { ArtifactFacts } from "./facts.ts";

/** A limit that has no effect, or more of one than was meant. */
export type LimitFinding =
  /** No site can have more devices in the update than the whole deployment has. */
  | { readonly kind: "site-limit-idle"; readonly perSite: number; readonly concurrentMax: number }
  /** Devices of these types never get their artifact: it is larger than all that may be offered in a day. */
  | {
      readonly kind: "byte-budget-too-small";
      readonly bytesPerDay: number;
      readonly sizeBytes: number;
      readonly hardwareTypes: readonly string[];
    }
  /** The plan's own rate is no more than the one that the ramp begins with. */
  | {
      readonly kind: "ramp-idle";
      readonly stage: number;
      readonly begins: number;
      readonly perMinute: number;
    }
  /** When the ramp first rises, the stage has nobody left to start. */
  | {
      readonly kind: "ramp-never-rises";
      readonly stage: number;
      readonly by: "succeeded" | "offered";
      readonly every: number;
      /** Of devices that can still succeed, or of tries they have, once it is open. */
      readonly atMost: number;
    };

/** What to tell about the limits of a plan with stages of these sizes that brings these artifacts. */
export function checkLimits(
  plan: Plan,
  sizes: readonly number[],
  artifacts: readonly Pick<ArtifactFacts, "sizeBytes" | "hardwareTypes">[],
): readonly LimitFinding[] {
  const { concurrentMax, perSite, bytesPerDay = Infinity } = plan.limits;
  return [
    ...(perSite !== undefined && perSite.concurrentMax >= concurrentMax
      ? [{ kind: "site-limit-idle", perSite: perSite.concurrentMax, concurrentMax } as const]
      : []),
    ...artifacts.flatMap(({ sizeBytes, hardwareTypes }) =>
      sizeBytes > bytesPerDay
        ? [{ kind: "byte-budget-too-small", bytesPerDay, sizeBytes, hardwareTypes } as const]
        : [],
    ),
    ...checkRamps(plan, sizes),
  ];
}

function checkRamps(plan: Plan, sizes: readonly number[]): readonly LimitFinding[] {
  const { perMinute = Infinity } = plan.limits;
  return plan.stages.flatMap(({ ramp }, stage): readonly LimitFinding[] => {
    if (ramp === undefined) return [];
    const begins = ramp.perMinute;
    if (perMinute <= begins) return [{ kind: "ramp-idle", stage, begins, perMinute }];
    const left = (sizes[stage] ?? 0) - succeededBefore(plan, stage, sizes);
    const [by, every, atMost] =
      "succeeded" in ramp.every
        ? (["succeeded", ramp.every.succeeded, left] as const)
        : (["offered", ramp.every.offered, left * plan.retry.attemptsMax] as const);
    // That nobody is left at all is said of the stage itself.
    return atMost === 0 || every < atMost
      ? []
      : [{ kind: "ramp-never-rises", stage, by, every, atMost }];
  });
}

/** How many must have succeeded before the stage opens; nobody where those that are not reached hold it up no longer. */
function succeededBefore({ stages }: Plan, stage: number, sizes: readonly number[]): number {
  const before = stages[stage - 1]?.advance;
  if (before === undefined || before.maxWaitSeconds !== undefined) return 0;
  return Math.ceil(((sizes[stage - 1] ?? 0) * before.successPercent) / 100 - 1e-9);
}
