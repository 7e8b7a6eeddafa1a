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

const imageArtifact = (image: Uint8Array) =>
  buildArtifact({
    name: "system-2",
    type: "rootfs-image",
    files: { "rootfs.ext4": image },
    provides: { "rootfs-image.version": "system-2" },
  });

/** Offers an image and waits until the machine is to be restarted. */
async function offer(image: Uint8Array): Promise<void> {
  const artifact = await imageArtifact(image);
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
