import { later, SECOND_MS, type Clock } from "@moult/base";
import type { Device, DeviceId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { isoOrNull } from "../platform/columns.ts";
import { appendEvent } from "../platform/events.ts";
import { forgetDecision } from "../platform/planning-epoch.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { impossibleSentence, type Decider } from "./change-device.ts";
import { endHold, putHold } from "./hold-queries.ts";
import { holdDeviceFacts } from "./queries.ts";

export type HoldHandlers = Handlers<"holdDevice" | "releaseDevice">;

export function createHoldHandlers({
  clock,
  deviceOrRefusal,
}: {
  readonly clock: Clock;
  readonly deviceOrRefusal: (db: TenantDb, deviceId: DeviceId) => Promise<Device>;
}): HoldHandlers {
  return {
    holdDevice: async ({ db, principal }, { params: { deviceId }, body }) => {
      await holdDevice(db, deviceId, body, { by: principal.name, at: clock.now() });
      return deviceOrRefusal(db, deviceId);
    },
    releaseDevice: async ({ db, principal }, { params: { deviceId } }) => {
      await releaseDevice(db, deviceId, { by: principal.name, at: clock.now() });
      return deviceOrRefusal(db, deviceId);
    },
  };
}

/**
 * From now on no deployment offers the device anything, for a time or until it is released. What it has begun to install
 * goes on. Throws `ApiError` `not-found` and `state-conflict`.
 */
async function holdDevice(
  db: TenantDb,
  deviceId: DeviceId,
  { note, forSeconds }: { readonly note: string; readonly forSeconds?: number | undefined },
  { by, at }: Decider,
): Promise<void> {
  const until = forSeconds === undefined ? null : later(at, forSeconds * SECOND_MS);
  await db.transaction(async (inner) => {
    const held = await holdDeviceFacts(inner, deviceId);
    if (held === undefined) throw notFound();
    if (held.facts.state === "decommissioned")
      throw new ApiError("state-conflict", impossibleSentence(held.facts));
    await putHold(inner, { deviceId, note, by, at, until });
    const body = { kind: "device-held", note, until: isoOrNull(until), by } as const;
    await appendEvent(inner, { at, deviceId, body });
    await forgetDecision(inner, deviceId);
  });
}

/** Deployments may offer it what they bring again. Throws `ApiError` `not-found`. */
async function releaseDevice(db: TenantDb, deviceId: DeviceId, { by, at }: Decider): Promise<void> {
  await db.transaction(async (inner) => {
    if ((await holdDeviceFacts(inner, deviceId)) === undefined) throw notFound();
    if (!(await endHold(inner, deviceId, at))) return;
    await appendEvent(inner, { at, deviceId, body: { kind: "device-released", by } });
    await forgetDecision(inner, deviceId);
  });
}

const notFound = (): ApiError => new ApiError("not-found", "There is no device with this id.");
