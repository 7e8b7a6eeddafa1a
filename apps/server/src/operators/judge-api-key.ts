import { ROLES, type Role } from "@moult/api";
import { isoFrom } from "../platform/columns.ts";
import type { Principal } from "../platform/operation-handler.ts";
import type { StoredApiKey } from "./queries.ts";

export type Judgement =
  | { readonly kind: "accepted"; readonly principal: Principal }
  /** `detail` tells the caller what is wrong with the key, and what to do. */
  | { readonly kind: "refused"; readonly detail: string };

/** Whether a stored key is good at `now`, and for what: never for more than its maker may at that time. */
export function judgeApiKey(key: StoredApiKey | undefined, now: number): Judgement {
  if (key === undefined)
    return {
      kind: "refused",
      detail: "No such API key exists: it was revoked, or it is not complete. Create another one.",
    };
  if (key.expiresAt !== null && key.expiresAt <= now)
    return {
      kind: "refused",
      detail: `This API key expired at ${isoFrom(key.expiresAt)}. Create another one.`,
    };
  const { operator } = key;
  return {
    kind: "accepted",
    principal: {
      ...operator,
      kind: "api-key",
      role: lowerRole(key.role, operator.role),
      keyId: key.id,
    },
  };
}

/** The one of two roles that may do less. */
export const lowerRole = (one: Role, other: Role): Role =>
  ROLES.indexOf(one) <= ROLES.indexOf(other) ? one : other;
