import type { Deployment, EventKind, FleetNeed, Overview, ProductName } from "@moult/model";
import { needSentence, overviewHeadline } from "@moult/planner";
import { unfinishedDeployments } from "../deployments/index.ts";
import { namedEventPage } from "../events/index.ts";
import { isoFrom } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { TrustNeeds } from "../trust/index.ts";
import type { FleetCounts } from "./count-fleet.ts";
import { firstSteps } from "./queries.ts";
import { rankRunning } from "./rank-running.ts";

const MOVING_MAX = 10;
const RECENT_MAX = 10;
/** What people do and decide, and what they decide about. */
const RECENT_KINDS: readonly EventKind[] = [
  "device-enrolled",
  "device-state-changed",
  "device-identity-conflict",
  "group-changed",
  "product-changed",
  "release-changed",
  "release-deleted",
  "deployment-created",
  "deployment-state-changed",
  "deployment-tripped",
  "stage-advanced",
  "trust-initialised",
  "trust-proposal-changed",
];

export async function showOverview(
  db: TenantDb,
  product: ProductName | undefined,
  counts: FleetCounts,
  trust: TrustNeeds,
): Promise<Overview> {
  const unfinished = await unfinishedDeployments(db, product);
  const running = unfinished.filter(({ state }) => state === "running");
  const kinds = { kinds: RECENT_KINDS };
  const needs = needsOf(unfinished, counts, trust);
  return {
    headline: overviewHeadline({
      needs: needs.length,
      moving: running.length,
      byContact: counts.byContact,
    }),
    needs,
    moving: running.slice(0, MOVING_MAX),
    ...rankRunning(counts.byRunning, running),
    byState: counts.byState,
    byContact: counts.byContact,
    recent: (await namedEventPage(db, kinds, undefined, RECENT_MAX)).items,
    firstSteps: await firstSteps(db),
    asOf: isoFrom(counts.countedAt),
  };
}

/** What was stopped first: until somebody decides, its devices wait. */
function needsOf(
  unfinished: readonly Deployment[],
  counts: FleetCounts,
  { expiring, openProposals }: TrustNeeds,
): FleetNeed[] {
  const deployments = (kind: "deployment-tripped" | "deployment-paused"): FleetNeed[] =>
    unfinished
      .filter(({ state }) => `deployment-${state}` === kind)
      .map((deployment) => ({
        kind,
        sentence: needSentence({ kind, deployment }),
        count: deployment.trip?.failed ?? 0,
        deploymentId: deployment.id,
      }));
  const counted = (
    kind: "identity-conflict" | "proposals-waiting" | "devices-pending" | "keys-pending",
    count: number,
  ): FleetNeed[] =>
    count === 0
      ? []
      : [{ kind, sentence: needSentence({ kind, count }), count, deploymentId: null }];
  return [
    ...deployments("deployment-tripped"),
    ...counted("identity-conflict", counts.conflicts),
    ...expiringNeeds(expiring),
    ...deployments("deployment-paused"),
    ...counted("proposals-waiting", openProposals),
    ...counted("devices-pending", counts.byState.pending),
    ...counted("keys-pending", counts.pendingKeys),
  ];
}

function expiringNeeds(expiring: TrustNeeds["expiring"]): FleetNeed[] {
  const [first] = expiring;
  if (first === undefined) return [];
  const kind = "trust-expiring";
  const count = expiring.length;
  return [{ kind, sentence: needSentence({ kind, ...first, count }), count, deploymentId: null }];
}
