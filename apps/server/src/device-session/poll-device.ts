import type { Clock, InstantMs } from "@moult/base";
import type { CheckInRequest } from "@moult/device-protocol";
import type { DeviceId, Inventory, ReportedContext, Running } from "@moult/model";
import type { Report } from "@moult/trust";
import {
  tellTerms,
  planDevice,
  previewDevice,
  type DevicePlan,
  type OfferTerms,
} from "../deployments/index.ts";
import {
  recordContext,
  recordInstance,
  recordInventory,
  recordRunning,
  type LastSeen,
} from "../devices/index.ts";
import { ApiError } from "../platform/api-error.ts";
import { UNDECIDED_EPOCH } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { demandStanding, type DevicePrincipal } from "./device-principal.ts";
import {
  confirmDecided,
  heldAnswer,
  holdStanding,
  planningEpochOf,
  setDecided,
  type DecidedAt,
  type HeldAnswer,
  type PollRow,
  type ReadPollRow,
} from "./queries.ts";

/** What a device says when it asks what to do. */
export interface Poll {
  /** The newest answer it holds; 0 before the first. */
  readonly generation: number;
  /** It wants an answer even if nothing changed. */
  readonly fresh: boolean;
  /** Of this start of its agent. */
  readonly instanceId: string;
  readonly isIdle: boolean;
  readonly digests: CheckInRequest["digests"];
  readonly running?: Running | undefined;
  readonly inventory?: Inventory | undefined;
  readonly context?: ReportedContext | undefined;
}

export type PollAnswer =
  /** The answer that the device has is still the one. */
  | { readonly kind: "holds" }
  | {
      readonly kind: "answer";
      /** Larger than every generation that the server or the device knew. */
      readonly generation: number;
      readonly plan: DevicePlan;
      /** What the plan says about what it is offered. */
      readonly terms: OfferTerms;
      /** Reports that the server has no content of. */
      readonly ask: readonly Report[];
    };

export interface PollDeps {
  readonly clock: Clock;
  readonly lastSeen: Pick<LastSeen, "note">;
  readonly readPollRow: ReadPollRow;
}

/** Generations beyond this cannot be counted on; no honest device gets near it. */
const GENERATION_MAX = 2 ** 48;

/**
 * Answers a device that asks what to do.
 *
 * A check-in without news reads one row and writes nothing: the answer that the device holds was decided at the tenant's
 * present epoch, and it reports what the server knows. When only the epoch moved, the device is decided again without a
 * transaction, and most of the time its answer still holds. Everything else happens in one short transaction.
 *
 * The stored generation is that of the last answer, raised by whatever voids it (the update it named was closed). So the
 * device's own generation equals it exactly while its answer holds; after a restored backup the device is ahead, and the
 * next answer goes on from there.
 *
 * On SQLite a check-in without news is answered at once, without a promise: it is what the server does most.
 */
export function pollDevice(
  db: TenantDb,
  principal: DevicePrincipal,
  poll: Poll,
  deps: PollDeps,
): PollAnswer | Promise<PollAnswer> {
  const asked = deps.readPollRow(db, { deviceId: principal.deviceId });
  return asked instanceof Promise
    ? asked.then((row) => answer(db, principal, poll, deps, row))
    : answer(db, principal, poll, deps, asked);
}

function answer(
  db: TenantDb,
  principal: DevicePrincipal,
  poll: Poll,
  deps: PollDeps,
  row: PollRow | undefined,
): PollAnswer | Promise<PollAnswer> {
  const { deviceId } = principal;
  demandStanding(row, principal);
  if (poll.generation > GENERATION_MAX)
    throw new ApiError("invalid-request", "`generation` is larger than any answer's.");
  deps.lastSeen.note(db, deviceId);

  const at = deps.clock.now();
  if (hasNews(row, poll)) return decideAnew(db, principal, poll, at);
  const isDue = row.nextDecisionAt !== null && at >= row.nextDecisionAt;
  // An idle device with an open offer has either not begun, or finished it and its report was lost.
  const isDoubtful = row.openAssignmentId !== null && poll.isIdle;
  if (row.decidedEpoch === row.planningEpoch && !isDue && !isDoubtful) return HOLDS;
  return decideAgain(db, principal, row, poll, at);
}

async function decideAgain(
  db: TenantDb,
  principal: DevicePrincipal,
  row: PollRow,
  poll: Poll,
  at: InstantMs,
): Promise<PollAnswer> {
  const confirmed = await confirm(db, principal.deviceId, row, poll, at);
  return confirmed ?? decideAnew(db, principal, poll, at);
}

const HOLDS: PollAnswer = { kind: "holds" };

/** Generation 0: it holds no answer yet. */
const wantsAnswer = ({ fresh, generation }: Poll): boolean => fresh || generation === 0;

const hasNews = (row: PollRow, poll: Poll): boolean =>
  wantsAnswer(poll) ||
  poll.generation !== row.generation ||
  poll.digests.running !== row.runningSha256 ||
  poll.digests.inventory !== row.inventorySha256 ||
  isOtherContext(poll, row) ||
  poll.instanceId !== row.instanceId;

/** One that says nothing of its circumstances leaves what it said before. */
const isOtherContext = (
  { digests: { context } }: Pick<Poll, "digests">,
  { contextSha256 }: Pick<PollRow, "contextSha256">,
): boolean => context !== undefined && context !== contextSha256;

/** Decides by reading alone; undefined when the answer is another one, which takes a transaction. */
async function confirm(
  db: TenantDb,
  deviceId: DeviceId,
  row: PollRow,
  poll: Poll,
  at: InstantMs,
): Promise<PollAnswer | undefined> {
  // `row.planningEpoch` was read before the facts: what changes them meanwhile makes the next check-in decide again.
  const plan = await previewDevice(db, deviceId, poll.isIdle, at);
  if (plan === undefined || !isSameAnswer(plan, row)) return undefined;
  const decided = decidedAt(row.planningEpoch, plan, at);
  const isNoted =
    row.decidedEpoch === decided.epoch &&
    wakingAt(row.nextDecisionAt, at) === wakingAt(decided.nextDecisionAt, at);
  if (!isNoted)
    await db.transaction((inner) =>
      confirmDecided(inner, deviceId, row.generation, row.decidedEpoch, decided),
    );
  return HOLDS;
}

/** Whether the device, holding the last answer, was told the same. An offer is a new answer, and so is that it may install. */
const isSameAnswer = (
  plan: DevicePlan,
  { openAssignmentId }: Pick<PollRow, "openAssignmentId">,
): boolean =>
  plan.kind === "install"
    ? plan.offer.assignmentId === openAssignmentId && !plan.offer.isUntold
    : openAssignmentId === null;

export function decidedAt(epoch: number, plan: DevicePlan, at: InstantMs): DecidedAt {
  if (plan.kind !== "nothing-to-do") return { epoch, nextDecisionAt: null };
  return { epoch, nextDecisionAt: plan.isContended ? at : plan.until };
}

/** An instant that is over says the same as any other: at each check-in. */
const wakingAt = (nextDecisionAt: number | null, at: InstantMs): number | null =>
  nextDecisionAt === null ? null : Math.max(nextDecisionAt, at);

async function decideAnew(
  db: TenantDb,
  principal: DevicePrincipal,
  poll: Poll,
  at: InstantMs,
): Promise<PollAnswer> {
  const { deviceId } = principal;
  return db.transaction(async (inner) => {
    // Before everything else, so that no change of the facts goes unnoticed.
    const epoch = await planningEpochOf(inner);
    demandStanding(await holdStanding(inner, deviceId), principal);
    const before = await heldAnswer(inner, deviceId);
    const ask = await recordReports(inner, deviceId, poll, before, at);

    // What it runs and reports now is not known yet, so nothing new is decided by what it was before.
    const isBlind = ask.length > 0;
    const plan: DevicePlan =
      isBlind && before.openAssignmentId === null
        ? { kind: "nothing-to-do", reasons: [], isContended: false, until: null }
        : await planDevice(inner, deviceId, poll.isIdle && !ask.includes("running"), at);
    const decided = decidedAt(isBlind ? UNDECIDED_EPOCH : epoch, plan, at);

    const { generation } = await heldAnswer(inner, deviceId);
    const stillHolds =
      !wantsAnswer(poll) &&
      ask.length === 0 &&
      poll.generation === before.generation &&
      generation === before.generation &&
      isSameAnswer(plan, before);
    if (stillHolds) {
      await setDecided(inner, deviceId, decided);
      return HOLDS;
    }
    const next = Math.max(generation, poll.generation) + 1;
    await setDecided(inner, deviceId, decided, next);
    const terms = plan.kind === "install" ? await tellTerms(inner, deviceId, plan.offer, at) : {};
    return { kind: "answer", generation: next, plan, terms, ask };
  });
}

/** Keeps what the device says about itself; answers which reports are still missing. */
async function recordReports(
  db: TenantDb,
  deviceId: DeviceId,
  { instanceId, digests, running, inventory, context }: Poll,
  known: HeldAnswer,
  at: InstantMs,
): Promise<readonly Report[]> {
  const ask: Report[] = [];
  if (instanceId !== known.instanceId) await recordInstance(db, deviceId, instanceId, at);
  if (running !== undefined) await recordRunning(db, deviceId, running, at);
  else if (digests.running !== known.runningSha256) ask.push("running");
  if (inventory !== undefined) await recordInventory(db, deviceId, inventory, at);
  else if (digests.inventory !== known.inventorySha256) ask.push("inventory");
  if (context !== undefined) await recordContext(db, deviceId, context, at);
  else if (isOtherContext({ digests }, known)) ask.push("context");
  return ask;
}
