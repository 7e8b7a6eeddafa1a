import { present, type InstantMs } from "@moult/base";
import type { DeploymentId, Plan, ReleaseVersion, WaitReason } from "@moult/model";
import { allApprovals } from "./approvals.ts";
import { decide, type Decision } from "./decide.ts";
import type {
  ArtifactFacts,
  DeploymentFacts,
  DeviceFacts,
  SafeguardFacts,
  VersionRules,
} from "./facts.ts";
import { NO_FLOW } from "./limits.ts";
import type { Wait } from "./reason-groups.ts";
import { NO_ENDS } from "./stage-gate.ts";
import { precedenceOf, supersededBy } from "./precedence.ts";
import { lastStage, shareSizes } from "./stage-share.ts";

/** What a deployment that does not exist yet would bring. */
export interface PreviewedRelease {
  /** Stands for the deployment in reasons. */
  readonly deploymentId: DeploymentId;
  readonly version: ReleaseVersion;
  readonly plan: Plan;
  /** Those for the device's hardware. */
  readonly artifacts: readonly ArtifactFacts[];
  readonly rules: VersionRules;
  /** The one of the release that is for the device. */
  readonly safeguard: SafeguardFacts | null;
  readonly now: InstantMs;
}

export type PreviewVerdict =
  | { readonly kind: "gets"; readonly artifact: ArtifactFacts }
  | { readonly kind: "already-running" }
  | { readonly kind: "cannot"; readonly reason: WaitReason };

/** Whether a device would get the release in the end, as it is now: what `decide` says once every stage is open. */
export function previewFor(
  device: Omit<DeviceFacts, "draw" | "isIdle" | "context">,
  { deploymentId, version, plan: whole, artifacts, rules, safeguard, now }: PreviewedRelease,
): PreviewVerdict {
  // Circumstances are others in the end; whose are not as the plan asks now is said by itself.
  const { conditions: _, ...plan } = whole;
  const decision = decide({
    now,
    device: { ...device, context: null, draw: 1, isIdle: null },
    openAssignment: null,
    reached: [],
    candidates: [
      {
        id: deploymentId,
        number: Number.MAX_SAFE_INTEGER,
        state: "running",
        version,
        plan,
        stage: lastStage(plan),
        stageOpenedAt: now,
        salt: 1,
        tally: { ...NO_ENDS, admitted: 0, open: 0, alreadyRunning: 0, aborted: 0 },
        flow: NO_FLOW,
        waived: NO_ENDS,
        approvals: allApprovals(plan),
        isTarget: true,
        isForced: false,
        // Windows open in the end; which clocks are not known is said by itself.
        window: { kind: "always" },
        artifacts,
        rules,
        safeguard,
        past: [],
        assignment: null,
        standing: null,
      },
    ],
  });
  if (decision.kind === "offer") return { kind: "gets", artifact: decision.artifact };
  if (decision.kind === "wait")
    return { kind: "cannot", reason: present(decision.reasons[0], "who waits has a reason") };
  return { kind: "already-running" };
}

/** How many devices each stage adds to those before it. */
export function stageSteps(
  plan: Plan,
  eligible: number,
  named: readonly number[] = [],
): readonly number[] {
  const shares = shareSizes(plan, eligible, named);
  return shares.map((share, index) => share - (shares[index - 1] ?? 0));
}

/** Why a device was not offered one deployment yet, from what `decide` answers it where none after it may decide. */
export function waitFor(
  decision: Decision,
  deployment: Pick<DeploymentFacts, "id" | "number" | "plan">,
): Wait {
  const { id } = deployment;
  switch (decision.kind) {
    case "wait":
      return present(
        decision.reasons.find((reason) => "deploymentId" in reason && reason.deploymentId === id) ??
          decision.reasons[0],
        "who waits has a reason",
      );
    case "offer":
    case "close-as-already-running":
      return decision.deployment.id === id
        ? { kind: "next-check-in" }
        : supersededBy(
            { id, ...precedenceOf(deployment) },
            { id: decision.deployment.id, ...precedenceOf(decision.deployment) },
          );
    case "keep":
    case "withdraw":
    case "close-as-running":
      return {
        kind: "update-in-progress",
        deploymentId: decision.assignment.deploymentId,
        assignmentId: decision.assignment.id,
      };
  }
}
