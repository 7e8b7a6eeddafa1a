import { SECOND_MS, type InstantMs } from "@moult/base";
import type { DeploymentId, DeploymentProgress, DeviceId, WaitingDevice } from "@moult/model";
import { othersTurn } from "../platform/others-turn.ts";
import { encodeCursor, type PageCursor } from "../platform/page-cursor.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { explainWaiting, waitingReasons } from "./explain-waiting.ts";
import { waitingPage } from "./progress-queries.ts";
import type { DeploymentRecord } from "./queries.ts";
import { scopeOf } from "./target-scope.ts";

type Waiting = DeploymentProgress["waiting"];
type WaitingCounts = (
  db: TenantDb,
  deployment: DeploymentRecord,
  at: InstantMs,
) => Promise<Waiting>;

/** A count that took longer than this is kept, so that those who watch a large deployment do not repeat it each second. */
const QUICK_MS = 20;
const KEPT_MS = 5 * SECOND_MS;
const KEPT_MAX = 100;

interface Kept {
  readonly waiting: Promise<Waiting>;
  /** Another state or stage is another answer. */
  readonly standing: string;
  readonly untilMs: number;
}

/** What those wait for that were not offered a deployment yet; of a large target at most some seconds old. */
export function createWaitingCounts(): WaitingCounts {
  const kept = new Map<DeploymentId, Kept>();
  return async (db, deployment, at) => {
    const { id, state, stage } = deployment;
    const standing = `${state} ${stage}`;
    const known = kept.get(id);
    const startedMs = performance.now();
    if (known?.standing === standing && known.untilMs > startedMs) return known.waiting;

    const waiting = othersTurn().then(() => waitingReasons(db, deployment, at));
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(id, { waiting, standing, untilMs: startedMs + KEPT_MS });
    const isQuick = (): boolean => performance.now() - startedMs < QUICK_MS;
    await waiting.then(
      () => isQuick() && kept.delete(id),
      () => kept.delete(id),
    );
    return waiting;
  };
}

/** Devices of the target that were not offered it yet, by id, each with the planner's reason. */
export async function waitingDevicesPage(
  db: TenantDb,
  deployment: DeploymentRecord,
  after: PageCursor | undefined,
  limit: number,
  at: InstantMs,
): Promise<{ readonly items: WaitingDevice[]; readonly nextCursor: string | null }> {
  const { id: deploymentId, product } = deployment;
  const question = { deploymentId, product, scope: scopeOf(deployment) };
  const ids = await waitingPage(db, question, after?.id as DeviceId | undefined, limit + 1);
  const shown = ids.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: await explainWaiting(db, deployment, shown, at),
    nextCursor:
      ids.length > limit && last !== undefined ? encodeCursor({ sortedBy: 0, id: last }) : null,
  };
}
