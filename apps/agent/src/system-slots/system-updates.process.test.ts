import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { InstallError } from "../installers/install-error.ts";
import { buildArtifact, offerOf, PATIENT } from "../update-runner/device.fixture.ts";
import { aMachine, SLOT_BYTES, someImage, type Machine } from "./machine.fixture.ts";

let machine: Machine;
afterEach(() => machine.close());

const imageArtifact = (image: Uint8Array, parts: { readonly deviceTypes?: string[] } = {}) =>
  buildArtifact({
    name: "system-2",
    type: "rootfs-image",
    files: { "rootfs.ext4": image },
    provides: { "rootfs-image.version": "system-2" },
    ...parts,
  });

/** Offers an image and waits until the machine is to be restarted, or the update is over. */
async function offer(image: Uint8Array): Promise<void> {
  const artifact = await imageArtifact(image);
  const { device } = machine;
  device.server.artifacts.set(artifact.sha256, artifact.bytes);
  const before = device.reboots.length;
  await device.runner.offer(offerOf(artifact));
  await expect.poll(() => device.reboots.length, PATIENT).toBe(before + 1);
}

describe.each(["grub", "u-boot", "raw"] as const)("a system image, with %s", (bootloader) => {
  test("goes into the spare slot, is started on trial, and is kept once it proves itself", async () => {
    machine = await aMachine(bootloader);
    await machine.start();
    const before = await machine.content("a");
    const image = someImage(SLOT_BYTES - 4_096);
    await offer(image);

    expect((await machine.content("b")).subarray(0, image.length).equals(image)).toBe(true);
    expect((await machine.content("a")).equals(before)).toBe(true);
    expect(await machine.slots?.boot.read()).toEqual({ good: "a", trial: "b", triesLeft: 2 });

    expect(await machine.start()).toBe("b");
    await machine.device.runner.idle();
    expect(machine.device.finished()).toMatchObject({ outcome: "succeeded" });
    expect(machine.device.runner.running()).toMatchObject({
      artifactName: "system-2",
      provides: { "rootfs-image.version": "system-2" },
    });
    expect(await machine.slots?.boot.read()).toEqual({ good: "b", trial: null, triesLeft: 0 });
    expect(await machine.boot()).toBe("b");
  });

  test("that never comes up is left after its starts, and the old one says so", async () => {
    machine = await aMachine(bootloader);
    await machine.start();
    await offer(someImage());

    expect([await machine.boot(), await machine.boot()]).toEqual(["b", "b"]);
    expect(await machine.start()).toBe("a");
    await machine.device.runner.idle();
    expect(machine.device.finished()).toMatchObject({
      outcome: "rolled-back",
      code: "verification-failed",
    });
    expect(await machine.slots?.boot.read()).toEqual({ good: "a", trial: null, triesLeft: 0 });
  });

  test("that is not well goes back by a restart", async () => {
    machine = await aMachine(bootloader);
    await machine.start();
    await offer(someImage());
    machine.checkHealth = () => {
      throw new InstallError("health-check-failed", "the oven does not heat");
    };

    expect(await machine.start()).toBe("b");
    await expect.poll(() => machine.device.reboots, PATIENT).toEqual([1, 2]);
    expect(await machine.start()).toBe("a");
    await machine.device.runner.idle();
    expect(machine.device.finished()).toMatchObject({
      outcome: "rolled-back",
      code: "health-check-failed",
      detail: expect.stringContaining("the oven does not heat"),
    });
    expect(await machine.slots?.boot.read()).toEqual({ good: "a", trial: null, triesLeft: 0 });
  });

  test("of which the next one has most blocks in common is not written again", async () => {
    machine = await aMachine(bootloader);
    await machine.start();
    const image = someImage();
    await writeFile(machine.fileOf("b"), image);
    image.set([1, 2, 3], 70_000);
    await offer(image);

    const written = machine.log.entries.find(({ event }) => event === "slot-written");
    expect(written?.fields).toMatchObject({ bytes: SLOT_BYTES, changedBytes: 65_536 });
  });
});

describe("a system image", () => {
  test("that is larger than the slot is refused, and touches nothing", async () => {
    machine = await aMachine("grub");
    await machine.start();
    const before = await machine.content("b");
    const report = await machine.device.update(await imageArtifact(someImage(SLOT_BYTES + 1)));

    expect(report).toMatchObject({ outcome: "rejected", code: "slot-too-small" });
    expect((await machine.content("b")).equals(before)).toBe(true);
    expect(await machine.boot()).toBe("a");
  });

  test("that is of a whole disk is refused before it is written", async () => {
    machine = await aMachine("grub");
    await machine.start();
    const before = await machine.content("b");
    const disk = someImage(8_192);
    disk.write("EFI PART", 512);
    const report = await machine.device.update(await imageArtifact(disk));

    expect(report).toMatchObject({
      code: "payload-refused",
      detail: expect.stringContaining("a whole disk"),
    });
    expect((await machine.content("b")).equals(before)).toBe(true);
  });

  test("for another board is refused before it is written", async () => {
    machine = await aMachine("grub");
    await machine.start();
    const before = await machine.content("b");
    const artifact = await imageArtifact(someImage(), { deviceTypes: ["another-board"] });
    const report = await machine.device.update(artifact);

    expect(report).toMatchObject({ outcome: "rejected", code: "artifact-incompatible" });
    expect((await machine.content("b")).equals(before)).toBe(true);
  });

  test("is not what a device installs that does not know which slot runs", async () => {
    machine = await aMachine("grub");
    await machine.boot();
    await writeFile(machine.fileOf("cmdline"), "quiet ro\n");
    await machine.startAgent();

    expect(machine.log.entries.map(({ event }) => event)).toContain("system-slots-unusable");
    expect(await machine.device.runner.payloadTypes()).not.toContain("rootfs-image");
    const report = await machine.device.update(await imageArtifact(someImage()));
    expect(report).toMatchObject({ code: "payload-type-unsupported" });
  });
});

test("a system on trial whose agent lost its state goes back, also when the agent dies before the restart", async () => {
  machine = await aMachine("grub");
  await machine.start();
  const { slots } = machine;
  const image = someImage();
  const sha256 = createHash("sha256").update(image).digest("hex");
  const filled = await slots?.installer.write({
    content: one(image),
    sizeBytes: image.length,
    sha256,
  });
  if (filled === undefined || slots === undefined) throw new Error("there are slots");
  await slots.installer.arm(filled, 2);

  expect(await machine.boot()).toBe("b");
  await expect(machine.startAgent()).rejects.toThrow("on trial");
  expect(machine.device.reboots).toEqual([2]);
  // The mark is gone by now, but not the restart that is owed.
  expect(await machine.slots?.boot.read()).toMatchObject({ trial: null });
  await expect(machine.startAgent()).rejects.toThrow("on trial");
  expect(machine.device.reboots).toEqual([2, 2]);

  expect(await machine.start()).toBe("a");
  expect(machine.device.reboots).toEqual([2, 2]);
});

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
