import { createHash } from "node:crypto";
import { DAY_MS, instant, type InstantMs } from "@moult/base";
import {
  HardwareType,
  Plan,
  ProductName,
  ReleaseVersion,
  Sha256,
  type ArtifactId,
  type ClientTraits,
  type DeploymentId,
  type DeploymentTarget,
  type DeviceId,
  type ReleaseId,
  type Running,
  type UserId,
} from "@moult/model";
import type * as z from "zod";
import { newId } from "../platform/new-id.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, TEST_NOW } from "../platform/test-database.fixture.ts";
import type { Approver } from "./approve-stage.ts";
import { holdDevice } from "./assignment-queries.ts";
import { createDeployment } from "./create-deployment.ts";
import { planDevice, type DevicePlan } from "./plan-device.ts";
import { deploymentById, type DeploymentRecord } from "./queries.ts";
import { reportAssignment, type AssignmentReport, type ReportResult } from "./report-assignment.ts";

export const PRODUCT = ProductName.parse("gw2");
export const HARDWARE = HardwareType.parse("gw2-board");
export const clockAt = (at: InstantMs) => ({ now: () => at });

export const personOf = (name: string): Approver => ({
  userId: newId<UserId>(),
  name,
  email: `${name.toLowerCase()}@example.org`,
});
export const ADA = personOf("Ada");

const sha256Of = (text: string) => Sha256.parse(createHash("sha256").update(text).digest("hex"));

export async function addProduct(db: TenantDb): Promise<void> {
  await db.transaction(async (inner) => {
    await inner.kysely
      .insertInto("product")
      .values({
        tenant_id: db.tenantId,
        name: PRODUCT,
        title: "Gateway",
        require_signature: 0,
        artifact_keys: "[]",
        created_at: TEST_NOW,
      })
      .execute();
  });
}

export const TRAITS: ClientTraits = {
  client: "moult-agent/0.1.0",
  payloadTypes: ["rootfs-image"],
  pathPrefix: "gw2/prod/",
  canAbort: true,
  trust: "end-to-end",
};

/** Accepted devices that run 1.0; `draws` places them in every deployment. */
export async function addDevices(
  db: TenantDb,
  draws: readonly number[],
  hardwareType: HardwareType = HARDWARE,
  clientTraits: Partial<ClientTraits> = {},
): Promise<DeviceId[]> {
  const traits = JSON.stringify({ ...TRAITS, ...clientTraits });
  const ids = draws.map(() => newId<DeviceId>());
  await db.transaction(async (inner) => {
    for (let start = 0; start < ids.length; start += 500)
      await inner.kysely
        .insertInto("device")
        .values(
          ids.slice(start, start + 500).map((id, offset) => ({
            id,
            tenant_id: db.tenantId,
            product: PRODUCT,
            hardware_type: hardwareType,
            name: null,
            identity: JSON.stringify({ serial: id }),
            identity_sha256: sha256Of(id),
            search_text: id,
            state: "accepted" as const,
            draw: draws[start + offset] ?? 1,
            credential_epoch: 0,
            identity_conflict_at: null,
            instance_id: null,
            previous_instance_id: null,
            traits,
            traits_sha256: sha256Of(traits),
            running_artifact: "1.0",
            running_provides: "{}",
            running_sha256: null,
            inventory_sha256: null,
            generation: 0,
            decided_epoch: -1,
            next_decision_at: null,
            open_assignment_id: null,
            enrolled_at: TEST_NOW,
            accepted_at: TEST_NOW,
            last_seen_at: null,
          })),
        )
        .execute();
  });
  return ids;
}

/** A release with one artifact for `hardwareType`, published by offline keys. */
export async function addRelease(
  db: TenantDb,
  version: string,
  hardwareType: HardwareType = HARDWARE,
  payloadType = "rootfs-image",
): Promise<ReleaseId> {
  const id = newId<ReleaseId>();
  const artifactId = newId<ArtifactId>();
  const sha256 = sha256Of(`${db.tenantId} ${version} ${hardwareType}`);
  const path = `gw2/prod/${version}/${sha256}.mender`;
  const created = { tenant_id: db.tenantId, created_at: TEST_NOW };
  await db.transaction(async (inner) => {
    await inner.kysely
      .insertInto("release")
      .values({
        ...created,
        id,
        product: PRODUCT,
        channel: "prod" as never,
        version: ReleaseVersion.parse(version),
        notes: "",
      })
      .execute();
    await inner.kysely
      .insertInto("artifact")
      .values({
        ...created,
        id: artifactId,
        release_id: id,
        path,
        sha256,
        size_bytes: 5_120,
        head_sha256: sha256,
        hardware_types: JSON.stringify([hardwareType]),
        depends: JSON.stringify({ device_type: [hardwareType] }),
        provides: "{}",
        clears_provides: "[]",
        payloads: JSON.stringify([{ type: payloadType, files: [] }]),
        scripts: "[]",
        signature: "unsigned",
      })
      .execute();
    await inner.kysely
      .insertInto("artifact_fit")
      .values({
        tenant_id: db.tenantId,
        release_id: id,
        hardware_type: hardwareType,
        depends_sha256: sha256Of("{}"),
        artifact_id: artifactId,
      })
      .execute();
    await publishTarget(inner, artifactId, path);
  });
  return id;
}

/** As publishing leaves it; what is planned by is rows, and nobody here verifies signatures. */
async function publishTarget(db: TenantDb, artifactId: ArtifactId, path: string): Promise<void> {
  const role = `${PRODUCT}.prod`;
  await db.kysely
    .insertInto("trust_role")
    .values(
      ["root", role].map((name) => ({
        tenant_id: db.tenantId,
        role: name,
        product: null,
        channel: null,
        version: 1,
        expires_at: TEST_NOW + 365 * DAY_MS,
        threshold: 1,
        keyids: "[]",
        target_count: 1,
        warned: null,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await db.kysely
    .insertInto("trust_target")
    .values({ tenant_id: db.tenantId, path, artifact_id: artifactId, role, role_version: 1 })
    .execute();
}

export function deploy(
  db: TenantDb,
  releaseId: ReleaseId,
  options: {
    readonly target?: DeploymentTarget;
    readonly plan?: Partial<z.input<typeof Plan>>;
    readonly at?: InstantMs;
    readonly by?: Approver;
  } = {},
): Promise<DeploymentRecord> {
  const plan = Plan.parse({ stages: [{ size: { remaining: true } }], ...options.plan });
  const target = options.target ?? { kind: "all" };
  const clock = clockAt(options.at ?? TEST_NOW);
  return createDeployment(db, { releaseId, target, plan }, options.by ?? ADA, {
    clock,
    log: silentLog,
  });
}

/** A check-in as the device session makes it, without the wire. */
export function checkIn(
  db: TenantDb,
  deviceId: DeviceId,
  { isIdle = true, at = TEST_NOW }: { readonly isIdle?: boolean; readonly at?: InstantMs } = {},
): Promise<DevicePlan> {
  return db.transaction(async (inner) => {
    await holdDevice(inner, deviceId);
    return planDevice(inner, deviceId, isIdle, at);
  });
}

const running = (artifactName: string): Running => ({ artifactName, provides: {} });

export const finished = (
  outcome: Extract<AssignmentReport, { kind: "finished" }>["outcome"],
  runs: string,
  code?: string,
): AssignmentReport => ({ kind: "finished", sequence: 100, outcome, code, running: running(runs) });

/** Reports on the offer of `plan`. */
export function report(
  db: TenantDb,
  deviceId: DeviceId,
  plan: DevicePlan,
  reports: readonly AssignmentReport[],
  at: InstantMs = instant(TEST_NOW + 1_000),
): Promise<ReportResult> {
  if (plan.kind !== "install") throw new Error("the device has no offer to report on");
  const { assignmentId, attempt } = plan.offer;
  return db.transaction(async (inner) => {
    await holdDevice(inner, deviceId);
    return reportAssignment(inner, deviceId, assignmentId, attempt, reports, at);
  });
}

export async function setRunning(
  db: TenantDb,
  deviceId: DeviceId,
  artifactName: string,
): Promise<void> {
  await db.transaction(async (inner) => {
    await inner.kysely
      .updateTable("device")
      .set({ running_artifact: artifactName })
      .where("id", "=", deviceId)
      .execute();
  });
}

export async function refreshed(
  db: TenantDb,
  deploymentId: DeploymentId,
): Promise<DeploymentRecord> {
  const found = await deploymentById(db, deploymentId);
  if (found === undefined) throw new Error("the deployment exists");
  return found;
}

/** The kinds of a deployment's events, in order. */
export async function eventsOf(db: TenantDb, deploymentId: DeploymentId): Promise<string[]> {
  const rows = await db.kysely
    .selectFrom("event")
    .select("kind")
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .orderBy("sequence")
    .execute();
  return rows.map(({ kind }) => kind);
}
