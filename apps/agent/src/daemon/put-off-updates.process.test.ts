import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DeviceServer } from "../../../../tests/system/device-server.fixture.ts";
import { runCommandLine } from "../commands/run-command-line.ts";
import { aDaemon, ended, programArtifact, waitFor, type DaemonFixture } from "./daemon.fixture.ts";

let server: DeviceServer;
let device: DaemonFixture;
beforeEach(async () => {
  server = await new DeviceServer().listen();
});
afterEach(async () => {
  await device.close();
  await server.close();
});

const start = async (updates: object): Promise<void> => {
  device = await aDaemon(server, { config: { updates: { confirmTimeoutSeconds: 4, ...updates } } });
};

async function begin(): Promise<string> {
  const assignmentId = server.offer(server.addBlob(await programArtifact("2.0")), "2.0");
  device.checkIn();
  return assignmentId;
}

/** What the server heard of reasons to wait, in order. */
const told = () =>
  server.reports.flatMap(({ event }) =>
    event.kind === "deferred"
      ? [`${event.before}: ${event.holds.map(({ code }) => code).join(" ")}`]
      : [],
  );
const untilTold = (count: number) =>
  waitFor("a reason", () => (told().length === count ? true : undefined), 20_000, 10);

async function command(...args: readonly string[]) {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const config = join(device.root, "agent.json");
  const code = await runCommandLine([...args, "--root", device.root, "--config", config], {
    print: say,
    complain: say,
  });
  return { code, text: lines.join("\n") };
}

describe("a device that asks a person before it installs", () => {
  beforeEach(() => start({ consent: "install" }));

  test("tells the server and the person, and installs after a yes", async () => {
    const assignmentId = await begin();
    await untilTold(1);
    expect(told()).toEqual(["install: consent-needed"]);
    expect((await command("status")).text).toContain(
      "before the installation: Somebody at the device has to say yes. (consent-needed)",
    );

    expect(await command("consent", "yes")).toEqual({
      code: 0,
      text: "The update may be installed.",
    });
    expect(await ended(server, assignmentId)).toMatchObject({ outcome: "succeeded" });
    expect((await command("status")).text).not.toContain("Waits");
  });

  test("turns the update down after a no, and has nothing to answer then", async () => {
    const assignmentId = await begin();
    await untilTold(1);
    expect(await command("consent", "no")).toEqual({
      code: 0,
      text: "The update is not installed.",
    });
    expect(await ended(server, assignmentId)).toMatchObject({
      outcome: "rejected",
      code: "declined-by-person",
    });
    expect(await command("consent", "yes")).toMatchObject({ code: 3 });
  });

  test("takes nothing but a yes or a no", async () => {
    expect(await command("consent", "maybe")).toMatchObject({ code: 2 });
    expect(await command("consent")).toMatchObject({ code: 2 });
  });

  test("asks again after a start, and tells the server nothing twice", async () => {
    const assignmentId = await begin();
    await untilTold(1);
    await device.restart();
    await command("consent", "yes");
    expect(await ended(server, assignmentId)).toMatchObject({ outcome: "succeeded" });
    expect(told()).toEqual(["install: consent-needed"]);
  });

  test("drops the update that its server takes back meanwhile", async () => {
    const assignmentId = await begin();
    await untilTold(1);
    server.instruct({ kind: "nothing-to-do" });
    device.checkIn();
    expect(await ended(server, assignmentId)).toMatchObject({
      outcome: "aborted",
      code: "withdrawn",
    });
  });
});

test("a context script of the device holds its updates by the configuration's conditions", async () => {
  await start({ conditions: { busy: ["download"], batteryPercentMin: 50, intervalSeconds: 1 } });
  const folder = join(device.root, "etc/moult/context.d");
  const says = async (text: string): Promise<void> => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "machine"), `#!/bin/sh\nprintf '${text}'\n`);
    await chmod(join(folder, "machine"), 0o755);
  };
  await says("busy=yes\\nbattery_percent=49\\n");
  const assignmentId = await begin();
  await untilTold(1);
  await says("busy=no\\nbattery_percent=49\\n");
  await untilTold(2);
  await says("battery_percent=50\\n");

  expect(await ended(server, assignmentId)).toMatchObject({ outcome: "succeeded" });
  expect(told()).toEqual(["download: busy", "install: battery-low"]);
});
