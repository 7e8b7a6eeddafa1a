import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { buildArtifact, PATIENT } from "../update-runner/device.fixture.ts";
import { aMachine, someImage, type Machine } from "./machine.fixture.ts";

// A system from a file or a stick, on a machine that no server knows.

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let machine: Machine;
let image: Buffer;
beforeEach(async () => {
  machine = await aMachine("grub");
  await machine.start();
  image = someImage();
  const artifact = await buildArtifact({
    name: "system-2",
    type: "rootfs-image",
    files: { "rootfs.ext4": image },
  });
  const file = join(machine.device.root, "stick.mender");
  await writeFile(file, artifact.bytes);
  expect(await machine.device.runner.installFile(file)).toMatchObject({
    kind: "awaiting-decision",
    rebootNeeded: true,
  });
  // Whoever holds the stick restarts the machine.
  expect(machine.device.reboots).toEqual([]);
});
afterEach(() => machine.close());

const choice = () => machine.slots?.boot.read();
const runs = () => machine.device.runner.running().artifactName;

test("a system from a file is started on trial by a person's restart, and kept by their word", async () => {
  expect(await choice()).toEqual({ good: "a", trial: "b", triesLeft: 2 });
  expect(await machine.start()).toBe("b");
  expect(machine.device.runner.state().kind).toBe("awaiting-decision");

  expect(await machine.device.runner.commit()).toMatchObject({
    finished: { outcome: "succeeded", running: { artifactName: "system-2" } },
  });
  expect(await choice()).toEqual({ good: "b", trial: null, triesLeft: 0 });
  expect(await machine.start()).toBe("b");
  expect((await machine.content("b")).subarray(0, image.length).equals(image)).toBe(true);
});

test("without a word of anybody the old system is back after the trial's starts, and cannot be talked into the new one", async () => {
  expect(await machine.start()).toBe("b");
  expect(await machine.start()).toBe("b");
  expect(await machine.start()).toBe("a");

  expect(await machine.device.runner.commit()).toMatchObject({
    finished: { outcome: "rolled-back", verdict: { failure: { code: "commit-failed" } } },
  });
  expect(runs()).toBe("factory-1");
  expect(await choice()).toEqual({ good: "a", trial: null, triesLeft: 0 });
});

test("a person who does not like the new system goes back by a restart", async () => {
  expect(await machine.start()).toBe("b");
  // Ends with the machine's restart.
  void machine.device.runner.rollBack();
  await expect.poll(() => machine.device.reboots, PATIENT).toEqual([2]);

  expect(await machine.start()).toBe("a");
  await machine.device.runner.idle();
  expect(runs()).toBe("factory-1");
  expect(await choice()).toEqual({ good: "a", trial: null, triesLeft: 0 });
});

test("a word before the restart keeps nothing that was not seen running", async () => {
  expect(await machine.device.runner.commit()).toMatchObject({
    finished: { outcome: "rolled-back", verdict: { failure: { code: "commit-failed" } } },
  });
  expect(await choice()).toEqual({ good: "a", trial: null, triesLeft: 0 });
  expect(await machine.start()).toBe("a");
});
