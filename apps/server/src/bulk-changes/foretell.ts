import { unreachable } from "@moult/base";
import {
  changeDevice,
  impossibleSentence,
  type DeviceAction,
  type SelectedDevice,
} from "../devices/index.ts";
import { GROUP_IS_DYNAMIC, type GroupFacts } from "../groups/index.ts";

/** What an action would do to one device, by the decisions that are taken when it is done. */
export type Foretold =
  /** `key-only`: a waiting key is turned down, and the device stays as it is. */
  | { readonly kind: "changes" | "key-only" | "unchanged" }
  | { readonly kind: "refused"; readonly sentence: string };

export const OTHER_PRODUCT = "The device belongs to another product than the group.";
export const GROUP_GONE = "The group is no longer there.";

/** Foretells an operator's decision about a device. */
export function foretellDecision(
  { facts }: Pick<SelectedDevice, "facts">,
  action: DeviceAction,
): Foretold {
  const change = changeDevice(facts, action);
  switch (change.kind) {
    case "impossible":
      return { kind: "refused", sentence: impossibleSentence(facts) };
    case "unchanged":
      return { kind: "unchanged" };
    case "key-rejected":
      return { kind: "key-only" };
    case "changed":
      return { kind: "changes" };
    default:
      return unreachable(change);
  }
}

/** Foretells whether a device's membership changes. */
export function foretellMove(
  { product }: Pick<SelectedDevice, "product">,
  move: "add" | "remove",
  group: Pick<GroupFacts, "product" | "isDynamic">,
  isMember: boolean,
): Foretold {
  if (group.isDynamic) return { kind: "refused", sentence: GROUP_IS_DYNAMIC };
  if (product !== group.product) return { kind: "refused", sentence: OTHER_PRODUCT };
  return { kind: isMember === (move === "add") ? "unchanged" : "changes" };
}
