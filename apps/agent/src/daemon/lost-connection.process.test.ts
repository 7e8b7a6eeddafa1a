import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DeviceServer } from "../../../../tests/system/device-server.fixture.ts";
import {
  aDaemon,
  ended,
  programArtifact,
  update,
  waitFor,
  type DaemonFixture,
} from "./daemon.fixture.ts";

let server: DeviceServer;
let device: DaemonFixture;
beforeEach(async () => {
  server = await new DeviceServer().listen();
  device = await aDaemon(server, { config: { updates: { confirmTimeoutSeconds: 2 } } });
  await update(server, device, "program-1");
});
afterEach(async () => {
  await device.close();
  await server.close();
});

const installedFile = () => join(device.root, "opt/program");
/** What stands in for a network that new software breaks: whether the file that an update replaces is the new one. */
const runsNew = (): boolean => readFileSync(installedFile(), "utf8") === "program-2";

async function begin(): Promise<string> {
  const assignmentId = server.offer(
    server.addBlob(await programArtifact("program-2")),
    "program-2",
  );
  device.checkIn();
  return assignmentId;
}
const updateState = async () => (await device.control.status()).update.state;
const until = (state: string) =>
  waitFor(state, async () => ((await updateState()) === state ? true : undefined), 20_000, 5);

describe("new software that cannot reach the server", () => {
  test("is to blame when the old software can, and the device says so at once", async () => {
    server.intercept = ({ response }) => {
      if (!runsNew()) return false;
      response.destroy();
      return true;
    };

    expect(await ended(server, await begin())).toMatchObject({
      outcome: "rolled-back",
      code: "connection-lost",
      running: { artifactName: "program-1" },
    });
    expect(await readFile(installedFile(), "utf8")).toBe("program-1");
  });

  test("is not to blame while the old software cannot either: the device keeps the old and tells it later", async () => {
    let isDown = false;
    server.intercept = ({ response }) => {
      isDown ||= runsNew();
      if (isDown) response.destroy();
      return isDown;
    };
    const assignmentId = await begin();
    await until("asking-server");
    expect(await readFile(installedFile(), "utf8")).toBe("program-1");
    await until("idle");

    server.intercept = () => false;
    device.checkIn();
    expect(await ended(server, assignmentId)).toMatchObject({
      outcome: "rolled-back",
      code: "server-unreachable",
      running: { artifactName: "program-1" },
    });
  });

  test("is asked about again when the agent starts anew meanwhile", async () => {
    let isDown = false;
    server.intercept = ({ response }) => {
      isDown ||= runsNew();
      if (isDown) response.destroy();
      return isDown;
    };
    const assignmentId = await begin();
    await until("asking-server");
    await device.restart();
    await until("asking-server");
    server.intercept = () => false;

    expect(await ended(server, assignmentId)).toMatchObject({ code: "connection-lost" });
  });

  test("commits when the server comes back before the deadline", async () => {
    let refused = 0;
    server.intercept = ({ response }) => {
      if (!runsNew() || refused > 0) return false;
      refused += 1;
      response.destroy();
      return true;
    };

    expect(await ended(server, await begin())).toMatchObject({ outcome: "succeeded" });
    expect(refused).toBe(1);
  });
});

describe("an offer that the server takes back", () => {
  test("while the new software is on trial comes too late: it goes on and is committed", async () => {
    let withdraw = false;
    server.intercept = () => {
      if (runsNew() && !withdraw) {
        withdraw = true;
        server.instruct({ kind: "nothing-to-do" });
      }
      return false;
    };
    const assignmentId = await begin();
    expect(await ended(server, assignmentId)).toMatchObject({ outcome: "succeeded" });
    expect(withdraw).toBe(true);
    expect(await readFile(installedFile(), "utf8")).toBe("program-2");
  });
});
