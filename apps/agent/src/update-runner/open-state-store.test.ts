import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initialState, type UpdateState } from "@moult/updater";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { recordedLog, type RecordedLog } from "../installers/installer.fixture.ts";
import { PATIENT, aDevice, appArtifact } from "./device.fixture.ts";
import { openStateStore } from "./open-state-store.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: string;
let log: RecordedLog;
const named = (artifactName: string): UpdateState => initialState({ artifactName, provides: {} });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moult-state-"));
  log = recordedLog();
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("the state file", () => {
  test("gives back what was saved last", async () => {
    const file = openStateStore(folder, log);
    expect(await file.load()).toEqual({ reading: "fresh", state: undefined });
    await file.save(named("one"));
    await file.save(named("two"));

    expect(await openStateStore(folder, log).load()).toEqual({
      reading: "read",
      state: named("two"),
    });
  });

  test.each<[string, (content: string) => string]>([
    ["empty", () => ""],
    ["cut off", (content) => content.slice(0, -20)],
    ["changed in one letter", (content) => content.replace("two", "tWo")],
    ["other JSON", () => "{}"],
    ["of a later version", (content) => content.replaceAll('version\\":1', 'version\\":9')],
  ])("that is %s falls back to the one before, and says so", async (_, damage) => {
    const file = openStateStore(folder, log);
    await file.save(named("one"));
    await file.save(named("two"));
    const path = join(folder, "update-state.v1.json");
    await writeFile(path, damage(await readFile(path, "utf8")));

    expect(await file.load()).toEqual({ reading: "previous-copy-used", state: named("one") });
    expect(log.entries).toMatchObject([{ level: "error", event: "state-file-unreadable" }]);
  });

  test("of which both copies are damaged is reported as unreadable", async () => {
    const file = openStateStore(folder, log);
    await file.save(named("one"));
    await file.save(named("two"));
    await writeFile(join(folder, "update-state.v1.json"), "x");
    await writeFile(join(folder, "update-state.v1.previous.json"), "x");

    expect(await file.load()).toEqual({ reading: "unreadable", state: undefined });
    await file.save(named("three"));
    expect(await file.load()).toMatchObject({ reading: "read" });
  });
});

test("an agent with an unreadable state starts idle, and its application runs", async () => {
  const device = await aDevice();
  await device.update(await appArtifact("1.0"));
  await device.runner.stop();
  await writeFile(join(device.paths.dataDir, "update-state.v1.json"), "x");
  await writeFile(join(device.paths.dataDir, "update-state.v1.previous.json"), "x");

  device.runner = device.makeRunner();
  expect(await device.runner.start()).toBe("unreadable");
  expect(device.runner.state().kind).toBe("idle");
  await expect.poll(() => device.ask(), PATIENT).toBe("1.0");
  expect(await device.update(await appArtifact("2.0"))).toMatchObject({ outcome: "succeeded" });
  await device.close();
});
