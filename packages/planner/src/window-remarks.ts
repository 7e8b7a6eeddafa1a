import { secondsWords, type Plan } from "@moult/model";
import type { PlanFinding } from "./check-plan.ts";
import { missableWindow } from "./check-windows.ts";

/** The part of the plan that a finding is about, and what is to be said there. */
export function outlastedWindow({
  step,
  openSeconds,
  timeoutSeconds,
}: Extract<PlanFinding, { kind: "window-shorter-than-timeout" }>): readonly [
  field: string,
  sentence: string,
] {
  const over = secondsWords(timeoutSeconds - openSeconds);
  return [
    `plan.timeouts.${step}Seconds`,
    `A device that begins to ${step} when the window opens, which is for ${secondsWords(openSeconds)}, may be at it for ${over} after it closed: it has ${secondsWords(timeoutSeconds)}, and what has begun is not ended by a window.`,
  ];
}

/** What is to be said of windows that devices can miss; `checkInSeconds`: how often they ask, null where that is not known. */
export function missedWindows({
  plan,
  checkInSeconds,
}: {
  readonly plan: Pick<Plan, "windows">;
  readonly checkInSeconds: number | null;
}): readonly string[] {
  const missable = checkInSeconds === null ? null : missableWindow(plan, checkInSeconds);
  return missable === null
    ? []
    : [
        `The windows for the download are open for ${secondsWords(missable.openSeconds)} at a time, and devices ask once in ${secondsWords(missable.checkInSeconds)}: one that asks just after they closed can miss them each time.`,
      ];
}
