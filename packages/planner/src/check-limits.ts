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
    };

/** What to tell about the limits of a plan that brings these artifacts. */
export function checkLimits(
  { limits: { concurrentMax, perSite, bytesPerDay = Infinity } }: Plan,
  artifacts: readonly Pick<ArtifactFacts, "sizeBytes" | "hardwareTypes">[],
): readonly LimitFinding[] {
  return [
    ...(perSite !== undefined && perSite.concurrentMax >= concurrentMax
      ? [{ kind: "site-limit-idle", perSite: perSite.concurrentMax, concurrentMax } as const]
      : []),
    ...artifacts.flatMap(({ sizeBytes, hardwareTypes }) =>
      sizeBytes > bytesPerDay
        ? [{ kind: "byte-budget-too-small", bytesPerDay, sizeBytes, hardwareTypes } as const]
        : [],
    ),
  ];
}
