import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "@moult/base";
import type { DeploymentId, ProductName } from "@moult/model";
import { afterEach, beforeEach, expect, test } from "vitest";
import { versionServedAt } from "../../tools/demo/demo-report.ts";
import { DEMO_PRODUCT, startDemoWorld, type DemoWorld } from "../../tools/demo/demo-world.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";

const product = DEMO_PRODUCT as ProductName;
const settings = { MOULT_DEVICES_CHECK_IN_SECONDS: "2" };
let folder: string;
let world: DemoWorld;
let server: LocalServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-restored-"));
  world = await startDemoWorld(join(folder, "world"), 2, () => undefined);
  server = world.server;
});
afterEach(async () => {
  await world.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function deployAndWait(version: string): Promise<void> {
  const { items } = await world.client.call("listReleases", { query: { product, version } });
  const { id: deploymentId }: { id: DeploymentId } = await world.client.call("createDeployment", {
    body: {
      releaseId: present(items[0], version).id,
      target: { kind: "all" },
      plan: { stages: [{ size: { remaining: true } }] },
    },
  });
  await waitFor(
    `${version} to reach every device`,
    async () => {
      const { state } = await world.client.call("showDeployment", { params: { deploymentId } });
      return state === "finished" || undefined;
    },
    60_000,
  );
}

const reported = async (): Promise<(string | undefined)[]> => {
  const { items } = await world.client.call("listDevices", { query: { product } });
  return items.map(({ running }) => running?.artifactName);
};

test("after yesterday's database is restored the fleet goes on: devices say what they run, and take the next release", async () => {
  const database = join(server.dataFolder, "moult.sqlite");
  const restart = async (whileStopped: () => void): Promise<void> => {
    await server.stop();
    whileStopped();
    const { dataFolder, port } = server;
    server = await startLocalServer({ dataFolder, port, settings });
  };
  // A server that was stopped in good order has everything in the one file.
  await restart(() => copyFileSync(database, join(folder, "yesterday")));
  await deployAndWait("2.0");

  await restart(() => {
    copyFileSync(join(folder, "yesterday"), database);
    for (const suffix of ["-wal", "-shm"]) rmSync(`${database}${suffix}`, { force: true });
  });
  const before = await world.client.call("listDeployments", { query: { product } });
  expect(before.items).toEqual([]);
  await waitFor(
    "the devices to say what they run",
    async () => (await reported()).every((version) => version === "2.0") || undefined,
    60_000,
  );

  await deployAndWait("1.0");
  expect(await reported()).toEqual(["1.0", "1.0"]);
  const served = world.devices.map(({ applicationPort }) => versionServedAt(applicationPort));
  expect(await Promise.all(served)).toEqual(["1.0", "1.0"]);
});
