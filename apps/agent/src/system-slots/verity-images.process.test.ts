import { spawnSync } from "node:child_process";
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aVerityImage, VERITYSETUP } from "../installers/verity.fixture.ts";
import type { Verity } from "../installers/verity.ts";
import { buildArtifact, offerOf, PATIENT } from "../update-runner/device.fixture.ts";
import { aMachine, SLOT_BYTES, someImage, type Machine } from "./machine.fixture.ts";

const EARLY = fileURLToPath(new URL("../../boot-integration/verity/moult-verity", import.meta.url));

let machine: Machine;
beforeEach(async () => {
  machine = await aMachine("grub");
  await machine.start();
});
afterEach(() => machine.close());

const artifactOf = (name: string, image: Uint8Array, verity?: Verity) =>
  buildArtifact({
    name,
    type: "rootfs-image",
    files: { "rootfs.ext4": image },
    ...(verity === undefined ? {} : { metaData: { verity: { ...verity } } }),
  });

/** Brings a system into the spare slot and lets it prove itself. */
async function update(...release: Parameters<typeof artifactOf>): Promise<void> {
  const artifact = await artifactOf(...release);
  const { device } = machine;
  device.server.artifacts.set(artifact.sha256, artifact.bytes);
  const before = device.reboots.length;
  await device.runner.offer(offerOf(artifact));
  await expect.poll(() => device.reboots.length, PATIENT).toBe(before + 1);
  await machine.start();
  await device.runner.idle();
  expect(device.finished()).toMatchObject({ outcome: "succeeded" });
}

/** What the initrd's script finds in a slot. */
const noteIn = (slot: "a" | "b") => spawnSync(EARLY, [machine.fileOf(slot)], { encoding: "utf8" });

function verifies(slot: "a" | "b"): boolean {
  const [rootHash = "", hashOffset = ""] = noteIn(slot).stdout.trim().split(" ");
  const file = machine.fileOf(slot);
  const args = ["verify", `--hash-offset=${hashOffset}`, file, file, rootHash];
  return spawnSync(VERITYSETUP, args).status === 0;
}

test("the root hash of an image is found at its slot's end, and finds a block that changed; the next image has its own or none", async () => {
  const { image, verity } = aVerityImage(280);
  await update("system-2", image, verity);
  expect(noteIn("b").stdout).toBe(`${verity.rootHash} ${verity.hashOffset}\n`);
  expect(verifies("b")).toBe(true);

  const slot = await open(machine.fileOf("b"), "r+");
  await slot.write(Buffer.of((image[200_000] ?? 0) ^ 1), 0, 1, 200_000);
  await slot.close();
  expect(verifies("b")).toBe(false);

  await update("system-3", someImage(SLOT_BYTES / 2));
  await update("system-4", someImage(SLOT_BYTES / 2));
  expect(noteIn("b")).toMatchObject({ status: 1, stdout: "" });
});

test("an image that leaves no room for the note of its tree, or has another tree, is not put on trial", async () => {
  const full = aVerityImage(SLOT_BYTES / 4_096 - 5);
  expect(full.image.length).toBe(SLOT_BYTES);
  const other = aVerityImage(100);
  for (const [name, image, verity, code] of [
    ["system-2", full.image, full.verity, "slot-too-small"],
    [
      "system-3",
      other.image,
      { ...other.verity, rootHash: full.verity.rootHash },
      "payload-refused",
    ],
  ] as const)
    expect(await machine.device.update(await artifactOf(name, image, verity))).toMatchObject({
      code,
    });
  expect(await machine.boot()).toBe("a");
  expect(await machine.slots?.boot.read()).toMatchObject({ trial: null });
});
