import type { InstantMs } from "@moult/base";
import type { AssignmentId, Configuration, DeviceId, Inventory, TenantId } from "@moult/model";
import {
  updateBeginning,
  reportedUpdate,
  reportNext,
  takeBackUnwanted,
  type OfferTerms,
  type ReportedUpdate,
  type Standing,
  type StandingOffer,
  type UnnumberedReport,
} from "../deployments/index.ts";
import {
  desiredSettings,
  mergeInventory,
  recordInventory,
  recordSettings,
  type LastSeen,
} from "../devices/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { Database } from "../platform/database.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { askDevice, type Question } from "./ask-device.ts";
import { demandStanding, type DevicePrincipal } from "./device-principal.ts";
import { holdDevice } from "./hold-device.ts";
import { joinForeign, type JoinDeps, type JoinRequest } from "./join-foreign.ts";
import { preparePollRow, standingOf } from "./queries.ts";

export type { OfferTerms, ReportedUpdate, UnnumberedReport };

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
  /** The update that the device is to install, the same one until it is ended. It asks only when it is in none. */
  ask(principal: DevicePrincipal, question: Question): Promise<Standing | undefined>;
  /** Keeps what the device says of itself: `all` of it, or `some`, and the rest as it was. */
  describe(principal: DevicePrincipal, inventory: Inventory, says: "all" | "some"): Promise<void>;
  /** What the device is to be set to. */
  settings(principal: DevicePrincipal): Promise<Configuration>;
  /** Keeps what the device says it is set to. */
  reportSettings(principal: DevicePrincipal, settings: Configuration): Promise<void>;
  /** The device's assignment whose id begins so. */
  updateBeginning(principal: DevicePrincipal, idStart: string): Promise<AssignmentId | undefined>;
  /**
   * What the device, which is in the update, is to keep to by now; undefined once it is to give the update up. `translate` says what it
   * means that it asks.
   */
  terms(
    principal: DevicePrincipal,
    assignmentId: AssignmentId,
    attempt: number,
    translate: Translate,
  ): Promise<OfferTerms | undefined>;
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
  const held = <T>(
    principal: DevicePrincipal,
    work: (inner: TenantDb) => Promise<T>,
  ): Promise<T> => {
    lastSeen.note(database.tenant(principal.tenantId), principal.deviceId);
    return holdDevice(database, principal, work);
  };
  return {
    join: (tenantId, request) => joinForeign(tenantId, request, deps),
    ask: (principal, question) =>
      askDevice(database.tenant(principal.tenantId), principal, question, askDeps),
    describe: (principal, inventory, says) =>
      held(principal, (inner) =>
        describeDevice(inner, principal.deviceId, inventory, says, clock.now()),
      ),
    settings: async (principal) => {
      const db = database.tenant(principal.tenantId);
      demandStanding(await standingOf(db, principal.deviceId), principal);
      lastSeen.note(db, principal.deviceId);
      return desiredSettings(db, principal.deviceId);
    },
    reportSettings: (principal, settings) =>
      held(principal, (inner) => recordSettings(inner, principal.deviceId, settings, clock.now())),
    updateBeginning: (principal, idStart) =>
      updateBeginning(database.tenant(principal.tenantId), principal.deviceId, idStart),
    terms: (principal, assignmentId, attempt, translate) =>
      held(principal, (inner) =>
        tellTerms(inner, principal.deviceId, { assignmentId, attempt }, translate, clock.now()),
      ),
    tell: (principal, assignmentId, attempt, translate) =>
      held(principal, (inner) =>
        tellDevice(inner, principal.deviceId, { assignmentId, attempt }, translate, clock.now()),
      ),
  };
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
 * it is to be and can be: such a device asks for nothing while it is in one. A try that the server has ended is over for the server
 * alone, and what the device says of it counts.
 */
async function tellDevice(
  db: TenantDb,
  deviceId: DeviceId,
  { assignmentId, attempt }: Pick<StandingOffer, "assignmentId" | "attempt">,
  translate: Translate,
  at: InstantMs,
): Promise<Told> {
  await takeBackUnwanted(db, deviceId, assignmentId, at);
  const update = await reportedUpdate(db, deviceId, assignmentId, at);
  if (update === undefined) return "not-found";
  if (attempt !== update.attempt) return attempt > update.attempt ? "not-found" : "ended";
  const report = translate(update);
  if (report === undefined) return update.isTakenBack ? "taken-back" : "recorded";
  const result = await reportNext(db, deviceId, assignmentId, attempt, report, at);
  if (result === "assignment-closed") return update.isTakenBack ? "taken-back" : "ended";
  if (result !== "recorded") return "not-found";
  return update.isTakenBack ? "taken-back" : "recorded";
}

/** Answers a device that asks what it is to keep to, in the caller's transaction, which holds its row. */
async function tellTerms(
  db: TenantDb,
  deviceId: DeviceId,
  tried: Pick<StandingOffer, "assignmentId" | "attempt">,
  translate: Translate,
  at: InstantMs,
): Promise<OfferTerms | undefined> {
  if ((await tellDevice(db, deviceId, tried, translate, at)) !== "recorded") return undefined;
  const update = await reportedUpdate(db, deviceId, tried.assignmentId, at);
  return update?.goesOn === true ? update.terms : undefined;
}
