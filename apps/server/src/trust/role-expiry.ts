import { DAY_MS, type InstantMs } from "@moult/base";
import type { TrustWarning } from "@moult/model";

/** TUF's own form of an instant (section 4.2.1); undefined for anything else, because a date that is no date never ends. */
export function expiryOf(expires: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(expires)) return undefined;
  const at = Date.parse(expires);
  return Number.isFinite(at) ? at : undefined;
}

const STEPS: readonly (readonly [daysLeft: number, warning: TrustWarning])[] = [
  [0, "expired"],
  [7, "expires-7d"],
  [30, "expires-30d"],
  [90, "expires-90d"],
];

/** What is to be said about a role's end by now; online roles renew themselves, so theirs is said only when that failed. */
export function warningOf(
  { expiresAt, isOnline }: { readonly expiresAt: number; readonly isOnline: boolean },
  now: InstantMs,
): TrustWarning | null {
  const [, warning] = STEPS.find(([daysLeft]) => expiresAt - now <= daysLeft * DAY_MS) ?? [];
  if (warning === undefined) return null;
  return isOnline && warning !== "expired" ? null : warning;
}

export const isOnlineRole = (role: string): boolean => role === "snapshot" || role === "timestamp";
