import { DeviceId, GroupId } from "@moult/model";
import * as z from "zod";

/** Devices of another server that one request brings. */
export const IMPORTED_MAX = 200;

/** Static groups that a device is put into. */
export const JoinedGroups = z.array(GroupId).max(50);

/**
 * What became of one device of an import.
 *
 * - `added`: it is new here.
 * - `known`: it was here already, by this very credential.
 * - `refused`: it is here otherwise, so nothing was changed; `reason` says how.
 */
export const ImportedDevice = z.object({
  outcome: z.enum(["added", "known", "refused"]),
  /** Null: it has not come yet, or it was refused. */
  deviceId: DeviceId.nullable(),
  /** A sentence; null unless it was refused. */
  reason: z.string().nullable(),
});
export type ImportedDevice = z.infer<typeof ImportedDevice>;
