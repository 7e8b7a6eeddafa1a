import { DAY_MS, SECOND_MS, instant } from "@moult/base";
import { HoldPoint, type Plan, type Window } from "@moult/model";
import type { PlanFinding } from "./check-plan.ts";
import { openIntervals, type Interval } from "./windows.ts";

const WEEK_MS = 7 * DAY_MS;

/** The steps that a plan both opens windows for and gives a time to. */
const TIMED = [
  ["download", "downloadSeconds"],
  ["install", "installSeconds"],
] as const satisfies readonly (readonly [HoldPoint, keyof Plan["timeouts"]])[];

/** What a plan's windows do not achieve. That one never opens cannot be said: each names at least a day and a minute. */
export function checkWindows({
  windows = [],
  timeouts,
}: Pick<Plan, "windows" | "timeouts">): readonly PlanFinding[] {
  return [
    ...TIMED.flatMap(([step, name]): PlanFinding[] => {
      const open = longestOpenSeconds(windows, step);
      const seconds = timeouts[name];
      return open === null || seconds === undefined || seconds <= open
        ? []
        : [
            {
              kind: "window-shorter-than-timeout",
              step,
              openSeconds: open,
              timeoutSeconds: seconds,
            },
          ];
    }),
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

/**
 * How long the windows for the download are open at most, where that is less than the time between two check-ins of a device:
 * one that always asks just after they closed is never offered anything, as nobody tells it to ask sooner.
 */
export function missableWindow(
  { windows = [] }: Pick<Plan, "windows">,
  checkInSeconds: number,
): { readonly openSeconds: number; readonly checkInSeconds: number } | null {
  const openSeconds = longestOpenSeconds(windows, "download");
  return openSeconds === null || openSeconds >= checkInSeconds
    ? null
    : { openSeconds, checkInSeconds };
}

/**
 * For how long at a time devices may begin a step, at most; null: always, or by the clocks of several zones, which stand
 * differently to each other on each device.
 */
function longestOpenSeconds(windows: readonly Window[], step: HoldPoint): number | null {
  const ofStep = windows.filter((window) => window.for.includes(step));
  if (new Set(ofStep.map(zoneKey)).size !== 1 || openMs(ofStep) === WEEK_MS) return null;
  const lengths = openInWeeks(ofStep, 1, 3).map(({ from, until }) => until - from);
  return Math.max(...lengths) / SECOND_MS;
}

/** How much of a week they are open, by clocks that nobody changes. */
function openMs(windows: readonly Window[]): number {
  const [from, until] = [WEEK_MS, 2 * WEEK_MS];
  return openInWeeks(windows, 1, 2).reduce(
    (sum, interval) => sum + Math.min(interval.until, until) - Math.max(interval.from, from),
    0,
  );
}

/** By clocks that nobody changes. */
const openInWeeks = (windows: readonly Window[], first: number, end: number): readonly Interval[] =>
  openIntervals(
    windows.map((window) => ({ window, clocks: () => 0 })),
    instant(first * WEEK_MS),
    instant(end * WEEK_MS),
  );
