import { isoText, type InstantMs } from "@moult/base";
import type { WaitReason } from "@moult/model";
import type { DeploymentFacts } from "./facts.ts";
import { DAY_WINDOW, freeAt, takenMax } from "./sliding-window.ts";

/** What an offer takes from the bytes that its plan lets be offered. */
export interface ByteClaim {
  /** The whole artifact, also where a device has part of it already: what it fetches is not known before. */
  readonly more: number;
  /** Holds while with these no more than so many were ever offered; null where nothing bounds it. */
  readonly takenMax: number | null;
}

export type ByteRoom =
  | { readonly kind: "free"; readonly claim: ByteClaim | null }
  | {
      readonly kind: "full";
      readonly reason: WaitReason;
      readonly until: InstantMs | null;
    };

/** Whether an artifact of this size may be offered by what was offered in the last 24 hours. */
export function byteRoom(
  {
    id: deploymentId,
    isForced,
    plan,
    flow,
  }: Pick<DeploymentFacts, "id" | "isForced" | "plan" | "flow">,
  sizeBytes: number,
  now: InstantMs,
): ByteRoom {
  const { bytesPerDay } = plan.limits;
  if (bytesPerDay === undefined) return { kind: "free", claim: null };
  if (isForced) return { kind: "free", claim: { more: sizeBytes, takenMax: null } };
  const max = takenMax(DAY_WINDOW, flow.bytes, bytesPerDay, now);
  if (flow.bytes.taken + sizeBytes <= max)
    return { kind: "free", claim: { more: sizeBytes, takenMax: max } };
  const until = freeAt(DAY_WINDOW, flow.bytes, bytesPerDay, sizeBytes);
  return {
    kind: "full",
    reason: {
      kind: "byte-budget",
      deploymentId,
      bytesPerDay,
      sizeBytes,
      until: until === null ? null : isoText(until),
    },
    until,
  };
}
