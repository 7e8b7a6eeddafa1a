import type { DeploymentId, DeviceId, TenantId } from "@moult/model";

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

/** Settings of a device, JSON; null columns: nobody wants any, it reported none. */
interface DeviceConfigurationTable {
  tenant_id: TenantId;
  device_id: DeviceId;
  desired: string | null;
  desired_by: string | null;
  desired_at: At | null;
  reported: string | null;
  reported_at: At | null;
}

/** A device that a deployment's target leaves out by name. */
interface DeploymentExcludedTable {
  tenant_id: TenantId;
  deployment_id: DeploymentId;
  device_id: DeviceId;
}

export interface TargetSchema {
  deployment_excluded: DeploymentExcludedTable;
  device_configuration: DeviceConfigurationTable;
  device_hold: DeviceHoldTable;
}
