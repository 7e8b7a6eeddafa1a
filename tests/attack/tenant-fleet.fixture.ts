import { createHash, randomBytes, randomUUID } from "node:crypto";
import { createClient, type Client } from "@moult/client";
import { present, seededRandom } from "@moult/base";
import {
  Plan,
  type ArtifactId,
  type AssignmentId,
  type BulkChangeId,
  type ControllerGatewayId,
  type DeploymentId,
  type DeviceId,
  type EnrolmentTokenId,
  type GroupId,
  type HardwareType,
  type PreauthorisationId,
  type ProductName,
  type ReleaseId,
  type SafeguardId,
  type Sha256,
  type TenantId,
  type TrustProposalId,
  type UploadId,
  type UserId,
} from "@moult/model";
import { createFleetLink } from "../../tools/fleet/fleet-link.ts";
import { SimulatedDevice } from "../../tools/fleet/simulated-device.ts";
import { rootOf, setUpTrust } from "../../tools/local/local-trust.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { singleFileArtifact } from "../system/agent-artifact.fixture.ts";
import type { ServerSql } from "./server-sql.fixture.ts";

/** One tenant with one of everything; both tenants name their things alike, as strangers may. */
export interface TenantFleet {
  readonly tenantId: TenantId;
  readonly apiKey: string;
  readonly client: Client;
  readonly product: ProductName;
  readonly deviceId: DeviceId;
  readonly pendingDeviceId: DeviceId;
  readonly groupId: GroupId;
  readonly bulkChangeId: BulkChangeId;
  readonly releaseId: ReleaseId;
  readonly safeguardId: SafeguardId;
  readonly artifactId: ArtifactId;
  readonly deploymentId: DeploymentId;
  readonly assignmentId: AssignmentId;
  readonly enrolmentTokenId: EnrolmentTokenId;
  readonly preauthorisationId: PreauthorisationId;
  readonly controllerId: string;
  readonly controllerGatewayId: ControllerGatewayId;
  readonly uploadId: UploadId;
  readonly trustProposalId: TrustProposalId;
  readonly keyId: string;
  /** Somebody beside the administrator. */
  readonly personId: UserId;
  readonly invitationId: string;
  /** Stands in titles, names, notes and contents: whoever reads it reads this tenant. */
  readonly marker: string;
  /** Every id above, and what else only this tenant may see. */
  readonly secrets: readonly string[];
}

const product = "gateway" as ProductName;
const hardwareType = "gw2-rev-a" as HardwareType;
/** Its limits are counted in tables of their own. */
const plan = Plan.parse({
  stages: [{ size: { remaining: true } }],
  limits: {
    perMinute: 10,
    perSite: { attribute: "mark", concurrentMax: 10 },
    bytesPerDay: 1_000_000_000,
  },
});

/** A second tenant with an administrator's key; no operation makes one, so the database does. */
export async function insertTenant(
  sql: ServerSql,
  name: string,
): Promise<{ readonly tenantId: TenantId; readonly apiKey: string }> {
  const tenantId = randomUUID() as TenantId;
  const apiKey = `mk_${randomBytes(32).toString("base64url")}`;
  const now = Date.now();
  await sql.run(
    `insert into tenant (id, name, planning_epoch, assignment_number, deployment_number, created_at)
     values (?, ?, 0, 0, 0, ?)`,
    tenantId,
    name,
    now,
  );
  const userId = await insertPerson(sql, tenantId, name, "admin");
  await sql.run(
    `insert into api_key (id, tenant_id, user_id, name, role, start, secret_sha256, created_at)
     values (?, ?, ?, ?, 'admin', ?, ?, ?)`,
    randomUUID(),
    tenantId,
    userId,
    name,
    apiKey.slice(0, 9),
    createHash("sha256").update(apiKey).digest("hex"),
    now,
  );
  return { tenantId, apiKey };
}

/** Somebody with a place, who never signs in. */
async function insertPerson(
  sql: ServerSql,
  tenantId: TenantId,
  name: string,
  role = "publisher",
): Promise<UserId> {
  const userId = randomUUID() as UserId;
  const now = Date.now();
  const iso = new Date(now).toISOString();
  await sql.run(
    `insert into auth_user (id, name, email, email_verified, created_at, updated_at) values (?, ?, ?, 1, ?, ?)`,
    userId,
    name,
    `${name}@example.org`,
    iso,
    iso,
  );
  await sql.run(
    `insert into operator (user_id, tenant_id, role, created_at) values (?, ?, ?, ?)`,
    userId,
    tenantId,
    role,
    now,
  );
  return userId;
}

/** Fills a tenant through its own API and its own devices. */
export async function makeFleet(
  url: string,
  tenant: { readonly tenantId: TenantId; readonly apiKey: string },
  marker: string,
  sql: ServerSql,
): Promise<TenantFleet> {
  const { tenantId, apiKey } = tenant;
  const client = createClient({ baseUrl: url, credentials: { kind: "api-key", apiKey } });
  // The marker is signed into the root, so that whoever reads it shows it.
  const signers = await setUpTrust(client, { "x-mark": marker });
  await client.call("createProduct", { body: { name: product, title: marker } });
  const token = await client.call("createEnrolmentToken", {
    body: { product, label: marker, accepts: true },
  });
  const waiting = await client.call("createEnrolmentToken", { body: { product, label: marker } });
  const preauthorisation = await client.call("preauthoriseDevice", {
    body: { product, keyFingerprint: randomBytes(32).toString("hex") as Sha256, name: marker },
  });
  const device = await simulatedDevice(url, client, marker, token.secret);
  await device.enrol();
  const pending = await simulatedDevice(url, client, `${marker}-pending`, waiting.secret);
  await pending.enrol();
  await device.checkIn();
  const deviceThatIs = async (state: "accepted" | "pending"): Promise<DeviceId> => {
    const { items } = await client.call("listDevices", { query: { state } });
    return present(items[0], `a device that is ${state}`).id;
  };
  const deviceId = await deviceThatIs("accepted");
  const pendingDeviceId = await deviceThatIs("pending");

  await sql.run(
    `insert into device_attribute (tenant_id, product, device_id, name, value) values (?, ?, ?, 'mark', ?)`,
    tenantId,
    product,
    deviceId,
    marker,
  );
  const { id: groupId } = await client.call("createGroup", { body: { name: marker, product } });
  await client.call("addToGroup", { params: { groupId }, body: { deviceIds: [deviceId] } });
  const bulkChangeId = await bulkChange(client, deviceId, sql, tenantId);
  const bytes = await singleFileArtifact({
    artifactName: "2.0",
    destination: "/opt/app",
    content: Buffer.from(marker),
    deviceType: hardwareType,
  });
  const { release, artifact } = await client.upload(
    "uploadArtifact",
    { params: { product } },
    { bytes: once(bytes), sizeBytes: bytes.length },
  );
  await signers.publish();
  await client.call("changeRelease", {
    params: { releaseId: release.id },
    body: { notes: marker },
  });
  const safeguard = await client.call("createSafeguard", {
    params: { releaseId: release.id },
    body: { query: "running = nothing", note: marker },
  });
  const deployment = await client.call("createDeployment", {
    body: {
      name: marker,
      releaseId: release.id,
      target: {
        kind: "devices",
        deviceIds: [deviceId],
        exclude: { deviceIds: [pendingDeviceId] },
      },
      plan,
    },
  });
  await device.checkIn();
  const { items } = await client.call("listAssignments", {
    params: { deploymentId: deployment.id },
  });
  const assignmentId = present(items[0], "the device was offered the release").id;
  await sql.run(
    `insert into attempt_log (tenant_id, assignment_id, attempt, content) values (?, ?, 1, ?)`,
    tenantId,
    assignmentId,
    marker,
  );
  await client.call("holdDevice", { params: { deviceId }, body: { note: marker } });
  await client.call("changeDeviceConfiguration", {
    params: { deviceId },
    body: { set: { mark: marker } },
  });
  // As a person leaves it who sends a device ahead that has not been offered the release yet.
  await sql.run(
    `insert into deployment_forced (tenant_id, deployment_id, device_id, forced_by, forced_at) values (?, ?, ?, ?, 1)`,
    tenantId,
    deployment.id,
    deviceId,
    marker,
  );
  const uploadId = await beginUpload(url, apiKey, marker);
  const trustProposalId = await openProposal(client, marker);
  await sql.run(
    `insert into device_receipt
      (id, tenant_id, device_id, assignment_id, deployment_id, attempt, outcome, envelope, received_at)
     values (?, ?, ?, ?, ?, 1, 'succeeded', ?, 1)`,
    randomUUID(),
    tenantId,
    deviceId,
    assignmentId,
    deployment.id,
    marker,
  );
  await sealedAndTold(sql, tenantId, marker);
  const controllerGatewayId = await controllers(client, sql, tenantId, marker, assignmentId);
  const { key } = await client.call("createApiKey", { body: { name: marker, role: "viewer" } });
  const personId = await insertPerson(sql, tenantId, marker);
  const { invitation } = await client.call("invitePerson", {
    body: { email: `${marker}.guest@example.org`, role: "viewer" },
  });
  const ids = {
    deviceId,
    pendingDeviceId,
    groupId,
    bulkChangeId,
    releaseId: release.id,
    safeguardId: safeguard.id,
    artifactId: artifact.id,
    deploymentId: deployment.id,
    assignmentId,
    enrolmentTokenId: token.token.id,
    preauthorisationId: preauthorisation.id,
    controllerId: marker,
    controllerGatewayId,
    uploadId,
    trustProposalId,
    keyId: key.id,
    personId,
    invitationId: invitation.id,
  };
  const secrets = [marker, tenantId, ...Object.values(ids)];
  return { tenantId, apiKey, client, product, marker, ...ids, secrets };
}

/** A device of hawkBit's protocol, a token that speaks for others, and the number of an update. */
async function controllers(
  client: Client,
  sql: ServerSql,
  tenantId: TenantId,
  marker: string,
  assignmentId: AssignmentId,
): Promise<ControllerGatewayId> {
  // Another product: the lists of this one have one device of each state.
  const other = "sensor" as ProductName;
  await client.call("createProduct", { body: { name: other, title: marker } });
  const { deviceId } = await client.call("registerController", {
    body: { controllerId: marker, product: other, hardwareType },
  });
  await sql.run(
    `insert into controller_action (tenant_id, number, device_id, assignment_id, attempt) values (?, 1, ?, ?, 1)`,
    tenantId,
    deviceId,
    assignmentId,
  );
  const { gateway } = await client.call("createControllerGateway", {
    body: { product: other, hardwareType, label: marker, controllerIds: [`${marker}-2`] },
  });
  return gateway.id;
}

/** An upload in parts that has none yet; its name is the marker, so that whoever sees it shows it. */
async function beginUpload(url: string, apiKey: string, marker: string): Promise<UploadId> {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const answer = await fetch(`${url}/api/v1/uploads`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${apiKey}`,
      "tus-resumable": "1.0.0",
      "upload-length": "1000",
      "upload-metadata": `product ${base64(product)},filename ${base64(marker)}`,
    },
  });
  return present(answer.headers.get("location")?.split("/").at(-1), "an id") as UploadId;
}

/** A proposal that waits for signatures. */
async function openProposal(client: Client, marker: string): Promise<TrustProposalId> {
  const { id } = await client.call("createTrustProposal", {
    body: {
      note: marker,
      files: [
        {
          role: "targets",
          metadata: {
            signatures: [],
            signed: { _type: "targets", version: 99, expires: "2099-01-01T00:00:00Z", [marker]: 1 },
          },
        },
      ],
    },
  });
  return id;
}

/** A bulk change that is done, and a device that it has still to come to, which a running one would not keep. */
async function bulkChange(
  client: Client,
  deviceId: DeviceId,
  sql: ServerSql,
  tenantId: TenantId,
): Promise<BulkChangeId> {
  const { id } = await client.call("startBulkChange", {
    body: {
      selection: { kind: "ids", deviceIds: [deviceId] },
      action: { kind: "accept" },
      expectedMatches: 1,
    },
  });
  await waitFor(
    "the bulk change to end",
    async () => {
      const { state } = await client.call("showBulkChange", { params: { bulkChangeId: id } });
      return state === "finished" || undefined;
    },
    10_000,
  );
  await sql.run(
    `insert into bulk_change_member (tenant_id, bulk_change_id, device_id) values (?, ?, ?)`,
    tenantId,
    id,
    deviceId,
  );
  return id;
}

async function simulatedDevice(
  url: string,
  client: Client,
  seed: string,
  enrolmentToken: string,
): Promise<SimulatedDevice> {
  const { tenantId } = await client.call("showSystem");
  const provisioning = {
    version: 1 as const,
    server: { url },
    tenantId,
    product,
    hardwareType,
    pathPrefix: `${product}/prod/`,
    root: await rootOf(client),
    artifactKeys: [],
    enrolmentToken,
  };
  return new SimulatedDevice(
    {
      link: createFleetLink(provisioning, 2),
      provisioning,
      behaviour: { failPercent: 0, failVersion: undefined, downloads: false, stepMs: 0 },
      random: seededRandom(1),
      wait: () => Promise.resolve(),
    },
    seed,
    1,
    "1.0",
  );
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** What a server writes by itself, when it comes to it: a block of the audit chain, and what a webhook is still to be told. */
async function sealedAndTold(sql: ServerSql, tenantId: string, marker: string): Promise<void> {
  await sql.run(
    `insert into audit_block
      (tenant_id, number, first_sequence, last_sequence, event_count, events_sha256, sha256, sealed_at)
     values (?, 1000, 1, 1, 1, ?, ?, 1)`,
    tenantId,
    "0".repeat(64),
    "0".repeat(64),
  );
  await sql.run(
    `insert into webhook_cursor (tenant_id, webhook, sequence) values (?, 'receiver', 0)`,
    tenantId,
  );
  await sql.run(
    `insert into webhook_delivery (id, tenant_id, webhook, sequence, body, attempts, next_at, created_at)
     values (?, ?, 'receiver', 1, ?, 0, 1, 1)`,
    randomUUID(),
    tenantId,
    marker,
  );
}
