import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PATIENT } from "../update-runner/device.fixture.ts";
import {
  aFolder,
  aModuleDevice,
  afterwards,
  demandRoot,
  environment,
  tool,
  toolIn,
  writeExecutable,
  type ModuleDevice,
} from "./shipped-module.fixture.ts";

// The real SWUpdate, with signed images, a slot that is a file, and U-Boot's environment in another one.

let keys = "";
beforeAll(async () => {
  demandRoot();
  keys = await mkdtemp(join(tmpdir(), "moult-keys-"));
  for (const name of ["own", "strange"]) await makeKey(name);
});
afterAll(() => rm(keys, { recursive: true }));

const SLOT_BYTES = 64 * 1024;

interface SwuDevice extends ModuleDevice {
  slot(): Promise<Buffer>;
  /** U-Boot's environment, as `fw_printenv` shows it. */
  bootEnvironment(): Promise<Readonly<Record<string, string>>>;
  /** As U-Boot does. */
  setBoot(name: string, value: string): Promise<void>;
  /** An image for this device, signed. */
  image(parts?: ImageParts): Promise<Buffer>;
  boot(): Promise<void>;
}

interface ImageParts {
  readonly hardware?: string;
  readonly signedBy?: string;
  /** Ends the installation after the slot was written. */
  readonly failing?: boolean;
}

async function aSwuDevice(hasSlots = true): Promise<SwuDevice> {
  const folder = await aFolder();
  await writeFile(join(folder, "slot"), "");
  await truncate(join(folder, "slot"), SLOT_BYTES);
  const boot = await aBootEnvironment(folder, hasSlots);
  environment({
    PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
    MOULT_SWUPDATE: `swupdate -B uboot -k ${keys}/own.pem -H test:1.0`,
  });
  const device = await aModuleDevice("swu");
  afterwards(() => device.device.close());
  return {
    ...device,
    ...boot,
    slot: () => readFile(join(folder, "slot")),
    image: (parts) => anImage(folder, parts),
    boot: () => device.device.restart(device.device.reboots.length + 1),
  };
}

/**
 * SWUpdate and `fw_printenv` find U-Boot's environment by /etc/fw_env.config and nowhere else: here they see an /etc of the
 * test's own, so that the machine's is left alone.
 */
async function aBootEnvironment(
  folder: string,
  hasSlots: boolean,
): Promise<Pick<SwuDevice, "bootEnvironment" | "setBoot">> {
  await mkdir(join(folder, "etc"));
  await writeFile(join(folder, "etc/fw_env.config"), `${folder}/boot-environment 0x0 0x2000\n`);
  await writeFile(join(folder, "boot-environment"), "");
  await truncate(join(folder, "boot-environment"), 0x2000);
  for (const program of ["swupdate", "fw_printenv", "fw_setenv"])
    await writeExecutable(
      join(folder, "bin", program),
      `exec unshare -m sh -c 'mount --bind ${folder}/etc /etc && exec /usr/bin/${program} "$@"' ${program} "$@"`,
    );
  const first = hasSlots ? "slot=a\nupgrade_available=0\nbootcount=0\n" : "slot=a\n";
  await writeFile(join(folder, "first"), first);
  const setBoot = async (name: string, value: string): Promise<void> =>
    void (await tool(join(folder, "bin/fw_setenv"), "-f", join(folder, "first"), name, value));
  await setBoot("slot", "a");
  return {
    setBoot,
    bootEnvironment: async () => {
      const lines = (await tool(join(folder, "bin/fw_printenv"))).trim().split("\n");
      return Object.fromEntries(lines.map((line) => line.split("=") as [string, string]));
    },
  };
}

async function makeKey(name: string): Promise<void> {
  const files = ["-keyout", join(keys, `${name}.key`), "-out", join(keys, `${name}.pem`)];
  const purpose = ["-subj", "/CN=test", "-addext", "extendedKeyUsage=emailProtection"];
  await tool("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", ...files, ...purpose);
}

const CONTENT = Buffer.alloc(SLOT_BYTES, 2);

async function anImage(device: string, parts: ImageParts = {}): Promise<Buffer> {
  const { hardware = "1.0", signedBy = "own", failing = false } = parts;
  const folder = await aFolder();
  const sha256 = createHash("sha256").update(CONTENT).digest("hex");
  const script = "#!/bin/sh\nexit 1\n";
  const scriptSha256 = createHash("sha256").update(script).digest("hex");
  await writeFile(join(folder, "rootfs.img"), CONTENT);
  await writeFile(join(folder, "fail.sh"), script);
  await writeFile(
    join(folder, "sw-description"),
    `software = {
      version = "2.0";
      hardware-compatibility = [ "${hardware}" ];
      images: ( { filename = "rootfs.img"; device = "${device}/slot"; type = "raw"; sha256 = "${sha256}"; } );
      ${failing ? `scripts: ( { filename = "fail.sh"; type = "postinstall"; sha256 = "${scriptSha256}"; } );` : ""}
      bootenv: ( { name = "slot"; value = "b"; }, { name = "upgrade_available"; value = "1"; }, { name = "extra"; value = "1"; } );
    }\n`,
  );
  await tool(
    "openssl",
    "cms",
    "-sign",
    "-in",
    join(folder, "sw-description"),
    "-out",
    join(folder, "sw-description.sig"),
    "-outform",
    "DER",
    "-nosmimecap",
    "-binary",
    "-signer",
    join(keys, `${signedBy}.pem`),
    "-inkey",
    join(keys, `${signedBy}.key`),
  );
  const names = [
    "sw-description",
    "sw-description.sig",
    "rootfs.img",
    ...(failing ? ["fail.sh"] : []),
  ];
  await toolIn(
    folder,
    "sh",
    "-c",
    `printf '%s\\n' ${names.join(" ")} | cpio -o -H crc > image.swu`,
  );
  return readFile(join(folder, "image.swu"));
}

test("an image is installed, booted, and made permanent in the boot loader's environment", async () => {
  const device = await aSwuDevice();
  await device.begin({ "system.swu": await device.image() });
  await expect.poll(() => device.device.reboots, PATIENT).toEqual([1]);
  expect(await device.bootEnvironment()).toMatchObject({ slot: "b", upgrade_available: "1" });

  await device.setBoot("bootcount", "1");
  await device.boot();
  expect(await device.ended()).toEqual({ outcome: "succeeded", detail: "", runs: "release-1" });
  expect(await device.slot()).toEqual(CONTENT);
  expect(await device.bootEnvironment()).toMatchObject({
    slot: "b",
    upgrade_available: "0",
    bootcount: "0",
    ustate: "0",
  });
});

test("a boot loader that gave the new system up is noticed, and its environment is as before", async () => {
  const device = await aSwuDevice();
  const before = await device.bootEnvironment();
  await device.begin({ "system.swu": await device.image() });
  await expect.poll(() => device.device.reboots, PATIENT).toEqual([1]);
  await device.setBoot("slot", "a");
  await device.setBoot("upgrade_available", "0");
  await device.boot();
  await expect.poll(() => device.device.reboots, PATIENT).toEqual([1, 2]);
  await device.boot();

  expect(await device.ended()).toMatchObject({ outcome: "rolled-back", runs: "factory-1" });
  expect(await device.said()).toContain("the boot loader went back");
  expect(await device.bootEnvironment()).toEqual(before);
});

test("an installation that fails leaves the boot loader's environment as it was, and needs no restart", async () => {
  const device = await aSwuDevice();
  const before = await device.bootEnvironment();
  expect(
    await device.install({ "system.swu": await device.image({ failing: true }) }),
  ).toMatchObject({
    outcome: "rolled-back",
    runs: "factory-1",
  });
  expect(await device.bootEnvironment()).toEqual(before);
  expect(device.device.reboots).toEqual([]);
});

test("without two slots in the boot loader's environment there is no way back, and the device says so", async () => {
  const device = await aSwuDevice(false);
  expect(
    await device.install({ "system.swu": await device.image({ failing: true }) }),
  ).toMatchObject({
    outcome: "failed",
    runs: "release-1_INCONSISTENT",
  });
});

test("what SWUpdate would not take is refused before a slot is written, in words", async () => {
  const device = await aSwuDevice();
  const image = await device.image();
  const refused: readonly (readonly [Readonly<Record<string, string | Uint8Array>>, string])[] = [
    [
      { "system.swu": await device.image({ hardware: "3.0" }) },
      "SWUpdate does not take this image",
    ],
    [
      { "system.swu": await device.image({ signedBy: "strange" }) },
      "SWUpdate does not take this image",
    ],
    [{ "system.swu": image.subarray(0, 2_000) }, "SWUpdate does not take this image"],
    [{ "system.img": image }, "system.img is not named like an image (*.swu)"],
    [{ "a.swu": image, "b.swu": image }, "the payload must be one image, it holds 2 files"],
  ];
  for (const [files, words] of refused) {
    expect(await device.install(files)).toMatchObject({ outcome: "failed", runs: "factory-1" });
    expect(await device.said()).toContain(words);
  }
  expect(await device.slot()).toEqual(Buffer.alloc(SLOT_BYTES));
});
