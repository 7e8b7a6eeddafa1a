import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startCuttingProxy } from "../system/cutting-proxy.fixture.ts";
import type { LocalProcess } from "../../tools/local/local-process.ts";
import { startDdiServer, type DdiServer } from "./ddi-server.fixture.ts";
import {
  installedContent,
  makeImage,
  makeImageKey,
  startSwupdate,
  type SwupdateOptions,
} from "./swupdate.fixture.ts";

// Debian's SWUpdate against a real server: images that are signed, restarts that tell how the new system is.

const PATIENT = { timeout: 30_000, interval: 100 };
const content = randomBytes(300_000);

let server: DdiServer;
let device: LocalProcess | undefined;
beforeEach(async () => {
  server = await startDdiServer();
  await makeImageKey(server.folder);
});
afterEach(async () => {
  await device?.stop();
  device = undefined;
  await server.close();
});

async function start(token: string, more: Partial<SwupdateOptions> = {}): Promise<void> {
  await device?.stop();
  const url = server.url();
  const options = { folder: server.folder, url, controllerId: "gw-1", token, runs: "1.0" };
  device = await startSwupdate({ ...options, ...more });
}

async function isInstalled(deploymentId: Parameters<DdiServer["standing"]>[0]): Promise<void> {
  await expect
    .poll(() => server.standing(deploymentId), PATIENT)
    .toEqual({ state: "activating", outcome: null });
  expect((await installedContent(server.folder)).equals(content)).toBe(true);
}

test("swupdate: an update is fetched, installed, and counts when the restarted device runs it", async () => {
  const { deviceId, token } = await server.register("gw-1");
  await start(token);
  await expect
    .poll(async () => {
      const params = { deviceId };
      return (await server.client.call("showDevice", { params })).running?.artifactName;
    }, PATIENT)
    .toBe("1.0");
  const id = await server.deploy("2.0", "swu", await makeImage(server.folder, "2.0", content));

  await isInstalled(id);
  await start(token, { runs: "2.0", confirms: 2 });

  await expect
    .poll(() => server.standing(id), PATIENT)
    .toEqual({ state: "closed", outcome: "succeeded" });
  const shown = await server.client.call("showDevice", { params: { deviceId } });
  expect(shown).toMatchObject({
    running: { artifactName: "2.0" },
    traits: { client: "swupdate", trust: "server-trusted" },
    inventory: { board: "gw2" },
  });
});

test("swupdate: a download whose connection is cut goes on where it was", async () => {
  const proxy = await startCuttingProxy(server.port());
  try {
    const { token } = await server.register("gw-1");
    const file = await makeImage(server.folder, "2.0", content);
    const id = await server.deploy("2.0", "swu", file);
    proxy.cutAfter("to-client", 150_000);
    await start(token, { url: `http://127.0.0.1:${proxy.port}` });

    await isInstalled(id);
    expect(proxy.cuts()).toBe(1);
  } finally {
    await proxy.close();
  }
});

test("swupdate: an image that nobody it knows has signed is refused by it, and the update failed", async () => {
  const { token } = await server.register("gw-1");
  const file = await makeImage(server.folder, "2.0", content);
  await makeImageKey(server.folder);
  const id = await server.deploy("2.0", "swu", file);
  await start(token);

  await expect.poll(() => server.standing(id), PATIENT).toMatchObject({ outcome: "failed" });
  await expect(installedContent(server.folder)).rejects.toThrow("ENOENT");
});

test("swupdate: a device whose token is wrong is told nothing, and one that is rejected gets no update", async () => {
  const { deviceId, token } = await server.register("gw-1");
  const id = await server.deploy("2.0", "swu", await makeImage(server.folder, "2.0", content));
  await start(`${token.slice(0, -1)}_`);
  await expect.poll(() => device?.tail(200), PATIENT).toMatch(/401|authentication|access/i);
  expect(await server.standing(id)).toBeUndefined();

  await server.client.call("rejectDevice", { params: { deviceId } });
  await start(token);
  await expect.poll(() => device?.tail(200), PATIENT).toMatch(/403|authentication|access/i);
  expect(await server.standing(id)).toBeUndefined();
});

test("swupdate: a system that the bootloader gave up is an update that rolled back", async () => {
  const { token } = await server.register("gw-1");
  await start(token);
  const id = await server.deploy("2.0", "swu", await makeImage(server.folder, "2.0", content));

  await isInstalled(id);
  await start(token, { runs: "1.0", confirms: 3 });

  await expect.poll(() => server.standing(id), PATIENT).toMatchObject({ outcome: "rolled-back" });
});
