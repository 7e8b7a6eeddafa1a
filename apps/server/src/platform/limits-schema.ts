import type { DeploymentId, TenantId } from "@moult/model";

// What a deployment's limits are claimed against, beside the counters of its own row.

/** How much a deployment had given out before each span of time in which it gave out more. */
export interface DeploymentFlowTable {
  tenant_id: TenantId;
  deployment_id: DeploymentId;
  what: "offers" | "bytes";
  /** When the span begins. */
  at: number;
  taken_before: number;
}

/** How many devices of a site are in a deployment's update, where its plan limits that. */
interface DeploymentSiteTable {
  tenant_id: TenantId;
  deployment_id: DeploymentId;
  /** Empty: devices that have none. */
  site: string;
  open: number;
}

export interface LimitsSchema {
  deployment_flow: DeploymentFlowTable;
  deployment_site: DeploymentSiteTable;
}
