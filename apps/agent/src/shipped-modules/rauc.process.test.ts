import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, expect, test } from "vitest";
import { PATIENT } from "../update-runner/device.fixture.ts";
import {
  aFolder,
  aModuleDevice,
  afterwards,
  demandRoot,
  environment,
  tool,
  writeExecutable,
  type ModuleDevice,
} from "./shipped-module.fixture.ts";

// The real RAUC as a service on a message bus of the test's own; its slots are files, its boot loader a shell script.

beforeAll(demandRoot);

const SLOT_BYTES = 64 * 1024;

interface RaucDevice extends ModuleDevice {
  /** The content of a slot. */
  slot(name: "a" | "b"): Promise<Buffer>;
  /** What the boot loader would start next. */
  primary(): Promise<string>;
  /** As the machine's restart does: the boot loader starts its primary slot, or the one named. */
  boot(slot?: string): Promise<void>;
  /** The state that the boot loader has for a slot. */
  state(slot: string): Promise<string>;
  /** From now on RAUC takes two seconds before it writes; resolves when it does for the first time. */
  slowDown(): Promise<void>;
}

async function aRaucDevice(): Promise<RaucDevice> {
  const folder = await aFolder();
  await makeKeys(folder);
  for (const slot of ["a", "b"]) {
    await writeFile(join(folder, `slot-${slot}`), "");
    await truncate(join(folder, `slot-${slot}`), SLOT_BYTES);
  }
  await writeFile(join(folder, "system.conf"), systemConfiguration(folder));
  await writeExecutable(join(folder, "boot-loader"), bootLoader(folder));
  await writeExecutable(
    join(folder, "before"),
    `[ ! -e ${folder}/slowly ] || { echo here > ${folder}/reached; sleep 2; }`,
  );
  // The service is found on the test's bus, and its configuration where the test put it.
  await writeExecutable(
    join(folder, "bin/rauc"),
    `[ "$1" = info ] && exec /usr/bin/rauc --conf=${folder}/system.conf "$@"\nexec /usr/bin/rauc "$@"`,
  );
  environment({
    DBUS_STARTER_BUS_TYPE: "session",
    DBUS_SESSION_BUS_ADDRESS: await startBus(),
    PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
  });
  let service = await startService(folder, "a");
  afterwards(() => end(service));
  const device = await aModuleDevice("rauc");
  afterwards(() => device.device.close());

  const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
  const primary = async (): Promise<string> => (await read("primary").catch(() => "a")).trim();
  return {
    ...device,
    slot: (name) => readFile(join(folder, `slot-${name}`)),
    primary,
    boot: async (slot) => {
      await end(service);
      service = await startService(folder, slot ?? (await primary()));
      await device.device.restart(device.device.reboots.length + 1);
    },
    slowDown: async () => {
      await writeFile(join(folder, "slowly"), "");
      await expect.poll(() => read("reached").catch(() => ""), PATIENT).toBe("here\n");
    },
    state: async (slot) => (await read(`state-${slot}`).catch(() => "none")).trim(),
  };
}

const systemConfiguration = (folder: string): string => `
[system]
compatible=gw2
bootloader=custom
statusfile=${folder}/status
mountprefix=${folder}/mount
bundle-formats=plain
[keyring]
path=${keys}/cert.pem
[handlers]
bootloader-custom-backend=${folder}/boot-loader
pre-install=${folder}/before
[slot.rootfs.0]
device=${folder}/slot-a
type=raw
bootname=a
[slot.rootfs.1]
device=${folder}/slot-b
type=raw
bootname=b
`;

const bootLoader = (folder: string): string => `
case $1 in
get-primary) cat ${folder}/primary 2>/dev/null || echo a ;;
set-primary) echo "$2" > ${folder}/primary ;;
get-state) cat ${folder}/state-"$2" 2>/dev/null || echo good ;;
set-state) echo "$3" > ${folder}/state-"$2" ;;
esac`;

let keys = "";
async function makeKeys(folder: string): Promise<void> {
  keys = folder;
  const names = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  await tool(
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    ...names,
    "-subj",
    "/CN=test",
  );
}

async function aBundle(content: Buffer, compatible = "gw2"): Promise<Buffer> {
  const folder = await aFolder();
  await mkdir(join(folder, "content"));
  await writeFile(join(folder, "content/rootfs.img"), content);
  await writeFile(
    join(folder, "content/manifest.raucm"),
    `[update]\ncompatible=${compatible}\nversion=2\n[bundle]\nformat=plain\n[image.rootfs]\nfilename=rootfs.img\n`,
  );
  const signing = ["--cert", join(keys, "cert.pem"), "--key", join(keys, "key.pem")];
  const bundle = join(folder, "bundle.raucb");
  await tool("/usr/bin/rauc", ...signing, "bundle", join(folder, "content"), bundle);
  return readFile(bundle);
}

/** A message bus of its own; returns its address. */
async function startBus(): Promise<string> {
  const args = ["--session", "--nofork", "--print-address"];
  const bus = spawn("dbus-daemon", args, { stdio: ["ignore", "pipe", "ignore"] });
  afterwards(() => end(bus));
  const [address] = (await once(createInterface({ input: bus.stdout }), "line")) as [string];
  return address;
}

async function startService(folder: string, booted: string): Promise<ChildProcess> {
  const args = ["service", `--conf=${folder}/system.conf`, `--override-boot-slot=${booted}`];
  const service = spawn("/usr/bin/rauc", args, { stdio: "ignore" });
  await expect
    .poll(() => tool("/usr/bin/rauc", "status").catch(() => "not yet"), PATIENT)
    .toContain(`Booted from: rootfs.${booted === "a" ? 0 : 1}`);
  return service;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

const image = (fill: number): Buffer => Buffer.alloc(SLOT_BYTES, fill);

test("a bundle is written to the spare slot, booted, and marked good when the agent is content", async () => {
  const device = await aRaucDevice();
  await device.begin({ "system.raucb": await aBundle(image(2)) });
  await expect.poll(() => device.device.reboots, PATIENT).toEqual([1]);
  expect(await device.primary()).toBe("b");
  expect(await device.state("b")).toBe("bad");

  await device.boot();
  expect(await device.ended()).toEqual({ outcome: "succeeded", detail: "", runs: "release-1" });
  expect(await device.slot("b")).toEqual(image(2));
  expect(await device.slot("a")).toEqual(image(0));
  expect(await device.state("b")).toBe("good");
});

test("a boot loader that goes back to the former slot is noticed", async () => {
  const device = await aRaucDevice();
  await device.begin({ "system.raucb": await aBundle(image(2)) });
  await expect.poll(() => device.device.reboots, PATIENT).toEqual([1]);
  await device.boot("a");
  // The way back restarts the machine once more, so that what runs is certain.
  await expect.poll(() => device.device.reboots, PATIENT).toEqual([1, 2]);
  await device.boot();

  expect(await device.ended()).toMatchObject({ outcome: "rolled-back", runs: "factory-1" });
  expect(await device.said()).toContain("rootfs.0 booted, not rootfs.1: the boot loader went back");
  expect(await device.primary()).toBe("a");
});

test("a new system that the agent takes back boots the former slot again", async () => {
  const device = await aRaucDevice();
  device.device.server.reachable = new Promise<void>(() => undefined);
  await device.begin({ "system.raucb": await aBundle(image(2)) });
  await expect.poll(() => device.device.reboots, PATIENT).toEqual([1]);
  await device.boot();
  await expect.poll(() => device.device.runner.state().kind, PATIENT).toBe("proving");
  // The machine loses its power while the new system has not proven itself.
  await device.boot();
  await expect.poll(() => device.device.reboots.length, PATIENT).toBe(2);
  expect(await device.primary()).toBe("a");
  await device.boot();

  expect(await device.ended()).toMatchObject({ outcome: "rolled-back", runs: "factory-1" });
});

test("an agent that ends while RAUC installs waits for it, and takes it back", async () => {
  const device = await aRaucDevice();
  const slow = device.slowDown();
  await device.begin({ "system.raucb": await aBundle(image(2)) });
  await slow;
  await device.device.restart();

  expect(await device.ended()).toMatchObject({ outcome: "rolled-back", runs: "factory-1" });
  // The service went on without its caller.
  expect(await device.slot("b")).toEqual(image(2));
  expect(await device.primary()).toBe("a");
  expect(device.device.reboots).toEqual([]);
});

test("what RAUC would not take is refused before a slot is written, in words", async () => {
  const device = await aRaucDevice();
  const bundle = await aBundle(image(2));
  const forged = Buffer.from(bundle);
  forged.writeUInt8(forged.readUInt8(5000) ^ 1, 5000);
  const refused: readonly (readonly [Readonly<Record<string, string | Uint8Array>>, string])[] = [
    [{ "system.raucb": forged }, "RAUC does not take this bundle"],
    [{ "system.img": bundle }, "system.img is not named like a bundle (*.raucb)"],
    [{ "a.raucb": bundle, "b.raucb": bundle }, "the payload must be one bundle, it holds 2 files"],
    [
      { "system.raucb": await aBundle(image(2), "gw3") },
      "the bundle is for gw3, this device is gw2",
    ],
  ];
  for (const [files, words] of refused) {
    expect(await device.install(files)).toMatchObject({ outcome: "failed", runs: "factory-1" });
    expect(await device.said()).toContain(words);
  }
  expect(await device.slot("b")).toEqual(image(0));
  expect(await device.primary()).toBe("a");
});
