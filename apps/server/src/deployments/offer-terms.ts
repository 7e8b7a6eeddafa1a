import { later, SECOND_MS, type InstantMs } from "@moult/base";
import type { DeviceId, Plan, StepWindows, UpdateMode } from "@moult/model";
import { stepWindows, zoneAttributesOf } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { timeZone } from "../platform/time-zones.ts";
import { firstOfferedAt } from "./assignment-queries.ts";
import { noteInstallationTold } from "./opening-queries.ts";
import type { Offer } from "./plan-device.ts";
import { deploymentById, type DeploymentRecord } from "./queries.ts";
import { attributesNamed } from "./zone-queries.ts";

/** What a plan says about an update to the device that has it. What it does not say is not there. */
export interface OfferTerms {
  /** When it may begin the steps that follow the download. */
  readonly windows?: StepWindows;
  /** What it may have against it. */
  readonly mode?: UpdateMode;
}

type Offered = Pick<Offer, "assignmentId" | "deploymentId">;

/** What the device is told now about its update; notes that it was told of an installation that is open. */
export async function tellTerms(
  db: TenantDb,
  deviceId: DeviceId,
  { assignmentId, deploymentId }: Offered,
  at: InstantMs,
): Promise<OfferTerms> {
  const deployment = await deploymentById(db, deploymentId);
  if (deployment === undefined) return {};
  if (deployment.installationOpenedAt !== null) await noteInstallationTold(db, assignmentId);
  return termsOf(db, deviceId, { ...deployment, assignmentId }, at);
}

/** The same to one that was told: it is only read. */
export async function offerTerms(
  db: TenantDb,
  deviceId: DeviceId,
  { assignmentId, deploymentId }: Offered,
  at: InstantMs,
): Promise<OfferTerms> {
  const deployment = await deploymentById(db, deploymentId);
  if (deployment === undefined) return {};
  return termsOf(db, deviceId, { ...deployment, assignmentId }, at);
}

/** What a device that asks now would be told about its update. */
export async function termsOf(
  db: TenantDb,
  deviceId: DeviceId,
  {
    plan,
    installationOpenedAt,
    assignmentId,
  }: Pick<DeploymentRecord, "plan" | "installationOpenedAt"> & Pick<Offer, "assignmentId">,
  at: InstantMs,
): Promise<OfferTerms> {
  const windows = await windowsFor(db, deviceId, plan, at);
  const offeredAt =
    plan.forceAfterSeconds === undefined ? at : await firstOfferedAt(db, assignmentId);
  const mode = modeOf(plan, offeredAt, installationOpenedAt !== null);
  return { ...(windows === undefined ? {} : { windows }), ...(mode === undefined ? {} : { mode }) };
}

async function windowsFor(
  db: TenantDb,
  deviceId: DeviceId,
  plan: Plan,
  at: InstantMs,
): Promise<StepWindows | undefined> {
  if (plan.windows === undefined) return undefined;
  const attributes = await attributesNamed(db, deviceId, zoneAttributesOf(plan));
  const windows = stepWindows(plan, attributes, timeZone, at);
  return Object.keys(windows).length === 0 ? undefined : windows;
}

function modeOf(
  { mode = "optional", forceAfterSeconds }: Plan,
  offeredAt: InstantMs,
  isOpen: boolean,
): UpdateMode | undefined {
  if (mode === "download-only")
    return isOpen ? undefined : { consent: false, forceFromMs: null, downloadOnly: true };
  if (mode === "force") return { consent: false, forceFromMs: 0 };
  const consent = mode === "consent";
  if (!consent && forceAfterSeconds === undefined) return undefined;
  const forceFromMs =
    forceAfterSeconds === undefined ? null : later(offeredAt, forceAfterSeconds * SECOND_MS);
  return { consent, forceFromMs };
}
