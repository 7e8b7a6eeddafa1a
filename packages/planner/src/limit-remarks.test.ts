import { expect, test } from "vitest";
import type { LimitFinding } from "./check-limits.ts";
import { limitRemark } from "./limit-remarks.ts";

test.each<[LimitFinding, string, string]>([
  [
    { kind: "site-limit-idle", perSite: 5_000, concurrentMax: 50 },
    "plan.limits.perSite",
    "5,000 at a time of a site hold nobody back: all sites together have 50.",
  ],
  [
    {
      kind: "byte-budget-too-small",
      bytesPerDay: 2_000_000_000,
      sizeBytes: 2_500_000_000,
      hardwareTypes: ["gw2", "gw3"],
    },
    "plan.limits.bytesPerDay",
    "Devices of gw2, gw3 never get their artifact: it has 2.5 GB, and 2 GB are offered in any 24 hours.",
  ],
  [
    { kind: "ramp-idle", stage: 1, begins: 5, perMinute: 3 },
    "plan.stages.1.ramp",
    "The ramp of stage 2 begins with 5 in any minute, and the plan lets no more than 3 start: it makes no difference.",
  ],
  [
    { kind: "ramp-never-rises", stage: 0, by: "succeeded", every: 1_000, atMost: 10 },
    "plan.stages.0.ramp",
    "The ramp of stage 1 rises after 1,000 that succeeded, and the stage has 10 at most: it never does.",
  ],
  [
    { kind: "ramp-never-rises", stage: 0, by: "offered", every: 20, atMost: 20 },
    "plan.stages.0.ramp",
    "The ramp of stage 1 rises after 20 that were offered it, and the stage has 20 at most: it never does.",
  ],
])("%j stands at its field, with the numbers that show it", (finding, field, sentence) => {
  expect(limitRemark(finding)).toEqual([field, sentence]);
});
