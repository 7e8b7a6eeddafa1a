import type { BodyOf, operations } from "@moult/api";
import type { Clock, InstantMs } from "@moult/base";
import type { ReleaseId, ReleaseVersion, Safeguard, SafeguardId } from "@moult/model";
import { checkedQuery } from "../groups/index.ts";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { holdRelease, noRelease } from "../releases/index.ts";
import { countHolding, insertSafeguard, safeguardById, setLifted } from "./queries.ts";

/** Each is asked about each device that a deployment of the release is decided for. */
const HOLDING_MAX = 10;

/** Throws `ApiError` `not-found` and `state-conflict`; a query that is none threw at the edge. */
export async function createSafeguard(
  db: TenantDb,
  releaseId: ReleaseId,
  { query, note }: BodyOf<typeof operations.createSafeguard>,
  by: string,
  { clock }: { readonly clock: Clock },
): Promise<Safeguard> {
  const at = clock.now();
  return db.transaction(async (inner) => {
    const release = await holdRelease(inner, releaseId);
    if (release === undefined) throw noRelease();
    if ((await countHolding(inner, releaseId)) >= HOLDING_MAX)
      throw new ApiError(
        "state-conflict",
        `The release has ${HOLDING_MAX} safeguards that hold; lift one, or say it in one query with OR.`,
      );
    const safeguard = await insertSafeguard(inner, {
      id: newId<SafeguardId>(at),
      releaseId,
      query: await checkedQuery(inner, release.product, query),
      note,
      createdBy: by,
      at,
    });
    await announce(inner, "safeguard-created", safeguard, release.version, by, at);
    return safeguard;
  });
}

/** Throws `ApiError` `not-found`, and `state-conflict` where it was lifted before. */
export async function liftSafeguard(
  db: TenantDb,
  safeguardId: SafeguardId,
  by: string,
  { clock }: { readonly clock: Clock },
): Promise<Safeguard> {
  const at = clock.now();
  return db.transaction(async (inner) => {
    const found = await safeguardById(inner, safeguardId);
    const release = found === undefined ? undefined : await holdRelease(inner, found.releaseId);
    if (release === undefined)
      throw new ApiError("not-found", "There is no safeguard with this id.");
    const lifted = await setLifted(inner, safeguardId, by, at);
    if (lifted === undefined)
      throw new ApiError("state-conflict", "The safeguard was lifted already.");
    await announce(inner, "safeguard-lifted", lifted, release.version, by, at);
    return lifted;
  });
}

async function announce(
  db: TenantDb,
  kind: "safeguard-created" | "safeguard-lifted",
  { id: safeguardId, releaseId, query, note }: Safeguard,
  version: ReleaseVersion,
  by: string,
  at: InstantMs,
): Promise<void> {
  const body = { kind, safeguardId, releaseId, version, query, note, by } as const;
  await appendEvent(db, { at, body });
  await raisePlanningEpoch(db);
}
