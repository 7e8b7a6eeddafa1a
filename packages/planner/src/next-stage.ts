import { isoText, later, present, SECOND_MS } from "@moult/base";
import { stageWords, type DeploymentState, type Tally } from "@moult/model";
import { counted, numberText } from "./counted.ts";
import type { Census } from "./facts.ts";
import { approvalNeeded, pendingApprovalSentence } from "./approvals.ts";
import { gateOf, missingApproval, type GateFacts } from "./stage-gate.ts";
import { lastStage } from "./stage-share.ts";
import { utcText } from "./utc-text.ts";

/**
 * What the next stage still waits for, all of it in one sentence; null when none follows or the deployment stands still.
 * Instants are named rather than compared, so it does not change by time.
 */
export function nextStageSentence(
  facts: GateFacts & { readonly state: DeploymentState },
  counts: Omit<Tally, "eligible">,
  census: Census,
): string | null {
  const { plan, stage, state, stageOpenedAt } = facts;
  if (state !== "running") return null;
  const missing = missingApproval(facts);
  // Until its first stage is approved it has not begun.
  if (missing?.stage === 0) return pendingApprovalSentence(missing);
  if (stage === lastStage(plan)) return null;
  const { advance } = present(plan.stages[stage], "a deployment's stage is in its plan");
  const { afterSeconds, maxWaitSeconds, manual } = advance;
  const instantAfter = (seconds: number): string =>
    utcText(isoText(later(stageOpenedAt, seconds * SECOND_MS)));

  const gate = gateOf(facts, counts, census, stageOpenedAt);
  const conditions = [
    ...(gate.kind === "successes-missing"
      ? [
          `when ${counted(gate.needed, "device")} ${gate.needed === 1 ? "has" : "have"} succeeded (${numberText(gate.succeeded)} so far${
            maxWaitSeconds === undefined
              ? ""
              : `; who is not reached by ${instantAfter(maxWaitSeconds)} no longer counts`
          })`,
        ]
      : []),
    ...(afterSeconds === undefined ? [] : [`not before ${instantAfter(afterSeconds)}`]),
    ...(missing === null ? [] : [`once ${approvalNeeded(missing)}`]),
    ...(gate.kind === "nobody-named"
      ? [`once a person opens it: no device of the target is in stage ${stage + 1}`]
      : manual === true
        ? ["once a person opens it"]
        : []),
  ];
  const next = `${stageWords(stage + 1, plan.stages[stage + 1])} opens`;
  return conditions.length === 0 ? `${next} in a moment.` : `${next} ${conditions.join(", ")}.`;
}
