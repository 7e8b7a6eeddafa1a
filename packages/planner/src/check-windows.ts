import { DAY_MS, instant } from "@moult/base";
import { HoldPoint, type Plan, type Window } from "@moult/model";
import type { PlanFinding } from "./check-plan.ts";
import { openIntervals } from "./windows.ts";

const WEEK_MS = 7 * DAY_MS;

/** What a plan's windows do not achieve. That one never opens cannot be said: each names at least a day and a minute. */
export function checkWindows({ windows = [] }: Pick<Plan, "windows">): readonly PlanFinding[] {
  return [
    ...windows.flatMap((window, index) => overlapOf(windows, window, index)),
    ...HoldPoint.options
      .filter((step) => isAlwaysOpen(windows, step))
      .map((step) => ({ kind: "windows-always-open", step }) as const),
  ];
}

function overlapOf(
  windows: readonly Window[],
  window: Window,
  index: number,
): readonly PlanFinding[] {
  const other = windows.findIndex(
    (each, at) =>
      at < index &&
      zoneKey(each) === zoneKey(window) &&
      each.for.some((step) => window.for.includes(step)) &&
      openMs([each]) + openMs([window]) > openMs([each, window]),
  );
  return other === -1 ? [] : [{ kind: "windows-overlap", window: index, other }];
}

const zoneKey = ({ zone }: Window): string => JSON.stringify(zone);

function isAlwaysOpen(windows: readonly Window[], step: HoldPoint): boolean {
  const ofStep = Map.groupBy(
    windows.filter((window) => window.for.includes(step)),
    zoneKey,
  );
  return [...ofStep.values()].some((sameClocks) => openMs(sameClocks) === WEEK_MS);
}

/** How much of a week they are open, by clocks that nobody changes. */
function openMs(windows: readonly Window[]): number {
  const [from, until] = [instant(WEEK_MS), instant(2 * WEEK_MS)];
  const unchanged = windows.map((window) => ({ window, clocks: () => 0 }));
  return openIntervals(unchanged, from, until).reduce(
    (sum, interval) => sum + Math.min(interval.until, until) - Math.max(interval.from, from),
    0,
  );
}
