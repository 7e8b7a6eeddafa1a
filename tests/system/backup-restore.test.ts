import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, backup } from "node:sqlite";
import { seededRandom } from "@moult/base";
import { createClient, createCookieJar, type Client } from "@moult/client";
import type { HardwareType, ProductName } from "@moult/model";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rootOf, setUpTrust, type LocalTrust } from "../../tools/local/local-trust.ts";
import { createFleetLink } from "../../tools/fleet/fleet-link.ts";
import { SimulatedDevice } from "../../tools/fleet/simulated-device.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { singleFileArtifact } from "./agent-artifact.fixture.ts";

const PLAIN = { MOULT_TLS_MODE: "off" };
const product = "gw2" as ProductName;
const hardwareType = "gw2-rev-a" as HardwareType;
let folder: string;
let server: LocalServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-backup-"));
  server = await startLocalServer({ dataFolder: join(folder, "data"), settings: PLAIN });
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function setUp(): Promise<Client> {
  const jar = createCookieJar();
  const client = createClient({ baseUrl: server.url, credentials: { kind: "cookies", jar } });
  await client.call("completeSetup", {
    body: {
      setupCode: await server.setupCode(),
      name: "Ada",
      email: "ada@example.org",
      password: "feathers, a few at a time",
    },
  });
  return client;
}

async function enrolledDevice(client: Client): Promise<SimulatedDevice> {
  const { tenantId } = await client.call("showSystem");
  const { secret } = await client.call("createEnrolmentToken", {
    body: { product, accepts: true },
  });
  const provisioning = {
    version: 1 as const,
    server: { url: server.url },
    tenantId,
    product,
    hardwareType,
    pathPrefix: `${product}/prod/`,
    root: await rootOf(client),
    artifactKeys: [],
    enrolmentToken: secret,
  };
  const device = new SimulatedDevice(
    {
      link: createFleetLink(provisioning, 1),
      provisioning,
      behaviour: { failPercent: 0, failVersion: undefined, downloads: true, stepMs: 0 },
      random: seededRandom(1),
      wait: () => Promise.resolve(),
    },
    "backup",
    1,
    "1.0",
  );
  await device.enrol();
  return device;
}

async function deploy(client: Client, trust: LocalTrust, version: string): Promise<void> {
  const bytes = await singleFileArtifact({
    artifactName: version,
    destination: "/opt/app",
    content: Buffer.from(version),
    deviceType: hardwareType,
  });
  const { release } = await client.upload(
    "uploadArtifact",
    { params: { product } },
    {
      bytes: (async function* () {
        yield bytes;
      })(),
      sizeBytes: bytes.length,
    },
  );
  await trust.publish();
  await client.call("createDeployment", {
    body: {
      releaseId: release.id,
      target: { kind: "all" },
      plan: { stages: [{ size: { remaining: true } }] },
    },
  });
}

async function update(device: SimulatedDevice): Promise<void> {
  const instruction = await device.checkIn();
  if (instruction?.action.kind !== "install") throw new Error("the device was offered nothing");
  await device.update(instruction.action);
}

/** As docs/operate/server.md says: the database first, by SQLite's own means, then the folders. */
async function backUp(into: string): Promise<void> {
  mkdirSync(into, { mode: 0o700 });
  const database = new DatabaseSync(join(server.dataFolder, "moult.sqlite"), { readOnly: true });
  await backup(database, join(into, "moult.sqlite"));
  database.close();
  for (const name of ["blobs", "secrets", "signer"])
    cpSync(join(server.dataFolder, name), join(into, name), { recursive: true });
}

test("a backup of a running server restores people, releases and devices, and locks no device out", async () => {
  const client = await setUp();
  const trust = await setUpTrust(client);
  await client.call("createProduct", { body: { name: product } });
  const device = await enrolledDevice(client);
  await deploy(client, trust, "2.0");
  await update(device);

  const saved = join(folder, "saved");
  await backUp(saved);
  // The world goes on: what happens now is lost, but devices remember it.
  await deploy(client, trust, "3.0");
  await update(device);
  expect(device.runningVersion).toBe("3.0");
  await server.kill();

  server = await startLocalServer({ dataFolder: saved, port: server.port, settings: PLAIN });
  expect(await client.call("showMe")).toMatchObject({ email: "ada@example.org" });
  const { items } = await client.call("listReleases");
  expect(items.map(({ version }) => version)).toEqual(["2.0"]);

  // Its counter is ahead of the restored one; the server catches up, and the device takes its word again.
  const instruction = await device.checkIn();
  expect(instruction?.action.kind).toBeDefined();
  const { items: devices } = await client.call("listDevices");
  expect(devices.map(({ running }) => running?.artifactName)).toEqual(["3.0"]);
  await deploy(client, trust, "4.0");
  await update(device);
  expect(device.runningVersion).toBe("4.0");
});
