import { secondsWords, type Plan } from "@moult/model";
import type { PlanFinding } from "./check-plan.ts";
import { missableWindow } from "./check-windows.ts";

type WindowFinding = Extract<PlanFinding, { kind: `window${string}` }>;

/** The part of the plan that a finding is about, and what is to be said there. */
export function windowRemark(finding: WindowFinding): readonly [field: string, sentence: string] {
  switch (finding.kind) {
    case "windows-overlap":
      return [
        `plan.windows.${finding.window}`,
        `Window ${finding.window + 1} overlaps window ${finding.other + 1}: between them they are open as one.`,
      ];
    case "windows-always-open":
      return [
        "plan.windows",
        `For the ${finding.step} the windows leave no minute of the week out: they hold nobody back.`,
      ];
    case "window-shorter-than-timeout": {
      const { step, openSeconds, timeoutSeconds } = finding;
      const over = secondsWords(timeoutSeconds - openSeconds);
      return [
        `plan.timeouts.${step}Seconds`,
        `A device that begins to ${step} when the window opens, which is for ${secondsWords(openSeconds)}, may be at it for ${over} after it closed: it has ${secondsWords(timeoutSeconds)}, and what has begun is not ended by a window.`,
      ];
    }
  }
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
