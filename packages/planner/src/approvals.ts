import type { Plan } from "@moult/model";

/** How many people have approved each stage; a stage that nobody approved may be left out at the end. */
export type ApprovalCounts = readonly number[];

export interface PendingApproval {
  readonly stage: number;
  readonly required: number;
  readonly given: number;
}

/**
 * The first stage that lacks approvals; null where none does. One that is open has them: an approval is withdrawn only
 * before its stage opens.
 */
export function pendingApproval(
  { stages }: Pick<Plan, "stages">,
  counts: ApprovalCounts,
): PendingApproval | null {
  const stage = stages.findIndex((each, index) => lacks(each, counts[index]));
  if (stage === -1) return null;
  return {
    stage,
    required: stages[stage]?.approvals?.required ?? 0,
    given: counts[stage] ?? 0,
  };
}

/** How many stages, from the first on, lack none. */
export const approvedStages = (plan: Pick<Plan, "stages">, counts: ApprovalCounts): number =>
  pendingApproval(plan, counts)?.stage ?? plan.stages.length;

/** As if all that the plan requires were given. */
export const allApprovals = ({ stages }: Pick<Plan, "stages">): ApprovalCounts =>
  stages.map(({ approvals }) => approvals?.required ?? 0);

const lacks = ({ approvals }: Plan["stages"][number], given = 0): boolean =>
  approvals !== undefined && given < approvals.required;

/** `2 people have approved it (1 so far)`, after "once". */
export const approvalNeeded = ({ required, given }: Omit<PendingApproval, "stage">): string =>
  `${required === 1 ? "a person has" : `${required} people have`} approved it (${given} so far)`;

/** People who may approve by now, what the plan names left aside: whoever made the deployment is none of them. */
export interface ApproverFacts {
  /** E-mail addresses in lower case. */
  readonly approvers: readonly string[];
  /** Of those among them who have approved the stage. */
  readonly givenBy: readonly string[];
}

/** How many people could still give an approval that a stage lacks. */
export function approversLeft(
  { stages }: Pick<Plan, "stages">,
  { stage }: Pick<PendingApproval, "stage">,
  { approvers, givenBy }: ApproverFacts,
): number {
  const from = stages[stage]?.approvals?.from;
  return approvers.filter((email) => from?.includes(email) !== false && !givenBy.includes(email))
    .length;
}

/** Said when people left or were given lesser roles, so that too few are left; null while enough are. */
export function lackingApproversSentence(
  { required, given }: Omit<PendingApproval, "stage">,
  left: number,
): string | null {
  const missing = required - given;
  if (left >= missing) return null;
  const who =
    left === 0 ? "Nobody is left who could" : `Only ${left} of ${missing} are left who could`;
  return `${who}: somebody must be given a role that may deploy, or the deployment be aborted.`;
}

export const pendingApprovalSentence = (pending: PendingApproval): string =>
  `Stage ${pending.stage + 1} opens once ${approvalNeeded(pending)}.`;
