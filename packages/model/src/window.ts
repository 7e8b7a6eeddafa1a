import * as z from "zod";
import { HoldPoint } from "./hold.ts";

export const Weekday = z.enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
export type Weekday = z.infer<typeof Weekday>;

/** The inventory attribute in which a device says the name of its time zone. */
export const ZONE_ATTRIBUTE = "moult.time-zone";

/** Minutes of a week: a longer window would meet itself. */
const WEEK_MINUTES = 7 * 24 * 60;

/** A name of the IANA time zone database; which names there are is for whoever has the database. */
const ZoneName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/)
  .refine((name) => name !== "device");

/** Whose clocks a window goes by: a zone's, or those of the zone that each device names in its inventory. */
export const WindowZone = z.union(
  [z.literal("device"), ZoneName, z.strictObject({ attribute: z.string().min(1).max(128) })],
  {
    error:
      'a zone is a name such as "Europe/Berlin", "device" for the one each device reports, or {"attribute": the name of an inventory attribute}',
  },
);
export type WindowZone = z.infer<typeof WindowZone>;

/**
 * A time in which devices may begin a step, every week. Days and hour are by the clocks of its zone, its length is time that
 * passes. Where clocks jump over the hour it begins at, or show it twice, RFC 5545 (3.3.5) is followed: it begins as if they
 * had not jumped yet (02:30 becomes 03:30), and when the hour is shown first. So it opens once on each of its days.
 */
export const Window = z.strictObject({
  for: z
    .array(HoldPoint)
    .min(1)
    .max(HoldPoint.options.length)
    .refine((steps) => new Set(steps).size === steps.length, { error: "each step once" }),
  /** Every day unless told. */
  days: z
    .array(Weekday)
    .min(1)
    .max(7)
    .refine((days) => new Set(days).size === days.length, { error: "each day once" })
    .optional(),
  at: z
    .string()
    .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, { error: "an hour and minute such as 02:30" }),
  durationMinutes: z.int().min(1).max(WEEK_MINUTES),
  zone: WindowZone,
});
export type Window = z.infer<typeof Window>;

/** As many as a device is told of for one step. */
const OPEN_TIMES_MAX = 32;

/** Open from one instant up to, and without, another. */
export const OpenTime = z.object({ fromMs: z.int().min(0), untilMs: z.int().min(0) });
export type OpenTime = z.infer<typeof OpenTime>;

const OpenTimes = z.array(OpenTime).max(OPEN_TIMES_MAX).readonly();

/**
 * When a device may begin the steps of an update that it has, as far ahead as it was told, in order; at any time where a step is
 * not named. It needs no table of zones for these, and no server while it waits.
 */
export const StepWindows = z.object({
  install: OpenTimes.optional(),
  reboot: OpenTimes.optional(),
});
export type StepWindows = z.infer<typeof StepWindows>;
