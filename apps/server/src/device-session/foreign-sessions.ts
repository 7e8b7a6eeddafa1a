import { later, type InstantMs } from "@moult/base";
import { runningDigest } from "@moult/device-protocol";
import type {
  AssignmentId,
  DeviceId,
  HardwareType,
  Inventory,
  Running,
  TenantId,
} from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import {
  planDevice,
  previewDevice,
  reportAssignment,
  reportedUpdate,
  type AssignmentReport,
  type DevicePlan,
  type Offer,
  type ReportedUpdate,
} from "../deployments/index.ts";
import {
  recordHardwareType,
  mergeInventory,
  recordInventory,
  recordRunning,
  type LastSeen,
} from "../devices/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { Database } from "../platform/database.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { demandStanding, type DevicePrincipal } from "./device-principal.ts";
import { joinForeign, type JoinDeps, type JoinRequest } from "./join-foreign.ts";
import {
  confirmDecided,
  holdStanding,
  planningEpochOf,
  preparePollRow,
  setDecided,
  type PollRow,
  type ReadPollRow,
} from "./queries.ts";

export type { ReportedUpdate };

/** What such a device says when it asks whether there is an update. It asks only when it is in none. */
interface Question {
  readonly running?: Running | undefined;
  readonly inventory?: Inventory | undefined;
  /** What kind of machine it says it is. */
  readonly hardwareType?: HardwareType | undefined;
}

/** The update that a device is to install, and how it stands with it. */
export interface StandingOffer extends Offer {
  readonly state: ReportedUpdate["state"];
}

/** A report without its number. */
export type UnnumberedReport = AssignmentReport extends infer Report
  ? Report extends unknown
    ? Omit<Report, "sequence">
    : never
  : never;

/** What a device's word means, which may hang on what was known of its update; undefined: nothing new. */
type Translate = (update: ReportedUpdate) => UnnumberedReport | undefined;

/**
 * `taken-back`: the server no longer wants it, and the device is to give it up. `ended`: the server has ended this try.
 */
type Told = "recorded" | "taken-back" | "ended" | "not-found";

/** What clients can do that hold no generation, get no instruction and number no reports: those of other makers. */
export interface ForeignSessions {
  /** Enrols the device if it is new, and opens a session if it is accepted. */
  join(tenantId: TenantId, request: JoinRequest): Promise<DevicePrincipal>;
  /** The update that the device is to install, the same one until it is ended. */
  ask(principal: DevicePrincipal, question: Question): Promise<StandingOffer | undefined>;
  /** Keeps what the device says of itself: `all` of it, or `some`, and the rest as it was. */
  describe(principal: DevicePrincipal, inventory: Inventory, says: "all" | "some"): Promise<void>;
  /** Records what the device says of its update. */
  tell(
    principal: DevicePrincipal,
    assignmentId: AssignmentId,
    attempt: number,
    translate: Translate,
  ): Promise<Told>;
}

export interface ForeignSessionDeps extends JoinDeps {
  readonly database: Pick<Database, "tenant" | "prepareRead">;
  readonly lastSeen: Pick<LastSeen, "note">;
}

export function createForeignSessions(deps: ForeignSessionDeps): ForeignSessions {
  const { database, lastSeen, clock } = deps;
  const askDeps = { clock, lastSeen, readPollRow: preparePollRow(database.prepareRead) };
  /** Runs `work` with the device's row held, if its session still stands. */
  const held = <T>(
    principal: DevicePrincipal,
    work: (inner: TenantDb) => Promise<T>,
  ): Promise<T> => {
    const db = database.tenant(principal.tenantId);
    lastSeen.note(db, principal.deviceId);
    return db.transaction(async (inner) => {
      demandStanding(await holdStanding(inner, principal.deviceId), principal);
      return work(inner);
    });
  };
  return {
    join: (tenantId, request) => joinForeign(tenantId, request, deps),
    ask: (principal, question) =>
      askDevice(database.tenant(principal.tenantId), principal, question, askDeps),
    describe: (principal, inventory, says) =>
      held(principal, (inner) =>
        describeDevice(inner, principal.deviceId, inventory, says, clock.now()),
      ),
    tell: (principal, assignmentId, attempt, translate) =>
      held(principal, (inner) =>
        tellDevice(inner, principal.deviceId, { assignmentId, attempt }, translate, clock.now()),
      ),
  };
}

interface AskDeps extends Pick<ForeignSessionDeps, "clock" | "lastSeen"> {
  readonly readPollRow: ReadPollRow;
}

/**
 * The update that the device is to install, the same one until it is ended. A device without news and without an update
 * reads one row and writes nothing.
 */
async function askDevice(
  db: TenantDb,
  principal: DevicePrincipal,
  question: Question,
  { clock, lastSeen, readPollRow }: AskDeps,
): Promise<StandingOffer | undefined> {
  const { deviceId } = principal;
  const row = await readPollRow(db, { deviceId });
  demandStanding(row, principal);
  lastSeen.note(db, deviceId);
  const at = clock.now();
  if (!hasNews(row, question) && row.openAssignmentId === null) {
    const isDue = row.nextDecisionAt !== null && at >= row.nextDecisionAt;
    if (row.decidedEpoch === row.planningEpoch && !isDue) return undefined;
    if (await stillNothing(db, deviceId, row, at)) return undefined;
  }
  return db.transaction(async (inner) => {
    const epoch = await planningEpochOf(inner);
    demandStanding(await holdStanding(inner, deviceId), principal);
    await recordAnswer(inner, deviceId, question, at);
    const plan = await planDevice(inner, deviceId, true, at);
    await setDecided(inner, deviceId, { epoch, nextDecisionAt: nextDecisionAt(plan, at) });
    if (plan.kind === "nothing-to-do") return undefined;
    const update = await reportedUpdate(inner, deviceId, plan.offer.assignmentId, at);
    return update === undefined ? undefined : { ...plan.offer, state: update.state };
  });
}

const hasNews = (
  row: Pick<PollRow, "runningSha256" | "hardwareType">,
  { running, inventory, hardwareType }: Question,
): boolean =>
  inventory !== undefined ||
  (hardwareType !== undefined && hardwareType !== row.hardwareType) ||
  (running !== undefined && runningDigest(running, nodeCrypto) !== row.runningSha256);

/** Decides by reading alone; false when there is something to do, which takes a transaction. */
async function stillNothing(
  db: TenantDb,
  deviceId: DeviceId,
  row: PollRow,
  at: InstantMs,
): Promise<boolean> {
  const plan = await previewDevice(db, deviceId, true, at);
  if (plan?.kind !== "nothing-to-do") return false;
  const decided = { epoch: row.planningEpoch, nextDecisionAt: nextDecisionAt(plan, at) };
  await db.transaction((inner) =>
    confirmDecided(inner, deviceId, row.generation, row.decidedEpoch, decided),
  );
  return true;
}

function nextDecisionAt(plan: DevicePlan, at: InstantMs): InstantMs | null {
  if (plan.kind !== "nothing-to-do") return null;
  return plan.isContended ? later(at, 0) : plan.until;
}

async function recordAnswer(
  db: TenantDb,
  deviceId: DeviceId,
  { running, inventory, hardwareType }: Question,
  at: InstantMs,
): Promise<void> {
  if (hardwareType !== undefined) await recordHardwareType(db, deviceId, hardwareType);
  if (running !== undefined) await recordRunning(db, deviceId, running, at);
  if (inventory !== undefined) await recordInventory(db, deviceId, inventory, at);
}

async function describeDevice(
  db: TenantDb,
  deviceId: DeviceId,
  inventory: Inventory,
  says: "all" | "some",
  at: InstantMs,
): Promise<void> {
  if (says === "all") await recordInventory(db, deviceId, inventory, at);
  else if (!(await mergeInventory(db, deviceId, inventory, at)))
    throw new ApiError(
      "invalid-request",
      "With these the device has more attributes than are kept.",
    );
}

/**
 * Records what a device says of its update, in the caller's transaction, which holds its row. First the update is taken back if
 * it is to be and can be: such a device asks for nothing while it is in one.
 */
async function tellDevice(
  db: TenantDb,
  deviceId: DeviceId,
  { assignmentId, attempt }: Pick<Offer, "assignmentId" | "attempt">,
  translate: Translate,
  at: InstantMs,
): Promise<Told> {
  if ((await reportedUpdate(db, deviceId, assignmentId, at)) === undefined) return "not-found";
  await planDevice(db, deviceId, false, at);
  const update = await reportedUpdate(db, deviceId, assignmentId, at);
  if (update === undefined) return "not-found";
  if (attempt !== update.attempt) return attempt > update.attempt ? "not-found" : "ended";
  const report = translate(update);
  if (report === undefined) return update.isTakenBack ? "taken-back" : "recorded";
  const sequence = update.sequence + 1;
  const result = await reportAssignment(
    db,
    deviceId,
    assignmentId,
    attempt,
    [{ ...report, sequence }],
    at,
  );
  if (result === "assignment-closed") return update.isTakenBack ? "taken-back" : "ended";
  if (result !== "recorded") return "not-found";
  return update.isTakenBack ? "taken-back" : "recorded";
}
