import type { InstantMs } from "@moult/base";
import {
  HOLDS_MAX,
  HOLD_DETAIL_CHARACTERS_MAX,
  type Hold,
  type HoldPoint,
  type UpdateMode,
} from "@moult/model";
import { openingHold } from "./opening-hold.ts";
import type { Update } from "./update-state.ts";
import { windowHold } from "./window-hold.ts";

/** What a device knows of its circumstances. What nobody said is null, and holds nothing. */
export interface DeviceContext {
  /** It does something that an update would disturb. */
  readonly isBusy: boolean | null;
  readonly isDriving: boolean | null;
  /** What goes over its connection costs money. */
  readonly isMetered: boolean | null;
  readonly batteryPercent: number | null;
  readonly isOnPower: boolean | null;
  /** Reasons of the device's own. */
  readonly holds: readonly Hold[];
  /** Why some of this could not be found out, one sentence each. */
  readonly failures: readonly string[];
}

/** Which circumstances hold a device before which steps. */
export interface HoldPolicy {
  readonly busy: readonly HoldPoint[];
  readonly driving: readonly HoldPoint[];
  readonly metered: readonly HoldPoint[];
  readonly battery: readonly HoldPoint[];
  /** Less than this holds, unless the device is on power. */
  readonly batteryPercentMin: number;
  /** For the device's own reasons. */
  readonly other: readonly HoldPoint[];
  /** For circumstances that could not be found out. */
  readonly unknown: readonly HoldPoint[];
  /** The step that a person has to say yes to. */
  readonly consent: HoldPoint | null;
}

/** The hold of a device whose scripts do not answer; see `stepOfWaiting` for why it does not hold for ever. */
export const CONTEXT_UNKNOWN = "context-unknown";

/**
 * Why a device may not go on to the step `before`; empty: it may. A person's own installation waits for nothing.
 *
 * A forced update is not held by what is in its way or costs money, nor by the device's own reasons or a person that its plan
 * asks. What keeps the device from harm (driving, battery, circumstances that nobody knows), the windows of the plan, an
 * installation that is not open yet, and the person that the device's own configuration asks hold it all the same.
 */
export function holdsOf(
  before: HoldPoint,
  update: Update,
  policy: HoldPolicy,
  context: DeviceContext,
  hasConsent: boolean,
  now: InstantMs,
): readonly Hold[] {
  if (update.kind === "standalone") return [];
  const { batteryPercent, failures } = context;
  const isLow = batteryPercent !== null && batteryPercent < policy.batteryPercentMin;
  const holds: Hold[] = [];
  const add = (isSo: boolean, points: readonly HoldPoint[], code: string, detail: string): void => {
    if (isSo && points.includes(before)) holds.push({ code, detail });
  };
  holds.push(...openingHold(update, before), ...windowHold(update.windows, before, now));
  add(context.isDriving === true, policy.driving, "driving", "The device is being driven.");
  const isForced = isForcedAt(update.mode, now);
  add(!isForced && context.isBusy === true, policy.busy, "busy", "The device is busy.");
  add(
    isLow && context.isOnPower !== true,
    policy.battery,
    "battery-low",
    `The battery has less than ${policy.batteryPercentMin} %.`,
  );
  add(
    !isForced && context.isMetered === true,
    policy.metered,
    "metered-connection",
    "What goes over the connection costs money.",
  );
  if (!isForced && policy.other.includes(before)) holds.push(...context.holds);
  add(failures.length > 0, policy.unknown, CONTEXT_UNKNOWN, failures.join(" "));
  const isAsked = policy.consent === before || planAsks(before, update.mode, isForced);
  const asks = isAsked && !hasConsent;
  const consent = { code: "consent-needed", detail: "Somebody at the device has to say yes." };
  return withinBounds(holds, asks ? [consent] : []);
}

const isForcedAt = (mode: UpdateMode | undefined, now: InstantMs): boolean =>
  mode !== undefined && mode.forceFromMs !== null && now >= mode.forceFromMs;

const planAsks = (before: HoldPoint, mode: UpdateMode | undefined, isForced: boolean): boolean =>
  before === "install" && mode?.consent === true && !isForced;

/** One of each code, in the order in which they matter, and the person's yes among them whatever else there is. */
function withinBounds(holds: readonly Hold[], always: readonly Hold[]): readonly Hold[] {
  const seen = new Set<string>();
  const kept = holds
    .filter(({ code }) => !seen.has(code) && seen.add(code))
    .slice(0, HOLDS_MAX - always.length);
  return [...kept, ...always.filter(({ code }) => !seen.has(code))].map(({ code, detail }) => ({
    code,
    detail: detail.slice(0, HOLD_DETAIL_CHARACTERS_MAX),
  }));
}
