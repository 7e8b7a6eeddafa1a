import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { present, seededRandom } from "@moult/base";
import type { Client } from "@moult/client";
import { Provisioning } from "@moult/device-protocol";
import type { DeploymentId } from "@moult/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFleetLink, type FleetLink } from "../../tools/fleet/fleet-link.ts";
import { SimulatedDevice } from "../../tools/fleet/simulated-device.ts";
import { setUpAdministrator } from "../../tools/local/administrator.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";

// A check-in takes a place in one transaction and is answered after it. The server is killed around that moment.

/** How long after a check-in arrived the server is killed; `answered`: once its answer is here, which is then lost. */
const KILLED_AFTER_MS = ["answered", 0, 5, 10, 20, 40, 80] as const;
const settings = { MOULT_TLS_MODE: "off", MOULT_DEVICES_CHECK_IN_SECONDS: "1" };

let folder = "";
let server: LocalServer;
let moult: MoultCommand;
let client: Client;
let link: FleetLink;
let killedAfterMs: (typeof KILLED_AFTER_MS)[number] | undefined;
const devices: SimulatedDevice[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-killed-while-answering-"));
  server = await startLocalServer({ dataFolder: join(folder, "server"), settings });
  moult = createMoultCommand({ home: folder, cwd: folder });
  const administrator = await setUpAdministrator(server, moult);
  ({ client } = administrator);
  await moult.ok(words`product create gw2`);
  writeFileSync(join(folder, "content"), "2.0");
  await moult.ok(
    words`artifact create content --type single-file --dest-dir /srv --name 2.0
      --hardware-type board --out 2.0.mender`,
  );
  await moult.ok(words`release upload --product gw2 2.0.mender`);
  await administrator.trust.publish();
  await enrolFleet();
}, 120_000);

afterAll(async () => {
  link?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function enrolFleet(): Promise<void> {
  const token = await moult.ok(words`enrolment-token create --product gw2 --accepts --uses 100`);
  await moult.ok(
    words`device provision --product gw2 --hardware-type board --enrolment-token -
      --out provisioning.json`,
    token,
  );
  const provisioning = Provisioning.parse(
    JSON.parse(readFileSync(join(folder, "provisioning.json"), "utf8")),
  );
  link = createFleetLink(provisioning, KILLED_AFTER_MS.length);
  const behaviour = { failPercent: 0, failVersion: undefined, downloads: false, stepMs: 0 };
  const wait = async () => undefined;
  const deps = { link: killing(link), provisioning, behaviour, random: seededRandom(1), wait };
  for (const [index] of KILLED_AFTER_MS.entries()) {
    const device = new SimulatedDevice(deps, "killed", index, "1.0");
    await device.enrol();
    await device.checkIn();
    devices.push(device);
  }
}

/** Kills the server around the answer to a check-in where that is asked for; the device never sees the answer. */
const killing = (to: FleetLink): FleetLink => ({
  ...to,
  post: async (path, content, headers) => {
    const afterMs = killedAfterMs;
    if (afterMs === undefined || !path.endsWith("/check-in"))
      return to.post(path, content, headers);
    killedAfterMs = undefined;
    const answer = to.post(path, content, headers).catch(() => undefined);
    if (afterMs === "answered") expect(await answer).toMatchObject({ status: 200 });
    else await sleep(afterMs);
    await server.kill();
    await answer;
    throw new Error("the answer was lost");
  },
});

async function deploy(): Promise<DeploymentId> {
  const { items } = await client.call("listReleases", { query: { version: "2.0" } });
  const { id } = await client.call("createDeployment", {
    body: {
      releaseId: present(items[0], "it was uploaded").id,
      target: { kind: "all" },
      plan: { stages: [{ size: { remaining: true } }], limits: { concurrentMax: 1 } },
    },
  });
  return id;
}

test("a server that is killed between taking a place and answering has taken it once, for that device", async () => {
  const deploymentId = await deploy();
  const params = { deploymentId };
  const tally = async () => (await client.call("showDeployment", { params })).tally;
  const takenBy: boolean[] = [];

  for (const [index, device] of devices.entries()) {
    killedAfterMs = present(KILLED_AFTER_MS[index], "a moment for each device");
    await expect(device.checkIn()).rejects.toThrow("the answer was lost");
    server = await startLocalServer({ dataFolder: server.dataFolder, port: server.port, settings });

    const { open, admitted } = await tally();
    expect(open).toBe(admitted - index);
    takenBy.push(open === 1);
    const other = devices[index + 1];
    if (open === 1 && other !== undefined)
      expect((await other.checkIn())?.action.kind).not.toBe("install");
    const instruction = await device.checkIn();
    expect(instruction?.action).toMatchObject({ kind: "install", attempt: 1 });
    if (instruction?.action.kind === "install") await device.update(instruction.action);
    expect(await tally()).toMatchObject({ open: 0, admitted: index + 1, succeeded: index + 1 });
  }

  expect(takenBy[0]).toBe(true);
  const deployment = await client.call("showDeployment", { params });
  expect(deployment.state).toBe("finished");
  const { firstBreak } = await client.call("verifyDeploymentChain", { params, query: {} });
  expect(firstBreak).toBeNull();
  const { others } = await client.call("replayDeployment", { params, query: {} });
  expect(others).toEqual([]);
  const offers: unknown[] = [];
  const query = { deploymentId, kind: "assignment-offered" as const };
  for await (const { body } of client.all("listEvents", { query })) offers.push(body);
  expect(offers).toHaveLength(devices.length);
}, 120_000);
