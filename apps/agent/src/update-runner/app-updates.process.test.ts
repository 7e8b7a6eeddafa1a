import { chmod, readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemTicker } from "../platform/ticker.ts";
import {
  PATIENT,
  aDevice,
  appArtifact,
  linesOf,
  orAborted,
  type TestDevice,
} from "./device.fixture.ts";
import type { Ticker } from "@moult/agent-core";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let device: TestDevice;
const appDir = (): string => join(device.paths.appsDir, "demo");

beforeEach(async () => {
  device = await aDevice();
});

afterEach(async () => {
  await device.close();
});

test("a first application is installed, started, proven and committed", async () => {
  const report = await device.update(await appArtifact("1.0"));

  expect(report).toEqual({ kind: "finished", sequence: 7, outcome: "succeeded" });
  expect(device.kinds()).toEqual([
    "downloading",
    "downloading",
    "downloading",
    "installing",
    "activating",
    "proving",
    "finished",
  ]);
  expect(device.runner.running()).toEqual({
    artifactName: "demo-1.0",
    provides: { artifact_name: "demo-1.0" },
  });
  expect(await device.ask()).toBe("1.0");
});

test("an update replaces the old version, which stays on the disk as the one to go back to", async () => {
  await device.update(await appArtifact("1.0"));
  await device.update(await appArtifact("2.0"));
  expect(await device.ask()).toBe("2.0");
  expect(await readlink(join(appDir(), "current"))).toMatch(/^releases\/demo-2\.0-[0-9a-f]{12}$/);
  expect((await readdir(join(appDir(), "releases"))).map(versionOf).toSorted()).toEqual([
    "1.0",
    "2.0",
  ]);

  await device.update(await appArtifact("3.0"));
  expect(await device.ask()).toBe("3.0");
  expect((await readdir(join(appDir(), "releases"))).map(versionOf).toSorted()).toEqual([
    "2.0",
    "3.0",
  ]);
  expect((await readdir(join(appDir(), "records"))).length).toBe(2);
});

test.each([
  ["crashes", "demo demo-2.0 ended with exit code 1, saying: cannot find my configuration"],
  ["ill", /was not healthy within 0\.5 seconds: .* answers 503 instead of 200/],
] as const)("a new version that %s is rolled back", async (behaviour, detail) => {
  await device.update(await appArtifact("1.0"));
  const report = await device.update(await appArtifact("2.0", behaviour));

  expect(report).toMatchObject({
    kind: "finished",
    outcome: "rolled-back",
    detail: expect.stringMatching(detail),
  });
  expect(report).toHaveProperty("code");
  expect(device.runner.running().artifactName).toBe("demo-1.0");
  expect(await device.ask()).toBe("1.0");
  expect((await readdir(join(appDir(), "releases"))).map(versionOf)).toEqual(["1.0"]);
  expect(await readdir(appDir())).not.toContain("switch.json");
});

test("a first application that is not well leaves the device without one", async () => {
  const report = await device.update(await appArtifact("1.0", "crashes"));

  expect(report).toMatchObject({ outcome: "rolled-back" });
  expect(await device.ask()).toBeUndefined();
  expect(await readdir(join(appDir(), "releases"))).toEqual([]);
  expect(await readdir(appDir())).not.toContain("current");
});

test("an application is started again when it ends, and at the start of the agent", async () => {
  await device.update(await appArtifact("1.0"));
  await device.restart();

  await expect.poll(() => device.ask(), PATIENT).toBe("1.0");
  expect(await linesOf(join(appDir(), "data/starts"))).toEqual(["1.0", "1.0"]);
});

test("installing the same artifact again never touches the release that runs", async () => {
  const artifact = await appArtifact("1.0");
  await device.update(artifact);
  const before = await readlink(join(appDir(), "current"));
  const report = await device.update(artifact);

  expect(report).toMatchObject({ outcome: "succeeded" });
  expect(await readlink(join(appDir(), "current"))).toBe(`${before}-2`);
  expect(await device.ask()).toBe("1.0");
});

test("while the server cannot be reached the new version is on trial, and the deadline takes it back", async () => {
  await device.close();
  let passDeadline = (): void => undefined;
  const deadline = new Promise<void>((resolve) => (passDeadline = resolve));
  const HOUR_MS = 3_600_000;
  let skippedMs = 0;
  const ticker: Ticker = {
    monotonicMs: () => systemTicker.monotonicMs() + skippedMs,
    sleep: async (delayMs, signal) => {
      if (delayMs <= HOUR_MS / 2) return systemTicker.sleep(delayMs, signal);
      await orAborted(deadline, signal);
      skippedMs += delayMs;
    },
  };
  device = await aDevice({ limits: { confirmTimeoutMs: HOUR_MS }, ticker });
  await device.update(await appArtifact("1.0"));
  device.server.reachable = new Promise(() => undefined);
  const updating = device.update(await appArtifact("2.0"));
  await expect.poll(trialStage, PATIENT).toBe("server");
  passDeadline();

  const report = await updating;
  expect(report).toMatchObject({ outcome: "rolled-back", code: "server-unreachable" });
  expect(await device.ask()).toBe("1.0");
});

test("a version that dies while it waits for the server is not committed", async () => {
  await device.update(await appArtifact("1.0"));
  let reach = (): void => undefined;
  device.server.reachable = new Promise((resolve) => (reach = resolve));
  const updating = device.update(await appArtifact("2.0"));
  await expect.poll(trialStage, PATIENT).toBe("server");

  const started = device.log.entries.findLast(({ event }) => event === "app-started");
  process.kill(Number(started?.fields["pid"]), "SIGKILL");
  await device.log.until("app-ended");
  reach();

  expect(await updating).toMatchObject({ outcome: "rolled-back", code: "health-check-failed" });
  expect(await device.ask()).toBe("1.0");
});

test("an application with a systemd unit is stopped, restarted and asked after by systemctl", async () => {
  const calls = join(device.root, "systemctl-calls");
  await writeFile(
    join(device.root, "systemctl"),
    `#!/bin/sh\necho "$* $(readlink "${appDir()}/current" | cut -c1-17)" >> "${calls}"\n`,
  );
  await chmod(join(device.root, "systemctl"), 0o755);
  const path = process.env["PATH"];
  process.env["PATH"] = `${device.root}:${path}`;
  try {
    const health = {
      kind: "command",
      command: ["grep", "-q", ".", "VERSION"],
      intervalSeconds: 0.05,
    };
    const metaData = { name: "demo", unit: "demo.service", health };
    await device.update(await appArtifact("1.0", "well", { metaData }));
    await writeFile(calls, "");
    const report = await device.update(await appArtifact("2.0", "well", { metaData }));

    expect(report).toMatchObject({ outcome: "succeeded" });
    expect(await linesOf(calls)).toEqual([
      "stop demo.service releases/demo-1.0",
      "restart demo.service releases/demo-2.0",
      "is-active --quiet demo.service releases/demo-2.0",
      "is-active --quiet demo.service releases/demo-2.0",
      "is-active --quiet demo.service releases/demo-2.0",
    ]);
  } finally {
    process.env["PATH"] = path;
  }
});

test("meta-data that does not say how to run the application is refused, with what is wrong", async () => {
  const artifact = await appArtifact("1.0", "well", { metaData: { name: "Demo!", command: [] } });
  const report = await device.update(artifact);

  expect(report).toMatchObject({ outcome: "failed", code: "payload-refused" });
  expect(report).toMatchObject({ detail: expect.stringMatching(/name: .*command: /) });
});

function trialStage(): string {
  const state = device.runner.state();
  return state.kind === "proving" ? state.stage : state.kind;
}

function versionOf(release: string): string {
  return release.split("-")[1] ?? "";
}
