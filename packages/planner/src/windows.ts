import { DAY_MS, MINUTE_MS, instant, isoText, later, present, type InstantMs } from "@moult/base";
import {
  Weekday,
  ZONE_ATTRIBUTE,
  type DeploymentId,
  type HoldPoint,
  type Plan,
  type StepWindows,
  type WaitReason,
  type Window,
  type WindowZone,
} from "@moult/model";

/** How far the clocks of a zone are ahead of UTC, in milliseconds. The brains have no table of zones; shells have. */
export type Zone = (at: InstantMs) => number;

/** Undefined where the table knows no such zone. */
export type Zones = (name: string) => Zone | undefined;

export const UTC_ZONES: Zones = (name) => (name === "UTC" ? () => 0 : undefined);

/** Open from its first instant up to, and without, its last. */
export interface Interval {
  readonly from: InstantMs;
  readonly until: InstantMs;
}

/** Whether devices may begin a step now. */
export type WindowFacts =
  /** The plan has no windows for the step. */
  | { readonly kind: "always" }
  | { readonly kind: "open"; readonly until: InstantMs }
  | { readonly kind: "closed"; readonly opensAt: InstantMs }
  /** Not one of the windows goes by clocks that are known. */
  | {
      readonly kind: "zone-unknown";
      readonly attribute: string | null;
      readonly zone: string | null;
    };

/** A week, and what clocks can be changed by: no window is shut for longer. */
const AHEAD_MS = 9 * DAY_MS;

/** The inventory attribute that a window's zone stands in; null where the plan names the zone. */
function zoneAttribute(zone: WindowZone): string | null {
  if (zone === "device") return ZONE_ATTRIBUTE;
  return typeof zone === "string" ? null : zone.attribute;
}

/** The attributes that a plan's windows look at. */
export const zoneAttributesOf = ({ windows }: Plan): readonly string[] => [
  ...new Set(windows?.flatMap(({ zone }) => zoneAttribute(zone) ?? [])),
];

/** Whether a device with these attributes may begin a step at `now`, by a plan's windows. */
export function windowFacts(
  plan: Plan,
  step: HoldPoint,
  attributes: Readonly<Record<string, string>>,
  zones: Zones,
  now: InstantMs,
): WindowFacts {
  const windows = (plan.windows ?? []).filter((window) => window.for.includes(step));
  const [first] = windows;
  if (first === undefined) return { kind: "always" };
  const known = clocked(windows, attributes, zones);
  if (known.length === 0) {
    const attribute = zoneAttribute(first.zone);
    return { kind: "zone-unknown", attribute, zone: zoneNameOf(first.zone, attributes) };
  }
  const [soonest] = openIntervals(known, now, later(now, AHEAD_MS));
  const next = present(soonest, "every window opens within a week");
  return next.from <= now
    ? { kind: "open", until: next.until }
    : { kind: "closed", opensAt: next.from };
}

/**
 * Whether a device may be offered a release: it may begin its download, and the clocks are known by which it will be told when
 * to go on.
 */
export function offerWindow(
  plan: Plan,
  attributes: Readonly<Record<string, string>>,
  zones: Zones,
  now: InstantMs,
): WindowFacts {
  const unknown = (["install", "reboot"] as const)
    .map((step) => windowFacts(plan, step, attributes, zones, now))
    .find(({ kind }) => kind === "zone-unknown");
  return unknown ?? windowFacts(plan, "download", attributes, zones, now);
}

/** How far ahead a device is told its windows, so that it can wait for them without its server. */
const TOLD_MS = 15 * DAY_MS;
const TOLD_MAX = 32;

/** When a device may begin the steps that follow its download; a step without windows is not named. */
export function stepWindows(
  { windows = [] }: Plan,
  attributes: Readonly<Record<string, string>>,
  zones: Zones,
  now: InstantMs,
): StepWindows {
  const told = (["install", "reboot"] as const).flatMap((step) => {
    const ofStep = windows.filter((window) => window.for.includes(step));
    if (ofStep.length === 0) return [];
    const open = openIntervals(clocked(ofStep, attributes, zones), now, later(now, TOLD_MS));
    const times = open
      .slice(0, TOLD_MAX)
      .map(({ from, until }) => ({ fromMs: from, untilMs: until }));
    return [[step, times] as const];
  });
  return Object.fromEntries(told);
}

/** Those of the windows whose clocks are known. */
const clocked = (
  windows: readonly Window[],
  attributes: Readonly<Record<string, string>>,
  zones: Zones,
): readonly ClockedWindow[] =>
  windows.flatMap((window) => {
    const zone = zoneNameOf(window.zone, attributes);
    const clocks = zone === null ? undefined : zones(zone);
    return clocks === undefined ? [] : [{ window, clocks }];
  });

function zoneNameOf(zone: WindowZone, attributes: Readonly<Record<string, string>>): string | null {
  const attribute = zoneAttribute(zone);
  if (attribute === null) return typeof zone === "string" ? zone : null;
  return Object.hasOwn(attributes, attribute) ? (attributes[attribute] ?? null) : null;
}

/** A window, and the clocks it goes by. */
export interface ClockedWindow {
  readonly window: Window;
  readonly clocks: Zone;
}

/** When at least one of the windows is open, as far as that ends after `from` and begins before `until`; in order. */
export function openIntervals(
  windows: readonly ClockedWindow[],
  from: InstantMs,
  until: InstantMs,
): readonly Interval[] {
  const all = windows
    .flatMap((window) => intervalsOf(window, from, until))
    .toSorted((left, right) => left.from - right.from);
  const merged: Interval[] = [];
  for (const each of all) {
    const last = merged.at(-1);
    if (last === undefined || each.from > last.until) merged.push(each);
    else if (each.until > last.until) merged[merged.length - 1] = { ...last, until: each.until };
  }
  return merged;
}

function intervalsOf(
  { window, clocks }: ClockedWindow,
  from: InstantMs,
  until: InstantMs,
): readonly Interval[] {
  const { days, at, durationMinutes } = window;
  const lengthMs = durationMinutes * MINUTE_MS;
  const atMs = (Number(at.slice(0, 2)) * 60 + Number(at.slice(3))) * MINUTE_MS;
  const firstDay = dayOf(from - lengthMs + clocks(from)) - 1;
  const lastDay = dayOf(until + clocks(until)) + 1;
  const intervals: Interval[] = [];
  for (let day = firstDay; day <= lastDay; day += 1) {
    if (days?.includes(weekdayOf(day)) === false) continue;
    const opens = instantOf(day * DAY_MS + atMs, clocks);
    const closes = later(opens, lengthMs);
    if (closes > from && opens < until) intervals.push({ from: opens, until: closes });
  }
  return intervals;
}

const dayOf = (ms: number): number => Math.floor(ms / DAY_MS);

/** 1970-01-01 was a Thursday. */
const weekdayOf = (day: number): Weekday =>
  present(Weekday.options[(((day + 3) % 7) + 7) % 7], "a week has seven days");

/**
 * The instant at which clocks show `localMs` (as if they were UTC), by RFC 5545, 3.3.5: of two the first; where there is none,
 * by what the clocks were before. Clocks that change twice within two days are not known.
 */
function instantOf(localMs: number, clocks: Zone): InstantMs {
  const [before, after] = [-DAY_MS, DAY_MS].map((away) => clocks(instant(localMs + away)));
  const shown = [before, after]
    .map((offset = 0) => instant(localMs - offset))
    .filter((at) => at + clocks(at) === localMs);
  const first = shown.length === 0 ? localMs - (before ?? 0) : Math.min(...shown);
  return instant(first);
}

/** What stands between a device and a step; null while it may begin. */
export function windowWait(
  facts: WindowFacts,
  deploymentId: DeploymentId,
): { readonly reason: WaitReason; readonly until: InstantMs | null } | null {
  switch (facts.kind) {
    case "always":
    case "open":
      return null;
    case "closed": {
      const { opensAt } = facts;
      return {
        reason: { kind: "outside-window", deploymentId, until: isoText(opensAt) },
        until: opensAt,
      };
    }
    case "zone-unknown": {
      const { attribute, zone } = facts;
      return { reason: { kind: "zone-unknown", deploymentId, attribute, zone }, until: null };
    }
  }
}
