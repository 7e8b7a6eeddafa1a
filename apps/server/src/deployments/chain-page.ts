import type { ChainPage, DeploymentId } from "@moult/model";
import { partsNamedIn } from "@moult/trust";
import { ApiError } from "../platform/api-error.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { chainEntries, chainHead, sharedTexts } from "./chain-queries.ts";

/** Entries after `after` with all that they name, as they are stored: nothing here is checked. */
export async function chainPage(
  db: TenantDb,
  deploymentId: DeploymentId,
  after: number,
  limit: number,
): Promise<ChainPage> {
  const end = await chainHead(db, deploymentId);
  if (end === undefined) throw new ApiError("not-found", "There is no deployment with this id.");
  const entries = await chainEntries(db, deploymentId, after, limit);
  const names = new Set(entries.flatMap(({ inputs }) => partsNamedIn(inputs)));
  const parts = await sharedTexts(db, deploymentId, [...names]);
  return {
    items: entries.map(({ number, at, deviceId, assignmentId, body, inputs, sha256 }) => ({
      number,
      at,
      deviceId,
      assignmentId,
      body,
      inputs,
      sha256,
    })),
    parts: Object.fromEntries(parts),
    entries: end.number,
  };
}
