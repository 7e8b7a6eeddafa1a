import {
  Deferral,
  HardwareType,
  Payload,
  type ArtifactId,
  type AssignmentId,
  type AssignmentState,
  type DeploymentId,
  type DeviceId,
  type ProductName,
  type ReleaseVersion,
  type Sha256,
} from "@moult/model";
import * as z from "zod";
import { fromJson } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** The update that a device has, with all that a client needs to fetch it. */
export interface StandingOffer {
  readonly assignmentId: AssignmentId;
  readonly deploymentId: DeploymentId;
  readonly attempt: number;
  readonly state: AssignmentState;
  /** Of its download; null in any other state. */
  readonly progressPercent: number | null;
  /** What its device says that it puts off. */
  readonly deferral: Deferral | null;
  readonly product: ProductName;
  readonly version: ReleaseVersion;
  /** The artifact that holds the payloads. */
  readonly artifactId: ArtifactId;
  readonly sha256: Sha256;
  readonly hardwareTypes: readonly HardwareType[];
  readonly payloads: readonly Payload[];
}

const Payloads = z.array(Payload);
const HardwareTypes = z.array(HardwareType);

/** What a try brought that ended well and whose release the device runs. */
export async function installedOffer(
  db: TenantDb,
  deviceId: DeviceId,
  { assignmentId, attempt }: Pick<StandingOffer, "assignmentId" | "attempt">,
): Promise<StandingOffer | undefined> {
  const row = await offers(db)
    .where("device.id", "=", deviceId)
    .where("assignment.id", "=", assignmentId)
    .where("assignment.attempt", "=", attempt)
    .where("assignment.outcome", "=", "succeeded")
    .whereRef("device.running_artifact", "=", "deployment.version")
    .executeTakeFirst();
  return row === undefined ? undefined : offerOf(row);
}

/** The device's open offer; undefined when it has none, or its artifact is gone. */
export async function standingOffer(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<StandingOffer | undefined> {
  const row = await offers(db)
    .where("device.id", "=", deviceId)
    .whereRef("assignment.id", "=", "device.open_assignment_id")
    .where("assignment.closed_at", "is", null)
    .executeTakeFirst();
  return row === undefined ? undefined : offerOf(row);
}

const offerOf = (
  row: Omit<StandingOffer, "payloads" | "hardwareTypes" | "deferral"> & {
    readonly deferral: string | null;
    readonly payloads: string;
    readonly hardwareTypes: string;
  },
): StandingOffer => ({
  ...row,
  deferral: row.deferral === null ? null : fromJson(Deferral, row.deferral),
  payloads: fromJson(Payloads, row.payloads),
  hardwareTypes: fromJson(HardwareTypes, row.hardwareTypes),
});

const offers = (db: TenantDb) =>
  db.kysely
    .selectFrom("device")
    .innerJoin("assignment", "assignment.device_id", "device.id")
    .innerJoin("deployment", "deployment.id", "assignment.deployment_id")
    .innerJoin("artifact", "artifact.id", "assignment.artifact_id")
    .select([
      "assignment.id as assignmentId",
      "assignment.deployment_id as deploymentId",
      "assignment.attempt as attempt",
      "assignment.state as state",
      "assignment.progress_percent as progressPercent",
      "assignment.deferral as deferral",
      "deployment.product as product",
      "deployment.version as version",
      "artifact.id as artifactId",
      "artifact.sha256 as sha256",
      "artifact.hardware_types as hardwareTypes",
      "artifact.payloads as payloads",
    ])
    .where("device.tenant_id", "=", db.tenantId)
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("deployment.tenant_id", "=", db.tenantId)
    .where("artifact.tenant_id", "=", db.tenantId);
