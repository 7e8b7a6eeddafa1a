import type { DeploymentId, Plan, ReportedContext, WaitReason } from "@moult/model";
import { matchesContext, parseConditions, type ContextTexts } from "@moult/query";

/**
 * What a device said of its circumstances, as conditions ask for it. One that said anything at all also says whether some of it
 * could not be found out.
 */
function contextTexts(context: ReportedContext | null): ContextTexts {
  if (context === null) return {};
  const { busy, driving, metered, onPower, batteryPercent, unknown } = context;
  return {
    ...(busy === undefined ? {} : { busy: String(busy) }),
    ...(driving === undefined ? {} : { driving: String(driving) }),
    ...(metered === undefined ? {} : { metered: String(metered) }),
    ...(onPower === undefined ? {} : { onPower: String(onPower) }),
    ...(batteryPercent === undefined ? {} : { batteryPercent: String(batteryPercent) }),
    unknown: String(unknown !== undefined),
  };
}

/** Whether a device may be offered a release in the circumstances that it last said. */
export const meetsConditions = (
  { conditions }: Pick<Plan, "conditions">,
  context: ReportedContext | null,
): boolean =>
  conditions === undefined || matchesContext(parseConditions(conditions), contextTexts(context));

/** Null: the conditions hold, or there are none. */
export function conditionReason(
  deploymentId: DeploymentId,
  plan: Plan,
  context: ReportedContext | null,
): WaitReason | null {
  const { conditions } = plan;
  if (conditions === undefined || meetsConditions(plan, context)) return null;
  return { kind: "condition-unmet", deploymentId, conditions, said: context };
}
