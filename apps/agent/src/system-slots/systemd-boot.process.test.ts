import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BootError } from "../bootloaders/boot-error.ts";
import { buildArtifact, offerOf, PATIENT } from "../update-runner/device.fixture.ts";
import { aMachine, someImage, type Machine } from "./machine.fixture.ts";

let machine: Machine;
beforeEach(async () => {
  machine = await aMachine("systemd-boot");
  await machine.start();
});
afterEach(() => machine.close());

const imageArtifact = (image: Uint8Array, beside: Record<string, Uint8Array> = {}) =>
  buildArtifact({
    name: "system-2",
    type: "rootfs-image",
    files: { ...beside, "rootfs.ext4": image },
    provides: { "rootfs-image.version": "system-2" },
  });

/** Offers an image and waits until the machine is to be restarted. */
async function offer(...payload: Parameters<typeof imageArtifact>): Promise<void> {
  const artifact = await imageArtifact(...payload);
  const { device } = machine;
  device.server.artifacts.set(artifact.sha256, artifact.bytes);
  const before = device.reboots.length;
  await device.runner.offer(offerOf(artifact));
  await expect.poll(() => device.reboots.length, PATIENT).toBe(before + 1);
}

test("a system image goes into the spare slot, its kernel beside the other one, and both are kept once they prove themselves", async () => {
  const image = someImage();
  const before = await readFile(machine.fileOf("env"));
  await offer(image);

  const esp = await readFile(machine.fileOf("env"));
  expect(before.includes(image.subarray(0, 4_096))).toBe(false);
  expect(esp.includes(image.subarray(0, 4_096))).toBe(true);
  expect(await machine.slots?.boot.read()).toEqual({ good: "a", trial: "b", triesLeft: 1 });

  expect(await machine.start()).toBe("b");
  await machine.device.runner.idle();
  expect(machine.device.finished()).toMatchObject({ outcome: "succeeded" });
  expect(await machine.slots?.boot.read()).toEqual({ good: "b", trial: null, triesLeft: 0 });
  expect([await machine.boot(), await machine.boot()]).toEqual(["b", "b"]);
});

test("a system that never comes up is left after its one start, and the old one says so", async () => {
  await offer(someImage());
  expect(await machine.boot()).toBe("b");
  expect(await machine.start()).toBe("a");
  await machine.device.runner.idle();
  expect(machine.device.finished()).toMatchObject({
    outcome: "rolled-back",
    code: "verification-failed",
  });
  expect(await machine.slots?.boot.read()).toEqual({ good: "a", trial: null, triesLeft: 0 });
});

test("an image without a kernel for the firmware is not put on trial", async () => {
  const kernel = await readFile(machine.fileOf("env"));
  machine.withSlotKernel = () => Promise.reject(new BootError("kernel-missing"));
  const report = await machine.device.update(await imageArtifact(someImage()));
  expect(report).toMatchObject({
    code: "install-failed",
    detail: expect.stringContaining("/boot/moult.efi"),
  });
  expect((await readFile(machine.fileOf("env"))).equals(kernel)).toBe(true);
  expect(await machine.boot()).toBe("a");
});

test("a kernel that comes beside its image is started with it, and the image needs none", async () => {
  const [image, kernel] = [someImage(), randomBytes(150_000)];
  machine.withSlotKernel = () => Promise.reject(new BootError("kernel-missing"));
  await offer(image, { "moult.efi": kernel });

  const esp = await readFile(machine.fileOf("env"));
  expect(esp.includes(kernel.subarray(0, 4_096))).toBe(true);
  expect((await machine.content("b")).subarray(0, image.length).equals(image)).toBe(true);
  expect(await machine.start()).toBe("b");
  await machine.device.runner.idle();
  expect(machine.device.finished()).toMatchObject({ outcome: "succeeded" });
});

test("a kernel beside an image is refused by a device whose bootloader would not start it", async () => {
  const other = await aMachine("grub");
  await other.start();
  const before = await other.content("b");
  const artifact = await imageArtifact(someImage(), { "moult.efi": randomBytes(1_000) });
  const report = await other.device.update(artifact);
  expect(report).toMatchObject({
    code: "payload-refused",
    detail: expect.stringContaining("moult.efi"),
  });
  expect((await other.content("b")).equals(before)).toBe(true);
  await other.close();
});
