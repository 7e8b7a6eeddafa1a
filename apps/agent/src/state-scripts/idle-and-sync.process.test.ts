import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  aDevice,
  buildArtifact,
  linesOf,
  type TestDevice,
} from "../update-runner/device.fixture.ts";

// The device's own scripts around a check-in, saying no in every way; and many scripts of one state.

let device: TestDevice;

afterEach(async () => {
  await device.close();
});

const NEVER = new AbortController().signal;
const NAMES = ["Idle_Enter", "Idle_Leave", "Sync_Enter", "Sync_Leave", "Sync_Error"];

const calls = (): Promise<readonly string[]> => linesOf(join(device.root, "calls"));

/** Every script says its name and then does what is asked of it; the others succeed. */
async function deviceWith(does: Readonly<Record<string, string>>): Promise<void> {
  // A script that asks for ever is run twice: once more fits, and twice more does not.
  device = await aDevice({
    limits: {
      scriptTimeoutMs: 2_000,
      killAfterMs: 100,
      scriptRetryIntervalMs: 60,
      scriptRetryTimeoutMs: 100,
    },
  });
  for (const name of NAMES)
    await device.writeRootfsScript(
      `${name}_00`,
      `echo ${name} >> "${device.root}/calls"\n${does[name] ?? "exit 0"}`,
    );
}

const FAILS = "exit 1";
const IS_KILLED = "kill -9 $$";
const HANGS = "exec sleep 600";
const ASKS_FOR_EVER = "exit 21";
const ASKS_ONCE = `[ -e "$0.asked" ] && exit 0; : > "$0.asked"; exit 21`;

const GOOD = ["Idle_Leave", "Sync_Enter", "Sync_Leave", "Idle_Enter"];
const REFUSED = ["Idle_Leave", "Sync_Enter", "Sync_Error", "Idle_Enter"];
const ANSWERED = ["Idle_Leave", "Sync_Enter", "Sync_Leave", "Sync_Error", "Idle_Enter"];
const twice = (names: readonly string[], name: string): readonly string[] =>
  names.flatMap((each) => (each === name ? [each, each] : [each]));

describe("around a check-in", () => {
  test.each([
    // Nobody asks Idle: there is nothing that it could hold up.
    ["Idle_Leave", "fails", FAILS, "checked-in", GOOD],
    ["Idle_Leave", "is killed", IS_KILLED, "checked-in", GOOD],
    ["Idle_Leave", "hangs", HANGS, "checked-in", GOOD],
    ["Idle_Leave", "asks for later once", ASKS_ONCE, "checked-in", twice(GOOD, "Idle_Leave")],
    ["Idle_Leave", "asks for ever", ASKS_FOR_EVER, "checked-in", twice(GOOD, "Idle_Leave")],
    ["Idle_Enter", "fails", FAILS, "checked-in", GOOD],
    ["Idle_Enter", "hangs", HANGS, "checked-in", GOOD],
    ["Idle_Enter", "asks for ever", ASKS_FOR_EVER, "checked-in", twice(GOOD, "Idle_Enter")],
    ["Sync_Enter", "fails", FAILS, "sync-refused", REFUSED],
    ["Sync_Enter", "is killed", IS_KILLED, "sync-refused", REFUSED],
    ["Sync_Enter", "hangs", HANGS, "sync-refused", REFUSED],
    ["Sync_Enter", "asks for later once", ASKS_ONCE, "checked-in", twice(GOOD, "Sync_Enter")],
    ["Sync_Enter", "asks for ever", ASKS_FOR_EVER, "sync-refused", twice(REFUSED, "Sync_Enter")],
    // The server has answered: what it said counts.
    ["Sync_Leave", "fails", FAILS, "checked-in", ANSWERED],
    ["Sync_Leave", "is killed", IS_KILLED, "checked-in", ANSWERED],
    ["Sync_Leave", "hangs", HANGS, "checked-in", ANSWERED],
    ["Sync_Leave", "asks for later once", ASKS_ONCE, "checked-in", twice(GOOD, "Sync_Leave")],
    ["Sync_Leave", "asks for ever", ASKS_FOR_EVER, "checked-in", twice(ANSWERED, "Sync_Leave")],
  ])("%s that %s: the device is %4$s", async (name, _how, does, kind, expected) => {
    await deviceWith({ [name]: does });
    // The start leaves its own Idle_Enter behind.
    const before = (await calls()).length;

    const result = await device.runner.aroundCheckIn(() => Promise.resolve("answer"), NEVER);

    expect(result).toMatchObject({ kind });
    expect((await calls()).slice(before)).toEqual(expected);
  });

  test.each([FAILS, HANGS, ASKS_FOR_EVER])(
    "Sync_Error that does %s changes nothing about the failure that it is told of",
    async (does) => {
      await deviceWith({ Sync_Enter: FAILS, Sync_Error: does });
      const before = (await calls()).length;

      const result = await device.runner.aroundCheckIn(() => Promise.resolve("answer"), NEVER);

      expect(result).toMatchObject({ kind: "sync-refused" });
      const expected = does === ASKS_FOR_EVER ? twice(REFUSED, "Sync_Error") : REFUSED;
      expect((await calls()).slice(before)).toEqual(expected);
    },
  );

  test("a check-in that fails runs Sync_Error in place of Sync_Leave", async () => {
    await deviceWith({});
    const before = (await calls()).length;
    const checkIn = () => Promise.reject(new Error("no answer"));

    await expect(device.runner.aroundCheckIn(checkIn, NEVER)).rejects.toThrow("no answer");

    expect((await calls()).slice(before)).toEqual(REFUSED);
  });
});

describe("many scripts of one state", () => {
  const update = async (scripts: Readonly<Record<string, string>>) => {
    device = await aDevice();
    await device.writeModule(
      "plain",
      `[ "$1" = SupportsRollback ] && echo Yes
       [ "$1" = ArtifactCommit ] && [ -e "${device.root}/no-commit" ] && exit 1
       exit 0`,
    );
    const saying = Object.entries(scripts).map(([name, does]) => [
      name,
      `echo ${name} >> "${device.root}/calls"\n${does}`,
    ]);
    const parts = { name: "new-2", type: "plain", files: { payload: "data" } };
    return device.update(
      await buildArtifact({ ...parts, scripts: Object.fromEntries(saying) as typeof scripts }),
    );
  };

  test("run in the order of their numbers, then of their names", async () => {
    await update({
      ArtifactInstall_Enter_10_b: "exit 0",
      ArtifactInstall_Enter_02: "exit 0",
      ArtifactInstall_Enter_10_a: "exit 0",
      ArtifactInstall_Enter_00_z: "exit 0",
    });
    expect(await calls()).toEqual([
      "ArtifactInstall_Enter_00_z",
      "ArtifactInstall_Enter_02",
      "ArtifactInstall_Enter_10_a",
      "ArtifactInstall_Enter_10_b",
    ]);
  });

  test("end at the first that says no, where no counts", async () => {
    const report = await update({
      ArtifactInstall_Enter_00: "exit 0",
      ArtifactInstall_Enter_01: "exit 1",
      ArtifactInstall_Enter_02: "exit 0",
    });
    expect(report).toMatchObject({ outcome: "rolled-back", code: "script-failed" });
    expect(await calls()).toEqual(["ArtifactInstall_Enter_00", "ArtifactInstall_Enter_01"]);
  });

  test("run to the last, where nothing can be held up any more", async () => {
    const report = await update({
      ArtifactCommit_Enter_00: "exit 1",
      ArtifactCommit_Error_00: "exit 1",
      ArtifactCommit_Error_01: "exit 0",
      ArtifactFailure_Enter_00: "exit 1",
      ArtifactFailure_Enter_01: "exit 0",
    });
    expect(report).toMatchObject({ outcome: "rolled-back", code: "script-failed" });
    expect(await calls()).toEqual([
      "ArtifactCommit_Enter_00",
      "ArtifactCommit_Error_00",
      "ArtifactCommit_Error_01",
      "ArtifactFailure_Enter_00",
      "ArtifactFailure_Enter_01",
    ]);
  });

  test("each have a time of their own in which they may ask for later", async () => {
    const once = `[ -e "$0.asked" ] && exit 0; : > "$0.asked"; exit 21`;
    const report = await update({ ArtifactInstall_Enter_00: once, ArtifactInstall_Enter_01: once });
    expect(report).toMatchObject({ outcome: "succeeded" });
    expect(await calls()).toEqual([
      "ArtifactInstall_Enter_00",
      "ArtifactInstall_Enter_00",
      "ArtifactInstall_Enter_01",
      "ArtifactInstall_Enter_01",
    ]);
  });
});
