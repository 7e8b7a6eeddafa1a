import type { Deployment } from "@moult/model";
import {
  approversLeft,
  isActive,
  lackingApproversSentence,
  pendingApproval,
  pendingApprovalSentence,
  type PendingApproval,
} from "@moult/planner";
import type { PossibleApprover } from "./approval-queries.ts";
import type { DeploymentRecord } from "./queries.ts";

/** The stage that people have yet to approve, of a deployment in which stages still open. */
export const pendingOf = ({ state, plan, approvals }: DeploymentRecord): PendingApproval | null =>
  isActive(state) ? pendingApproval(plan, approvals) : null;

/** The same with who is left to give it: people leave, and roles change, after a plan was checked. */
export function shownApproval(
  record: DeploymentRecord,
  possible: readonly PossibleApprover[],
): Deployment["pendingApproval"] {
  const pending = pendingOf(record);
  if (pending === null) return null;
  const { plan, approvedBy, createdByUser } = record;
  const has = (each: PossibleApprover): boolean =>
    approvedBy.some(({ stage, userId }) => stage === pending.stage && userId === each.userId);
  const others = possible.filter(({ userId }) => userId !== createdByUser);
  const left = approversLeft(plan, pending, {
    approvers: others.map(({ email }) => email),
    givenBy: others.filter(has).map(({ email }) => email),
  });
  const lacking = lackingApproversSentence(pending, left);
  const sentence = [pendingApprovalSentence(pending), ...(lacking === null ? [] : [lacking])];
  return { ...pending, approversLeft: left, sentence: sentence.join(" ") };
}
