import * as z from "zod";
import { Instant } from "./names.ts";

const SettingName = z.string().min(1).max(128);

/** Settings of a device by name. Of whoever writes them: shown as text, never interpreted. */
export const Configuration = z
  .record(SettingName, z.string().max(4096))
  .refine((settings) => Object.keys(settings).length <= 200, "at most 200 settings");
export type Configuration = z.infer<typeof Configuration>;

/** What people want a device to be set to, and what it says it is set to. */
export const DeviceConfiguration = z.object({
  /** Null: nobody wants anything. */
  desired: z.object({ settings: Configuration, by: z.string(), at: Instant }).nullable(),
  /** As of when it last said something else; null: it says nothing of its settings. */
  reported: z.object({ settings: Configuration, at: Instant }).nullable(),
});
export type DeviceConfiguration = z.infer<typeof DeviceConfiguration>;

/** What becomes of what people want: some settings get values, some are no matter of theirs any more. */
export const ConfigurationChange = z.strictObject({
  set: Configuration.optional(),
  unset: z.array(SettingName).max(200).optional(),
});
export type ConfigurationChange = z.infer<typeof ConfigurationChange>;
