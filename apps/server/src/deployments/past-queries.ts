import { instant } from "@moult/base";
import type { DeploymentId, DeviceId, ProductName, ReleaseVersion } from "@moult/model";
import type { PastUpdate } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { DeploymentRecord } from "./queries.ts";

const OUTCOMES = ["succeeded", "rolled-back"] as const;

/** More updates of one device to few versions than these say no more than the newest of them. */
const PAST_MAX = 50;

type Asked = Pick<DeploymentRecord, "id" | "version" | "rollbackOf">;

/** What became of the candidates' versions on the device in other deployments. */
export async function pastUpdates(
  db: TenantDb,
  deviceId: DeviceId,
  candidates: readonly { readonly deployment: Asked }[],
): Promise<(of: Asked) => readonly PastUpdate[]> {
  const versions = [...new Set(candidates.map(({ deployment }) => deployment.version))];
  if (versions.length === 0) return () => [];
  const rows = await db.kysely
    .selectFrom("assignment")
    .innerJoin("deployment", "deployment.id", "assignment.deployment_id")
    .select([
      "assignment.deployment_id as deploymentId",
      "assignment.ran_before as from",
      "assignment.artifact_id as artifactId",
      "assignment.outcome as outcome",
      "assignment.closed_at as closed_at",
      "deployment.version as version",
    ])
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("assignment.device_id", "=", deviceId)
    .where("assignment.outcome", "in", OUTCOMES)
    .where("deployment.tenant_id", "=", db.tenantId)
    .where("deployment.version", "in", versions)
    .orderBy("assignment.closed_at", "desc")
    .orderBy("assignment.id", "desc")
    .limit(PAST_MAX)
    .execute();
  return (of) => {
    // What is bad is left, however often.
    if (of.rollbackOf !== null) return [];
    return rows
      .filter(({ deploymentId, version }) => deploymentId !== of.id && version === of.version)
      .map(({ deploymentId, from, artifactId, outcome, closed_at }) => ({
        deploymentId,
        from,
        artifactId,
        outcome: outcome === "succeeded" ? outcome : "rolled-back",
        endedAt: instant(closed_at ?? 0),
      }));
  };
}

/** So few that each can be decided on its own. */
const REPEATED_MAX = 200;

/** Devices on which the version ended alike in two other deployments or more: of them the past may decide. */
export async function repeatedDevices(
  db: TenantDb,
  { id, product, version, rollbackOf }: Asked & { readonly product: ProductName },
): Promise<readonly DeviceId[]> {
  if (rollbackOf !== null) return [];
  const others = await othersOf(db, product, version, id);
  // A deployment has a device once.
  if (others.length < 2) return [];
  const rows = await db.kysely
    .selectFrom("assignment")
    .select("device_id")
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "in", others)
    .where("outcome", "in", OUTCOMES)
    .groupBy(["device_id", "outcome"])
    .having((row) => row.fn.countAll(), ">=", 2)
    .orderBy("device_id")
    .limit(REPEATED_MAX)
    .execute();
  return [...new Set(rows.map(({ device_id }) => device_id))];
}

/** Older ones than these have no say. */
const OTHERS_MAX = 100;

async function othersOf(
  db: TenantDb,
  product: ProductName,
  version: ReleaseVersion,
  except: DeploymentId,
): Promise<readonly DeploymentId[]> {
  const rows = await db.kysely
    .selectFrom("deployment")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("version", "=", version)
    .where("id", "!=", except)
    .orderBy("number", "desc")
    .limit(OTHERS_MAX)
    .execute();
  return rows.map(({ id }) => id);
}
