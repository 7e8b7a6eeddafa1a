import { deploymentLink } from "@moult/trust";
import type { DeploymentId, FleetEventBody } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import type { Insertable } from "kysely";
import type { EventTable } from "./schema.ts";
import { packInputs } from "./shared-inputs.ts";
import type { TenantDb } from "./tenant-db.ts";

// The events of a deployment that change it are links of a chain of its own, so that none of them can be changed, taken out
// or put in without a trace. Everybody who changes a deployment holds its row anyway, so a link makes nobody wait who did not.

type EventRow = Insertable<EventTable>;
type Link = Pick<EventRow, "chain_number" | "chain_sha256" | "inputs">;

/** What a device says on its way changes no place and no number; it comes in masses, without the deployment's row. */
export const isChained = (body: FleetEventBody): boolean =>
  body.kind === "assignment-progressed"
    ? body.state === "retry-pending"
    : body.kind !== "offer-not-signed" && body.kind !== "receipt-invalid";

/** What an event has that is in no chain. */
export const UNLINKED: Link = { chain_number: null, chain_sha256: null, inputs: null };

/** Makes an event the next link of its deployment's chain: takes the deployment's row, and answers what the event's row gets. */
export async function link(
  db: TenantDb,
  deploymentId: DeploymentId,
  row: EventRow,
  inputs: unknown,
): Promise<Link> {
  const head = await holdHead(db, deploymentId);
  const packed = inputs === undefined ? null : packInputs(inputs);
  if (packed !== null) await keepShared(db, deploymentId, packed.shared);
  const number = head.number + 1;
  const sha256 = deploymentLink(
    head.sha256,
    {
      number,
      at: row.at,
      deploymentId,
      deviceId: row.device_id ?? null,
      assignmentId: row.assignment_id ?? null,
      body: row.body,
      inputs: packed?.text ?? null,
    },
    nodeCrypto,
  );
  await db.kysely
    .updateTable("deployment")
    .set({ chain_number: number, chain_sha256: sha256 })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deploymentId)
    .execute();
  return { chain_number: number, chain_sha256: sha256, inputs: packed?.text ?? null };
}

async function holdHead(
  db: TenantDb,
  deploymentId: DeploymentId,
): Promise<{ readonly number: number; readonly sha256: string }> {
  let query = db.kysely
    .selectFrom("deployment")
    .select(["chain_number as number", "chain_sha256 as sha256"])
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deploymentId);
  if (db.dialect === "postgres") query = query.forUpdate();
  return query.executeTakeFirstOrThrow();
}

async function keepShared(
  db: TenantDb,
  deploymentId: DeploymentId,
  shared: ReadonlyMap<string, string>,
): Promise<void> {
  if (shared.size === 0) return;
  const known = await db.kysely
    .selectFrom("deployment_fact")
    .select("sha256")
    .where("deployment_id", "=", deploymentId)
    .where("sha256", "in", [...shared.keys()])
    .execute();
  const isKnown = new Set(known.map(({ sha256 }) => sha256));
  const missing = [...shared].filter(([sha256]) => !isKnown.has(sha256));
  if (missing.length === 0) return;
  await db.kysely
    .insertInto("deployment_fact")
    .values(
      missing.map(([sha256, content]) => ({
        tenant_id: db.tenantId,
        deployment_id: deploymentId,
        sha256,
        content,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
