import { DAY_MS, MINUTE_MS, errorChain, type Clock, type InstantMs, type Log } from "@moult/base";
import type { TrustProposalId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { isoFrom } from "../platform/columns.ts";
import { appendEvent } from "../platform/events.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { Signer } from "../platform/signer-client.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { publishOnline, undoStaging } from "./publish-proposal.ts";
import { noteWarned, publishingProposals } from "./publishing-queries.ts";
import { publishedRoles, type PublishedRole } from "./queries.ts";
import { isOnlineRole, warningOf } from "./role-expiry.ts";

/** What time alone does to a tenant's metadata. Call `tend` for every tenant, at intervals of some seconds. */
export interface TrustTender {
  tend(db: TenantDb): Promise<void>;
}

interface TrustTenderDeps {
  readonly clock: Clock;
  readonly signer: Pick<Signer, "renew">;
  readonly log: Log;
}

/** Half of what the signer gives them. */
const RENEWED_BEFORE_MS: Readonly<Record<string, number>> = {
  snapshot: 7 * DAY_MS,
  timestamp: 1.5 * DAY_MS,
};
/** Publishing waits for the signer once, for seconds. */
const ABANDONED_AFTER_MS = MINUTE_MS;
/** A signer that refuses does so for a reason that people have to see to. */
const RETRY_AFTER_MS = MINUTE_MS;

/**
 * Has online metadata renewed at half of its life, warns of the end of the rest, and gives back proposals whose server died while it published them. With
 * several servers each may do it; the tables take one answer, and the other one's comes to nothing.
 */
export function createTrustTender(deps: TrustTenderDeps): TrustTender {
  const { clock } = deps;
  const seenPublishing = new Map<TrustProposalId, InstantMs>();
  const triedAt = new Map<string, InstantMs>();
  return {
    tend: async (db) => {
      const now = clock.now();
      await giveBackAbandoned(db, seenPublishing, now);
      await warn(db, deps, now);
      const tried = triedAt.get(db.tenantId);
      if (tried !== undefined && Math.abs(now - tried) < RETRY_AFTER_MS) return;
      if (!(await publishedRoles(db)).some((role) => isDue(role, now))) return;
      triedAt.set(db.tenantId, now);
      await renewOnline(db, deps);
    },
  };
}

const isDue = ({ role, expiresAt }: PublishedRole, now: InstantMs): boolean =>
  expiresAt - now < (RENEWED_BEFORE_MS[role] ?? Number.NEGATIVE_INFINITY);

async function renewOnline(db: TenantDb, { clock, signer, log }: TrustTenderDeps): Promise<void> {
  const { tenantId } = db;
  try {
    const renewal = await signer.renew(tenantId, "published");
    if (renewal.kind === "refused") {
      log.error("trust-renewal-refused", { tenantId, reason: renewal.reason });
      return;
    }
    await db.transaction((inner) => publishOnline(inner, renewal, clock.now()));
    log.info("trust-renewed", { tenantId, timestampVersion: renewal.timestamp.version });
  } catch (error) {
    // Another server was faster, or the signer is being started again.
    const isExpected = error instanceof ApiError && error.code === "state-conflict";
    if (!isExpected) log.error("trust-renewal-failed", { tenantId, errors: errorChain(error) });
  }
}

/** Says once of each step towards a role's end that it is near, whichever server comes first. */
async function warn(db: TenantDb, { log }: TrustTenderDeps, now: InstantMs): Promise<void> {
  for (const role of await publishedRoles(db)) {
    const { expiresAt } = role;
    const warning = warningOf({ expiresAt, isOnline: isOnlineRole(role.role) }, now);
    if (warning === null || warning === role.warned) continue;
    const isFirst = await db.transaction(async (inner) => {
      if (!(await noteWarned(inner, role, warning))) return false;
      await appendEvent(inner, {
        at: now,
        body: {
          kind: "trust-role-expiring",
          role: role.role,
          warning,
          expiresAt: isoFrom(expiresAt),
        },
      });
      // What devices would refuse is offered no more.
      if (warning === "expired") await raisePlanningEpoch(inner);
      return true;
    });
    if (isFirst)
      log.warn("trust-role-expiring", {
        tenantId: db.tenantId,
        role: role.role,
        warning,
        expiresAt: isoFrom(expiresAt),
      });
  }
}

async function giveBackAbandoned(
  db: TenantDb,
  seen: Map<TrustProposalId, InstantMs>,
  now: InstantMs,
): Promise<void> {
  for (const id of await publishingProposals(db)) {
    const since = seen.get(id) ?? now;
    seen.set(id, since);
    if (now - since < ABANDONED_AFTER_MS) continue;
    await db.transaction((inner) => undoStaging(inner, id));
    seen.delete(id);
  }
}
