import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PATIENT } from "../update-runner/device.fixture.ts";
import {
  aFolder,
  aModuleDevice,
  afterwards,
  environment,
  writeExecutable,
  type ModuleDevice,
  type Shell,
} from "./shipped-module.fixture.ts";

interface ConfiguredDevice extends ModuleDevice {
  /** Of each configuration that was applied, what the device was told. */
  applied(): Promise<readonly string[]>;
  stored(): Promise<string>;
  /** One more executable, after the one that notes what is applied. */
  executable(script: string): Promise<void>;
}

async function aConfiguredDevice(shell?: Shell): Promise<ConfiguredDevice> {
  const folder = await aFolder();
  const executables = join(folder, "configuration.d");
  environment({ MOULT_CONFIGURATION_DIR: executables });
  await mkdir(executables);
  await writeFile(join(folder, "applied"), "");
  await writeExecutable(join(executables, "10-note it"), `cat "$1" >> ${folder}/applied`);
  await writeFile(join(executables, "README"), "not executable");
  const device = await aModuleDevice("configuration", shell);
  afterwards(() => device.device.close());
  return {
    ...device,
    applied: async () => {
      const text = await readFile(join(folder, "applied"), "utf8");
      return text.split("\n").filter((line) => line !== "");
    },
    stored: () =>
      readFile(join(device.device.paths.dataDir, "configuration.json"), "utf8").catch(
        () => "absent",
      ),
    executable: (script) => writeExecutable(join(executables, "20-more"), script),
  };
}

const payload = (value: unknown) => ({ "configuration.json": `${JSON.stringify(value)}\n` });

describe.each<Shell>(["dash", "busybox"])("a configuration, in %s", (shell) => {
  test("is stored and applied, and the former one again when an executable refuses the new", async () => {
    const device = await aConfiguredDevice(shell);
    expect(await device.install(payload({ zone: "UTC" }))).toMatchObject({ outcome: "succeeded" });
    await device.executable('grep -q Mars "$1" && { echo "no such zone" >&2; exit 1; }; exit 0');

    expect(await device.install(payload({ zone: "Mars" }))).toMatchObject({
      outcome: "rolled-back",
      runs: "release-1",
    });
    expect(await device.said()).toContain("no such zone");
    expect(await device.stored()).toBe('{"zone":"UTC"}\n');
    expect(await device.applied()).toEqual(['{"zone":"UTC"}', '{"zone":"Mars"}', '{"zone":"UTC"}']);
  });

  test("that is the first is taken back by an empty one", async () => {
    const device = await aConfiguredDevice(shell);
    await device.executable('grep -q Mars "$1" && exit 1; exit 0');
    expect(await device.install(payload({ zone: "Mars" }))).toMatchObject({
      outcome: "rolled-back",
    });
    expect(await device.applied()).toEqual(['{"zone":"Mars"}', "{}"]);
    expect(await device.stored()).toBe("absent");
  });
});

test("a configuration may be the artifact's meta-data, as Mender's servers send it", async () => {
  const device = await aConfiguredDevice();
  expect(await device.install({}, { zone: "UTC" })).toMatchObject({ outcome: "succeeded" });
  expect(JSON.parse(await device.stored())).toEqual({ zone: "UTC" });
});

test("an executable that needs a restart of the machine gets one", async () => {
  const device = await aConfiguredDevice();
  await device.executable("exit 20");
  await device.begin(payload({ zone: "UTC" }));
  await expect.poll(() => device.device.reboots, PATIENT).toEqual([1]);
  await device.device.restart(2);
  expect(await device.ended()).toMatchObject({ outcome: "succeeded" });
});

test("an agent that ends while a configuration is applied applies the former one", async () => {
  const device = await aConfiguredDevice();
  await device.install(payload({ zone: "UTC" }));
  await device.executable('grep -q Paris "$1" && sleep 60; exit 0');
  await device.begin(payload({ zone: "Paris" }));
  await expect.poll(() => device.applied(), PATIENT).toHaveLength(2);
  await device.device.restart();
  expect(await device.ended()).toMatchObject({ outcome: "rolled-back", runs: "release-1" });
  expect(await device.stored()).toBe('{"zone":"UTC"}\n');
  expect(await device.applied()).toHaveLength(3);
});

test.each([
  [{ "configuration.json": "[1]" }, "configuration.json is not a JSON object"],
  [{ "configuration.json": '{"zone": ' }, "configuration.json is not a JSON object"],
  [{ "settings.json": "{}" }, "the payload must be one file, configuration.json"],
  [{ "configuration.json": "{}", more: "{}" }, "the payload must be one file, configuration.json"],
])("what is no configuration is refused before anything is applied: %j", async (files, words) => {
  const device = await aConfiguredDevice();
  expect(await device.install(files)).toMatchObject({ outcome: "failed", runs: "factory-1" });
  expect(await device.said()).toContain(words);
  expect(await device.applied()).toEqual([]);
});
