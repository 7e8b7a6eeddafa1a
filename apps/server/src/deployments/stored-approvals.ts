import { Approval, UserId, type Plan } from "@moult/model";
import { fromJson } from "../platform/columns.ts";
import * as z from "zod";

/** An approval with the account that gave it: a name or an address may come to belong to another. */
export const StoredApproval = Approval.extend({ userId: UserId });
export type StoredApproval = z.infer<typeof StoredApproval>;

export const approvalsFrom = (json: string | null): StoredApproval[] =>
  json === null ? [] : fromJson(z.array(StoredApproval), json);

/** How many people approved each stage. */
export const approvalCounts = (
  { stages }: Pick<Plan, "stages">,
  approvals: readonly StoredApproval[],
): number[] => stages.map((_, index) => approvals.filter(({ stage }) => stage === index).length);
