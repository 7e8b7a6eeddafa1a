import * as z from "zod";
import { Instant } from "./names.ts";

/** Devices say the charge of their battery in steps of this, rounded down, so that it is news now and then only. */
export const BATTERY_STEP_PERCENT = 5;

/** What a device last said of its circumstances. What it does not say is not known. */
export const ReportedContext = z.object({
  /** It does something that an update would disturb. */
  busy: z.boolean().optional(),
  driving: z.boolean().optional(),
  /** What goes over its connection costs money. */
  metered: z.boolean().optional(),
  onPower: z.boolean().optional(),
  batteryPercent: z.int().min(0).max(100).optional(),
  /** Why some of it could not be found out. */
  unknown: z.string().min(1).max(200).optional(),
});
export type ReportedContext = z.infer<typeof ReportedContext>;

/** A device's context as people are shown it. */
export const KnownContext = ReportedContext.extend({
  /** When it last said another one. */
  since: Instant,
});
export type KnownContext = z.infer<typeof KnownContext>;

const FLAG_WORDS = [
  ["busy", "busy", "not busy"],
  ["driving", "driven", "not driven"],
  ["metered", "metered", "not metered"],
  ["onPower", "on power", "not on power"],
] as const;

/** `busy, not on power, battery 55 %`; empty where the device knows nothing of its circumstances. */
export function contextWords(context: ReportedContext): string {
  const { batteryPercent, unknown } = context;
  return [
    ...FLAG_WORDS.flatMap(([name, yes, no]) => {
      const flag = context[name];
      return flag === undefined ? [] : [flag ? yes : no];
    }),
    ...(batteryPercent === undefined ? [] : [`battery ${batteryPercent} %`]),
    ...(unknown === undefined ? [] : ["some of it unknown"]),
  ].join(", ");
}
