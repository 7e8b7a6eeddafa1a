import type { Clock, InstantMs } from "@moult/base";
import { Configuration, type ConfigurationChange, type DeviceId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { impossibleSentence, type Decider } from "./change-device.ts";
import { configurationOf, putDesired, putReported } from "./configuration-queries.ts";
import { holdDeviceFacts } from "./queries.ts";

export type ConfigurationHandlers = Handlers<
  "showDeviceConfiguration" | "changeDeviceConfiguration"
>;

export function createConfigurationHandlers({
  clock,
  demandDevice,
}: {
  readonly clock: Clock;
  readonly demandDevice: (db: TenantDb, deviceId: DeviceId) => Promise<unknown>;
}): ConfigurationHandlers {
  return {
    showDeviceConfiguration: async ({ db }, { params: { deviceId } }) => {
      await demandDevice(db, deviceId);
      return configurationOf(db, deviceId);
    },
    changeDeviceConfiguration: async ({ db, principal }, { params: { deviceId }, body }) => {
      await configureDevice(db, deviceId, body, { by: principal.name, at: clock.now() });
      return configurationOf(db, deviceId);
    },
  };
}

/**
 * Changes what is wanted of a device's settings. Whoever wants what is wanted already changes nothing. Throws `ApiError`
 * `not-found`, `invalid-request` and `state-conflict`.
 */
async function configureDevice(
  db: TenantDb,
  deviceId: DeviceId,
  { set = {}, unset = [] }: ConfigurationChange,
  { by, at }: Decider,
): Promise<void> {
  await db.transaction(async (inner) => {
    const held = await holdDeviceFacts(inner, deviceId);
    if (held === undefined) throw new ApiError("not-found", "There is no device with this id.");
    if (held.facts.state === "decommissioned")
      throw new ApiError("state-conflict", impossibleSentence(held.facts));
    const { desired } = await configurationOf(inner, deviceId);
    const before = desired?.settings ?? {};
    const kept = Object.entries(before).filter(([name]) => !unset.includes(name));
    const settings = Configuration.safeParse({ ...Object.fromEntries(kept), ...set });
    if (!settings.success)
      throw new ApiError("invalid-request", "A device has at most 200 settings.");
    const names = changedNames(before, settings.data);
    if (names.length === 0) return;
    await putDesired(inner, deviceId, settings.data, { by, at });
    await appendEvent(inner, { at, deviceId, body: { kind: "device-configured", names, by } });
  });
}

/** What a device is to be set to; a setting that nobody wants is not there. */
export async function desiredSettings(db: TenantDb, deviceId: DeviceId): Promise<Configuration> {
  return (await configurationOf(db, deviceId)).desired?.settings ?? {};
}

/** Keeps what a device says it is set to, in the caller's transaction; said again it changes nothing. */
export async function recordSettings(
  db: TenantDb,
  deviceId: DeviceId,
  settings: Configuration,
  at: InstantMs,
): Promise<void> {
  const { reported } = await configurationOf(db, deviceId);
  if (reported !== null && changedNames(reported.settings, settings).length === 0) return;
  await putReported(db, deviceId, settings, at);
}

const changedNames = (before: Configuration, after: Configuration): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => before[name] !== after[name])
    .toSorted();
