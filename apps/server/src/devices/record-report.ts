import type { InstantMs } from "@moult/base";
import { contextDigest, inventoryDigest, runningDigest } from "@moult/device-protocol";
import {
  type ClientTraits,
  type DeviceId,
  type HardwareType,
  Inventory,
  type ReportedContext,
  type Running,
} from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { appendEvent } from "../platform/events.ts";
import {
  forgetDecision,
  raisePlanningEpoch,
  raisePlanningEpochSoon,
} from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { setHardwareType, setTraits } from "./queries.ts";
import {
  attributesOf,
  beginRun,
  hardwareTypeOf,
  knownReports,
  replaceAttributes,
  replaceContext,
  replaceRunning,
  setInventoryDigest,
} from "./report-queries.ts";

/**
 * Keeps what a device says it runs, in the caller's transaction; another artifact becomes part of its history and an event.
 * False when it is what the server has already.
 */
export async function recordRunning(
  db: TenantDb,
  deviceId: DeviceId,
  running: Running,
  at: InstantMs,
): Promise<boolean> {
  const known = await knownReports(db, deviceId);
  const digest = runningDigest(running, nodeCrypto);
  if (known === undefined || known.runningSha256 === digest) return false;
  if (!(await replaceRunning(db, deviceId, known.runningSha256, running, digest))) return false;

  if (known.runningArtifact !== running.artifactName) {
    await beginRun(db, deviceId, running.artifactName, at);
    await appendEvent(db, {
      at,
      deviceId,
      body: {
        kind: "device-running-changed",
        from: known.runningArtifact,
        to: running.artifactName,
      },
    });
  }
  await forgetDecision(db, deviceId);
  return true;
}

/**
 * Keeps a device's inventory, in the caller's transaction: the attributes become exactly these. False when they are what
 * the server has already.
 */
export async function recordInventory(
  db: TenantDb,
  deviceId: DeviceId,
  inventory: Inventory,
  at: InstantMs,
): Promise<boolean> {
  const known = await knownReports(db, deviceId);
  const digest = inventoryDigest(inventory, nodeCrypto);
  if (known === undefined || known.inventorySha256 === digest) return false;
  if (!(await setInventoryDigest(db, deviceId, known.inventorySha256, digest))) return false;

  await replaceAttributes(db, deviceId, inventory);
  // It may be in other groups by query now.
  await forgetDecision(db, deviceId);
  await appendEvent(db, { at, deviceId, body: { kind: "device-inventory-changed" } });
  return true;
}

/** Keeps some attributes of a device beside those it has, in the caller's transaction; false when they are too many together. */
export async function mergeInventory(
  db: TenantDb,
  deviceId: DeviceId,
  some: Inventory,
  at: InstantMs,
): Promise<boolean> {
  const merged = Inventory.safeParse({ ...(await attributesOf(db, deviceId)), ...some });
  if (!merged.success) return false;
  await recordInventory(db, deviceId, merged.data, at);
  return true;
}

/**
 * Keeps what a device says of its circumstances, in the caller's transaction. They change often and are no event: what one of
 * them decided stands with the offer that was made.
 */
export async function recordContext(
  db: TenantDb,
  deviceId: DeviceId,
  context: ReportedContext,
  at: InstantMs,
): Promise<boolean> {
  const isNews = await replaceContext(
    db,
    deviceId,
    context,
    contextDigest(context, nodeCrypto),
    at,
  );
  // A plan's conditions may hold for it now.
  if (isNews) await forgetDecision(db, deviceId);
  return isNews;
}

/** Keeps what a device's client understands, in the caller's transaction; it changes when the client is updated. */
export async function recordTraits(
  db: TenantDb,
  deviceId: DeviceId,
  traits: ClientTraits,
): Promise<boolean> {
  const isNews = await setTraits(db, deviceId, traits);
  if (isNews) await forgetDecision(db, deviceId);
  return isNews;
}

/**
 * Keeps what kind of machine a device says it is, in the caller's transaction. `first`: that was not known of it, so it counts among
 * others now as a new device does; else it counts among other ones than before, and who waits there can wait a little longer.
 */
export async function recordHardwareType(
  db: TenantDb,
  deviceId: DeviceId,
  hardwareType: HardwareType,
  says: "first" | "anew",
  at: InstantMs,
): Promise<boolean> {
  if ((await hardwareTypeOf(db, deviceId)) === hardwareType) return false;
  await setHardwareType(db, deviceId, hardwareType);
  await forgetDecision(db, deviceId);
  if (says === "first") await raisePlanningEpoch(db);
  else await raisePlanningEpochSoon(db, at);
  return true;
}
