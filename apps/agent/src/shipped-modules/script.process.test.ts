import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PATIENT } from "../update-runner/device.fixture.ts";
import {
  aFolder,
  aModuleDevice,
  afterwards,
  type ModuleDevice,
  type Shell,
} from "./shipped-module.fixture.ts";

interface ScriptDevice extends ModuleDevice {
  /** A shell script that notes that it ran, and ends as told. */
  readonly script: (note: string, end?: string) => string;
  notes(): Promise<string>;
}

async function aScriptDevice(shell?: Shell): Promise<ScriptDevice> {
  const device = await aModuleDevice("script", shell);
  afterwards(() => device.device.close());
  const file = join(await aFolder(), "notes");
  await writeFile(file, "");
  return {
    ...device,
    script: (note, end = "") => `#!/bin/sh\necho ${note} >> ${file}\n${end}\n`,
    notes: async () => (await readFile(file, "utf8")).trim().replaceAll("\n", " "),
  };
}

describe.each<Shell>(["dash", "busybox"])("scripts, in %s", (shell) => {
  test("run in the order of their names, and the way back does not", async () => {
    const device = await aScriptDevice(shell);
    const { script } = device;
    const files = { "-20": script("b"), "-10": script("a"), "rollback.sh": script("back") };
    expect(await device.install(files)).toMatchObject({ outcome: "succeeded" });
    expect(await device.notes()).toBe("a b");
  });

  test("that fail are taken back by those that the payload brings for it", async () => {
    const device = await aScriptDevice(shell);
    const { script } = device;
    const files = {
      "10-first": script("first"),
      "20-second": script("second", "exit 7"),
      "30-third": script("third"),
      "rollback-1": script("back-1"),
      "rollback-2": script("back-2"),
    };
    expect(await device.install(files)).toMatchObject({
      outcome: "rolled-back",
      runs: "factory-1",
    });
    expect(await device.notes()).toBe("first second back-1 back-2");
    expect(await device.said()).toContain("20-second ended with exit code 7");
  });
});

test("a script without a way back that fails leaves the device inconsistent, and it says so", async () => {
  const device = await aScriptDevice();
  expect(await device.install({ only: device.script("only", "exit 1") })).toMatchObject({
    outcome: "failed",
    runs: "release-1_INCONSISTENT",
  });
});

test("exit code 20 asks for a restart of the machine", async () => {
  const device = await aScriptDevice();
  await device.begin({ only: device.script("only", "exit 20") });
  await expect.poll(() => device.device.reboots, PATIENT).toEqual([1]);
  await device.device.restart(2);
  expect(await device.ended()).toMatchObject({ outcome: "succeeded" });
});

test("an agent that ends while a script runs runs the way back at its next start", async () => {
  const device = await aScriptDevice();
  const files = { only: device.script("only", "sleep 60"), rollback: device.script("back") };
  await device.begin(files);
  await expect.poll(() => device.notes(), PATIENT).toBe("only");
  await device.device.restart();
  expect(await device.ended()).toMatchObject({ outcome: "rolled-back", runs: "factory-1" });
  expect(await device.notes()).toBe("only back");
});

test.each([
  [{ rollback: "#!/bin/sh\n" }, "nothing to run but its way back"],
  [{ first: "" }, "first is empty"],
])("a payload that cannot be run is refused before anything runs: %j", async (files, words) => {
  const device = await aScriptDevice();
  expect(await device.install(files)).toMatchObject({ outcome: "failed", runs: "factory-1" });
  expect(await device.said()).toContain(words);
});
