import { present } from "@moult/base";
import type { Plan } from "@moult/model";
import type { PlanFinding } from "./check-plan.ts";
import { shareSizes } from "./stage-share.ts";

/** What a plan by which devices keep what they downloaded does not achieve before a person opens the installation. */
export function checkMode(plan: Plan, eligible: number): readonly PlanFinding[] {
  if (plan.mode !== "download-only") return [];
  const { stages, limits } = plan;
  const devices = present(shareSizes(plan, eligible)[0], "a plan has a stage");
  const { concurrentMax } = limits;
  return [
    // Whatever else a stage asks for, some of its devices must have succeeded.
    ...(stages.length > 1 ? [{ kind: "download-only-stops-stages", devices } as const] : []),
    ...(concurrentMax < devices
      ? [{ kind: "download-only-fills-places", concurrentMax, devices } as const]
      : []),
  ];
}
