import type { DeviceId, TenantId } from "@moult/model";

// The tables of whom deployments are for and not for; part of schema.ts, with the same conventions.

/** Milliseconds since the epoch. */
type At = number;

/** A person wants no deployment to offer the device anything. */
interface DeviceHoldTable {
  tenant_id: TenantId;
  device_id: DeviceId;
  note: string;
  held_by: string;
  held_at: At;
  /** Null: until a person releases it. The row may stay when its time is over. */
  until: At | null;
}

export interface TargetSchema {
  device_hold: DeviceHoldTable;
}
