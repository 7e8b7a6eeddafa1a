import { instant, type InstantMs } from "@moult/base";
import type { DeviceHoldFacts } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";

/** The columns of a hold beside a device's, where it has one. */
interface HoldColumns {
  readonly hold_note: string | null;
  readonly held_by: string | null;
  readonly held_at: number | null;
  readonly held_until: number | null;
}

export function holdFrom(row: HoldColumns): DeviceHoldFacts | null {
  if (row.hold_note === null || row.held_by === null || row.held_at === null) return null;
  return {
    note: row.hold_note,
    by: row.held_by,
    since: instant(row.held_at),
    until: row.held_until === null ? null : instant(row.held_until),
  };
}

/** Devices that a person holds at this instant. */
export const heldDevices = (db: TenantDb, at: InstantMs) =>
  db.kysely
    .selectFrom("device_hold")
    .select("device_hold.device_id as device_id")
    .where("device_hold.tenant_id", "=", db.tenantId)
    .where((row) =>
      row.or([row("device_hold.until", "is", null), row("device_hold.until", ">", at)]),
    );
