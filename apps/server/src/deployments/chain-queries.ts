import { FleetEventBody, type AssignmentId, type DeploymentId, type DeviceId } from "@moult/model";
import type { ChainEntry } from "@moult/trust";
import { sql } from "kysely";
import { fromJson } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** An entry of a deployment's chain as it is stored, with the digest that was written for it. */
export interface StoredEntry extends ChainEntry {
  readonly sequence: number;
  readonly deviceId: DeviceId | null;
  readonly assignmentId: AssignmentId | null;
  readonly kind: string;
  readonly sha256: string;
}

/** What the deployment's row says of its chain. */
export interface ChainHead {
  readonly number: number;
  readonly sha256: string;
}

export async function chainHead(
  db: TenantDb,
  deploymentId: DeploymentId,
): Promise<ChainHead | undefined> {
  return db.kysely
    .selectFrom("deployment")
    .select(["chain_number as number", "chain_sha256 as sha256"])
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deploymentId)
    .executeTakeFirst();
}

/** Entries after `after` in order, at most `limit`. */
export async function chainEntries(
  db: TenantDb,
  deploymentId: DeploymentId,
  after: number,
  limit: number,
): Promise<StoredEntry[]> {
  const rows = await db.kysely
    .selectFrom("event")
    .select([
      "sequence",
      "at",
      "device_id",
      "assignment_id",
      "kind",
      "body",
      "inputs",
      "chain_number",
      "chain_sha256",
    ])
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .where("chain_number", ">", after)
    .where("chain_number", "is not", null)
    .orderBy("chain_number")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    sequence: row.sequence,
    number: row.chain_number ?? 0,
    at: row.at,
    deploymentId,
    deviceId: row.device_id,
    assignmentId: row.assignment_id,
    kind: row.kind,
    body: row.body,
    inputs: row.inputs,
    sha256: row.chain_sha256 ?? "",
  }));
}

/** Texts of the parts that inputs name, by digest. */
export async function sharedTexts(
  db: TenantDb,
  deploymentId: DeploymentId,
  digests: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (digests.length === 0) return new Map();
  const rows = await db.kysely
    .selectFrom("deployment_fact")
    .select(["sha256", "content"])
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .where("sha256", "in", digests)
    .execute();
  return new Map(rows.map(({ sha256, content }) => [sha256, content]));
}

/**
 * An event that changes the deployment and is in no chain, after the first one that is: somebody put it in. What was written
 * before there were chains comes before.
 */
export async function unchainedEvent(
  db: TenantDb,
  deploymentId: DeploymentId,
): Promise<{ readonly sequence: number; readonly at: number } | undefined> {
  const [first] = await chainEntries(db, deploymentId, 0, 1);
  if (first === undefined) return undefined;
  return db.kysely
    .selectFrom("event")
    .select(["sequence", "at"])
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .where("sequence", ">", first.sequence)
    .where(UNCHAINED)
    .orderBy("sequence")
    .limit(1)
    .executeTakeFirst();
}

/** Word for word what the index of migration 22 says, or it is not used: the kinds that `isChained` lets in. */
const UNCHAINED = sql<boolean>`chain_number is null and deployment_id is not null
    and kind not in ('assignment-progressed', 'offer-not-signed', 'receipt-invalid')`;

/** The last events of the chain that say what state the deployment is in, and what stage. */
export async function lastStateEvents(
  db: TenantDb,
  deploymentId: DeploymentId,
): Promise<{
  readonly state: FleetEventBody | undefined;
  readonly stage: FleetEventBody | undefined;
}> {
  const lastOf = async (kinds: readonly string[]): Promise<FleetEventBody | undefined> => {
    const row = await db.kysely
      .selectFrom("event")
      .select("body")
      .where("tenant_id", "=", db.tenantId)
      .where("deployment_id", "=", deploymentId)
      .where("chain_number", "is not", null)
      .where("kind", "in", kinds)
      // Word for word what the index of migration 5 says, or it is not used.
      .where(
        sql<boolean>`kind not in ('assignment-offered', 'assignment-progressed', 'assignment-closed',
  'device-running-changed', 'device-inventory-changed')`,
      )
      .orderBy("sequence", "desc")
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? undefined : fromJson(FleetEventBody, row.body);
  };
  return {
    state: await lastOf(["deployment-created", "deployment-state-changed", "deployment-tripped"]),
    stage: await lastOf(["deployment-created", "stage-advanced"]),
  };
}
