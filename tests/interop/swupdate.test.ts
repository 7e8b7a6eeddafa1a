import { randomBytes } from "node:crypto";
import type { DeploymentId, Outcome, Plan } from "@moult/model";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { LocalProcess } from "../../tools/local/local-process.ts";
import { startDdiServer, type DdiFleet, type DdiServer } from "./ddi-server.fixture.ts";
import { startHeldLink, type HeldLink } from "./held-link.fixture.ts";
import {
  installedContent,
  makeImage,
  makeImageKey,
  startSwupdate,
  type SwupdateOptions,
} from "./swupdate.fixture.ts";

// Debian's SWUpdate against a real server: images that are signed, restarts that tell how the new system is.

const PATIENT = { timeout: 60_000, interval: 100 };
const content = randomBytes(300_000);

let server: DdiServer;
let fleet: DdiFleet;
let device: LocalProcess | undefined;
let link: HeldLink | undefined;
beforeAll(async () => {
  server = await startDdiServer();
});
beforeEach(async () => {
  fleet = await server.createFleet();
  await makeImageKey(fleet.folder);
});
afterEach(async () => {
  await device?.stop();
  await link?.close();
  device = link = undefined;
});
afterAll(() => server.close());

async function start(token: string, more: Partial<SwupdateOptions> = {}): Promise<void> {
  await device?.stop();
  const url = server.url();
  const { folder, controllerId } = fleet;
  const options = { folder, url, controllerId, token, runs: "1.0" };
  device = await startSwupdate({ ...options, ...more });
}

/** Starts the device behind a link that stands still in the middle of its download; resolves when it does. */
async function startAndHold(token: string): Promise<HeldLink> {
  link = await startHeldLink(server.port(), 150_000);
  await start(token, { url: `http://127.0.0.1:${link.port}` });
  await link.holding();
  return link;
}

const deploy = async (plan: Partial<Plan> = {}): Promise<DeploymentId> =>
  fleet.deploy("2.0", "swu", await makeImage(fleet.folder, "2.0", content), plan);

const isInstalled = async (deploymentId: DeploymentId): Promise<void> => {
  await expect
    .poll(() => fleet.standing(deploymentId), PATIENT)
    .toEqual({ state: "activating", outcome: null });
  expect((await installedContent(fleet.folder)).equals(content)).toBe(true);
};

const isEnded = (deploymentId: DeploymentId, outcome: Outcome): Promise<void> =>
  expect
    .poll(() => fleet.standing(deploymentId), PATIENT)
    .toMatchObject({ state: "closed", outcome });

test("swupdate: an update is fetched, installed, and counts when the restarted device runs it", async () => {
  const { deviceId, token } = await fleet.register();
  await start(token);
  await expect
    .poll(async () => {
      const params = { deviceId };
      return (await server.client.call("showDevice", { params })).running?.artifactName;
    }, PATIENT)
    .toBe("1.0");
  const id = await deploy();

  await isInstalled(id);
  await start(token, { runs: "2.0", confirms: 2 });

  await isEnded(id, "succeeded");
  const shown = await server.client.call("showDevice", { params: { deviceId } });
  expect(shown).toMatchObject({
    running: { artifactName: "2.0" },
    traits: { client: "swupdate", trust: "server-trusted" },
    inventory: { board: "gw2" },
  });
});

test("swupdate: a download whose connection is cut goes on where it was", async () => {
  const { token } = await fleet.register();
  const id = await deploy();
  const held = await startAndHold(token);

  held.cut();

  await isInstalled(id);
  expect(held.carriedBytes()).toBeLessThan(content.length + 100_000);
});

test("swupdate: a download goes on after the server was killed in the middle of it", async () => {
  const { token } = await fleet.register();
  const id = await deploy();
  const held = await startAndHold(token);
  expect(await fleet.standing(id)).toEqual({ state: "downloading", outcome: null });

  // Its client is told only when the server is there again: how long it waits while it is not is its own affair.
  await server.crash();
  held.cut();

  await isInstalled(id);
  expect(held.carriedBytes()).toBeLessThan(content.length + 100_000);
  await start(token, { runs: "2.0", confirms: 2 });
  await isEnded(id, "succeeded");
});

test("swupdate: an update that people stop is given up in the middle of its download", async () => {
  const { token } = await fleet.register();
  const id = await deploy();
  const held = await startAndHold(token);

  await server.client.call("abortDeployment", { params: { deploymentId: id } });
  held.trickle();

  await isEnded(id, "aborted");
  await expect.poll(() => device?.tail(1_000), PATIENT).toContain("Acknowledging cancelled update");
  await expect(installedContent(fleet.folder)).rejects.toThrow("ENOENT");
  expect(await fleet.tryLog(id)).toContain("cancellation acknowledged");
  // It has time for another one.
  const file = await makeImage(fleet.folder, "2.1", content);
  await isInstalled(await fleet.deploy("2.1", "swu", file));
});

test("swupdate: an update whose window is closed is not shown, and comes when the window opens", async () => {
  const { token } = await fleet.register();
  const at = new Date(Date.now() - 3_600_000).toISOString().slice(11, 16);
  const zone = { attribute: "zone" };
  const id = await deploy({ windows: [{ for: ["install"], at, durationMinutes: 180, zone }] });

  await start(token, { zone: "Etc/GMT+12" });
  await expect.poll(() => fleet.standing(id), PATIENT).toEqual({ state: "offered", outcome: null });
  const polls = () => device?.tail(1_000).match(/No pending action on server/g)?.length;
  await expect.poll(polls, PATIENT).toBeGreaterThan(2);
  expect(await fleet.standing(id)).toEqual({ state: "offered", outcome: null });

  await start(token, { zone: "Etc/UTC" });
  await isInstalled(id);
});

test("swupdate: an image that nobody it knows has signed is refused by it, and the update failed", async () => {
  const { token } = await fleet.register();
  const id = await deploy();
  await makeImageKey(fleet.folder);
  await start(token);

  await isEnded(id, "failed");
  await expect(installedContent(fleet.folder)).rejects.toThrow("ENOENT");
});

test("swupdate: a device whose token is wrong is told nothing, and one that is rejected gets no update", async () => {
  const { deviceId, token } = await fleet.register();
  const id = await deploy();
  await start(`${token.startsWith("A") ? "B" : "A"}${token.slice(1)}`);
  await expect.poll(() => device?.tail(200), PATIENT).toMatch(/401|authentication|access/i);
  expect(await fleet.standing(id)).toBeUndefined();

  await server.client.call("rejectDevice", { params: { deviceId } });
  await start(token);
  await expect.poll(() => device?.tail(200), PATIENT).toMatch(/403|authentication|access/i);
  expect(await fleet.standing(id)).toBeUndefined();
});

test("swupdate: a system that the bootloader gave up is an update that rolled back", async () => {
  const { token } = await fleet.register();
  await start(token);
  const id = await deploy();

  await isInstalled(id);
  await start(token, { runs: "1.0", confirms: 3 });

  await isEnded(id, "rolled-back");
});
