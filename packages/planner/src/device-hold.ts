import { isoText, type InstantMs } from "@moult/base";
import type { WaitReason } from "@moult/model";
import type { DeviceFacts, DeviceHoldFacts } from "./facts.ts";

type Held = Extract<WaitReason, { kind: "device-held" }>;

/** The hold that is on a device at this instant, which may have been put on it for a time. */
export const holdAt = (
  { hold }: Pick<DeviceFacts, "hold">,
  now: InstantMs,
): DeviceHoldFacts | null =>
  hold !== null && (hold.until === null || now < hold.until) ? hold : null;

export const heldReason = ({ note, by, since, until }: DeviceHoldFacts): Held => ({
  kind: "device-held",
  note,
  by,
  since: isoText(since),
  until: until === null ? null : isoText(until),
});
