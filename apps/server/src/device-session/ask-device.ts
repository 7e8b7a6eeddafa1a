import { canonicalText, type Clock, type InstantMs } from "@moult/base";
import { runningDigest } from "@moult/device-protocol";
import {
  ClientTraits,
  type DeviceId,
  type HardwareType,
  type Inventory,
  type Running,
  type UnheededTerm,
} from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import {
  offerStanding,
  planDevice,
  previewDevice,
  tellStanding,
  type Standing,
} from "../deployments/index.ts";
import {
  recordHardwareType,
  recordInventory,
  recordRunning,
  recordTraits,
  type LastSeen,
} from "../devices/index.ts";
import { fromJson } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { demandStanding, type DevicePrincipal } from "./device-principal.ts";
import { decidedAt } from "./poll-device.ts";
import {
  confirmDecided,
  holdStanding,
  planningEpochOf,
  setDecided,
  traitsOf,
  type PollRow,
  type ReadPollRow,
} from "./queries.ts";

/** What a device says when it asks; each is news or was said before. */
export interface Question {
  readonly running?: Running | undefined;
  readonly inventory?: Inventory | undefined;
  /** What kind of machine it says it is. */
  readonly hardwareType?: HardwareType | undefined;
  /** Which terms of a plan its client cannot be told. */
  readonly cannotKeep?: readonly UnheededTerm[] | undefined;
}

export interface AskDeps {
  readonly clock: Clock;
  readonly lastSeen: Pick<LastSeen, "note">;
  readonly readPollRow: ReadPollRow;
}

/**
 * Answers a device whose protocol knows no generations: the same open offer at each time it asks, until that is closed. While
 * nothing changed nothing is written, and one that has nothing to do costs one read.
 */
export async function askDevice(
  db: TenantDb,
  principal: DevicePrincipal,
  question: Question,
  { clock, lastSeen, readPollRow }: AskDeps,
): Promise<Standing | undefined> {
  const { deviceId } = principal;
  const row = await readPollRow(db, { deviceId });
  demandStanding(row, principal);
  lastSeen.note(db, deviceId);
  const at = clock.now();
  if (!hasNews(row, question)) {
    const isDue = row.nextDecisionAt !== null && at >= row.nextDecisionAt;
    const isDecided = row.decidedEpoch === row.planningEpoch && !isDue;
    if (row.openAssignmentId === null) {
      if (isDecided || (await stillNothing(db, deviceId, row, at))) return undefined;
    } else if (isDecided) return offerStanding(db, deviceId, at);
  }
  return db.transaction(async (inner) => {
    // Before everything else, so that no change of the facts goes unnoticed.
    const epoch = await planningEpochOf(inner);
    demandStanding(await holdStanding(inner, deviceId), principal);
    await recordQuestion(inner, deviceId, question, row, at);
    return decide(inner, deviceId, epoch, at);
  });
}

/**
 * Decides in the caller's transaction, which holds the device's row. Whatever the device is at, what it says it runs counts:
 * an update whose release it runs is over.
 */
export const decideStanding = async (
  db: TenantDb,
  deviceId: DeviceId,
  at: InstantMs,
): Promise<Standing | undefined> => decide(db, deviceId, await planningEpochOf(db), at);

async function decide(
  db: TenantDb,
  deviceId: DeviceId,
  epoch: number,
  at: InstantMs,
): Promise<Standing | undefined> {
  const plan = await planDevice(db, deviceId, true, at);
  await setDecided(db, deviceId, decidedAt(epoch, plan, at));
  return tellStanding(db, deviceId, at);
}

const hasNews = (
  row: Pick<PollRow, "runningSha256" | "hardwareType" | "traits">,
  { running, inventory, hardwareType, cannotKeep }: Question,
): boolean =>
  (cannotKeep !== undefined && isOther(cannotKeep, row.traits)) ||
  inventory !== undefined ||
  (hardwareType !== undefined && hardwareType !== row.hardwareType) ||
  (running !== undefined && runningDigest(running, nodeCrypto) !== row.runningSha256);

const isOther = (cannotKeep: readonly UnheededTerm[], traits: string | null): boolean =>
  traits === null ||
  canonicalText(fromJson(ClientTraits, traits).cannotKeep ?? []) !== canonicalText(cannotKeep);

/** Decides by reading alone; false when there is something to do, which takes a transaction. */
async function stillNothing(
  db: TenantDb,
  deviceId: DeviceId,
  row: PollRow,
  at: InstantMs,
): Promise<boolean> {
  const plan = await previewDevice(db, deviceId, true, at);
  if (plan?.kind !== "nothing-to-do") return false;
  const decided = decidedAt(row.planningEpoch, plan, at);
  await db.transaction((inner) =>
    confirmDecided(inner, deviceId, row.generation, row.decidedEpoch, decided),
  );
  return true;
}

async function recordQuestion(
  db: TenantDb,
  deviceId: DeviceId,
  { running, inventory, hardwareType, cannotKeep }: Question,
  { runningSha256 }: Pick<PollRow, "runningSha256">,
  at: InstantMs,
): Promise<void> {
  if (cannotKeep !== undefined) {
    const traits = await traitsOf(db, deviceId);
    if (traits !== null)
      await recordTraits(db, deviceId, { ...traits, cannotKeep: [...cannotKeep] });
  }
  if (hardwareType !== undefined) {
    // A device that never said what it runs has said nothing of itself yet.
    const says = runningSha256 === null ? "first" : "anew";
    await recordHardwareType(db, deviceId, hardwareType, says, at);
  }
  if (running !== undefined) await recordRunning(db, deviceId, running, at);
  if (inventory !== undefined) await recordInventory(db, deviceId, inventory, at);
}
