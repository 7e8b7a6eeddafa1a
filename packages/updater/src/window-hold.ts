import { instant, isoText, type InstantMs } from "@moult/base";
import type { Hold, HoldPoint, StepWindows } from "@moult/model";

/** The hold of a device that waits for a window and knows when it opens. */
export const OUTSIDE_WINDOW = "outside-window";

/** The hold of one that has waited past all windows that it was told of: it needs its server to tell it further ones. */
const WINDOW_UNKNOWN = "window-unknown";

/** What the server's plan has to say against beginning a step now, by the device's clock; at most one hold. */
export function windowHold(
  windows: StepWindows | undefined,
  before: HoldPoint,
  now: InstantMs,
): readonly Hold[] {
  const times = before === "download" ? undefined : windows?.[before];
  if (times === undefined) return [];
  const next = times.find(({ untilMs }) => now < untilMs);
  if (next === undefined)
    return [
      {
        code: WINDOW_UNKNOWN,
        detail: "The windows of the plan that the device was told of are over.",
      },
    ];
  if (next.fromMs <= now) return [];
  const opensAt = isoText(instant(next.fromMs)).slice(0, 16).replace("T", " ");
  const detail = `The next window of the plan opens at ${opensAt} UTC.`;
  return [{ code: OUTSIDE_WINDOW, detail }];
}
