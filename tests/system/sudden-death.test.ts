import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { present, seededRandom } from "@moult/base";
import type { Deployment, DeploymentId, ProductName, ReleaseId } from "@moult/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEMO_PRODUCT, startDemoWorld, type DemoWorld } from "../../tools/demo/demo-world.ts";
import { versionServedAt } from "../../tools/demo/demo-report.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";

const DEVICES = 3;
const product = DEMO_PRODUCT as ProductName;
let folder: string;
let world: DemoWorld;
let server: LocalServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-sudden-death-"));
  world = await startDemoWorld(join(folder, "world"), DEVICES, () => undefined);
  server = world.server;
});
afterAll(async () => {
  await world.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function releaseOf(version: string): Promise<ReleaseId> {
  const { items } = await world.client.call("listReleases", { query: { product, version } });
  return present(items[0], `release ${version}`).id;
}

async function deploy(version: string): Promise<DeploymentId> {
  const { id } = await world.client.call("createDeployment", {
    body: {
      releaseId: await releaseOf(version),
      target: { kind: "all" },
      plan: {
        stages: [{ size: { percent: 34 } }, { size: { remaining: true } }],
        limits: { concurrentMax: 2 },
        retry: { attemptsMax: 3 },
      },
    },
  });
  return id;
}

const finished = (deploymentId: DeploymentId): Promise<Deployment> =>
  waitFor(
    "the deployment to finish",
    async () => {
      const deployment = await world.client.call("showDeployment", { params: { deploymentId } });
      return deployment.state === "finished" ? deployment : undefined;
    },
    120_000,
    250,
  );

async function expectAllOn(version: string): Promise<void> {
  const served = await Promise.all(
    world.devices.map(({ applicationPort }) => versionServedAt(applicationPort)),
  );
  expect(served).toEqual(Array<string>(DEVICES).fill(version));
  const { items } = await world.client.call("listDevices", { query: { product } });
  expect(items.map(({ running }) => running?.artifactName)).toEqual(served);
}

test("a server that is killed again and again during a deployment loses nothing it acknowledged", async () => {
  const random = seededRandom(20_261_121);
  const deploymentId = await deploy("2.0");
  const acknowledged: string[] = [];

  for (let round = 0; round < 6; round += 1) {
    const working = acknowledgeGroups(round, acknowledged);
    await sleep(100 + random.fraction() * 900);
    await server.kill();
    await working;
    server = await startLocalServer({
      dataFolder: server.dataFolder,
      port: server.port,
      settings: { MOULT_DEVICES_CHECK_IN_SECONDS: "2" },
    });
  }

  const deployment = await finished(deploymentId);
  expect(deployment.tally).toMatchObject({ admitted: DEVICES, succeeded: DEVICES, open: 0 });
  await expectAllOn("2.0");
  const { items } = await world.client.call("listGroups", { query: { product } });
  expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(acknowledged));
  expect(acknowledged.length).toBeGreaterThan(6);
});

/** Writes until the server dies; what it answered is acknowledged. */
async function acknowledgeGroups(round: number, acknowledged: string[]): Promise<void> {
  for (let index = 0; ; index += 1) {
    const name = `round ${round} group ${index}`;
    try {
      await world.client.call("createGroup", { body: { name, product } }, { timeoutMs: 2_000 });
    } catch {
      return;
    }
    acknowledged.push(name);
  }
}

test("agents that are killed at any moment of an update go on where they stopped, and arrive", async () => {
  const random = seededRandom(21_112_026);
  const deploymentId = await deploy("1.0");

  for (let round = 0; round < 8; round += 1) {
    await sleep(50 + random.fraction() * 500);
    const index = Math.floor(random.fraction() * DEVICES);
    await present(world.agents[index], "an agent").kill();
    world.agents[index] = await present(world.devices[index], "a device").device.start();
  }

  const deployment = await finished(deploymentId);
  expect(deployment.tally).toMatchObject({ succeeded: DEVICES, open: 0 });
  await expectAllOn("1.0");
});
