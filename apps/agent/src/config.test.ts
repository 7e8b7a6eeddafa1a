import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { AgentConfig, loadConfig } from "./config.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "moult-config-"));
  await mkdir(join(root, "etc/moult"), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const write = (content: string): Promise<void> =>
  writeFile(join(root, "etc/moult/agent.json"), content);

test("without a file every setting has its default, and every folder lies under the root", async () => {
  const { config, folders } = await loadConfig({ root });
  expect(config.updates.confirmTimeoutSeconds).toBe(900);
  const { bootIdFile, kernelCommandLineFile, efiVariablesDir, ...own } = folders;
  expect(bootIdFile).toBe("/proc/sys/kernel/random/boot_id");
  expect(kernelCommandLineFile).toBe("/proc/cmdline");
  expect(efiVariablesDir).toBe("/sys/firmware/efi/efivars");
  for (const folder of Object.values(own)) expect(folder.startsWith(root)).toBe(true);
  expect(folders.identityDir.startsWith(`${folders.dataDir}/`)).toBe(false);
});

test("on a real device the folders are those of the documentation", async () => {
  const { folders, isReRooted } = await loadConfig({ configFile: await emptyConfig() });
  expect(isReRooted).toBe(false);
  expect(folders).toMatchObject({
    dataDir: "/var/lib/moult",
    identityDir: "/var/lib/moult-identity",
    modulesDir: "/usr/share/moult/modules/v3",
    provisioningFile: "/etc/moult/provisioning.json",
    destRoot: "/",
  });
});

test("what a bootloader does not have is a mistake to set: more than one start with systemd-boot, a redundant environment elsewhere than with U-Boot", async () => {
  const slots = {
    bootloader: "systemd-boot",
    environment: "/dev/vda1",
    devices: { a: "/dev/vda3", b: "/dev/vda4" },
  };
  await write(JSON.stringify({ slots }));
  expect((await loadConfig({ root })).config.slots?.bootloader).toBe("systemd-boot");
  await write(JSON.stringify({ slots: { ...slots, tries: 2 } }));
  await expect(loadConfig({ root })).rejects.toThrow("one start");
  await write(JSON.stringify({ slots: { ...slots, redundantEnvironment: true } }));
  await expect(loadConfig({ root })).rejects.toThrow("only U-Boot");
  const uBoot = { ...slots, bootloader: "u-boot", redundantEnvironment: true };
  await write(JSON.stringify({ slots: uBoot }));
  expect((await loadConfig({ root })).config.slots).toMatchObject(uBoot);
});

test("a misspelt setting is an error that names it, at every depth", async () => {
  await write('{"logLevel":"info","checkIn":{"secondMin":3},"udpates":{}}');
  await expect(loadConfig({ root })).rejects.toMatchObject({
    code: "config-invalid",
    context: {
      problems: [expect.stringContaining("secondMin"), expect.stringContaining("udpates")],
    },
  });
});

test.each([
  ["no JSON", "{"],
  ["bounds the wrong way round", '{"checkIn":{"secondsMin":60,"secondsMax":5}}'],
  ["a relative path", '{"paths":{"dataDir":"data"}}'],
  ["both kinds of identity", '{"identity":{"script":"/x","attributes":{"a":"b"}}}'],
])("%s is an error", async (_case, content) => {
  await write(content);
  await expect(loadConfig({ root })).rejects.toMatchObject({ code: "config-invalid" });
});

test("a file that was named on the command line must be there", async () => {
  await expect(loadConfig({ configFile: join(root, "none.json") })).rejects.toMatchObject({
    code: "config-invalid",
  });
});

test("the guide names every setting", async () => {
  const guide = await readFile(new URL("../../../docs/guide/agent.md", import.meta.url), "utf8");
  const missing = settingNames(z.toJSONSchema(AgentConfig, { io: "input" })).filter(
    (name) => !guide.includes(`\`${name}\``),
  );
  expect(missing).toEqual([]);
});

/** Dotted names of all leaves of a JSON schema. */
function settingNames(schema: z.core.JSONSchema.JSONSchema, prefix = ""): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (typeof property === "boolean") return [path];
    return property.properties === undefined ? [path] : settingNames(property, path);
  });
}

async function emptyConfig(): Promise<string> {
  const path = join(root, "empty.json");
  await writeFile(path, "{}");
  return path;
}
