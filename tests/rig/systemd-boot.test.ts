import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { kernelOf, makeSystemdBootMachine } from "./systemd-boot-machine.fixture.ts";

// What the agent's boot control takes for granted of systemd-boot, in the real one under the real firmware.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-systemd-boot-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const started = (output: string): string | undefined => /moult\.slot=([ab])/.exec(output)?.[1];

test("systemd-boot starts slot a without variables, the default slot with one, and a trial once; its file system stays as it was", () => {
  const machine = makeSystemdBootMachine(folder);
  const esp = machine.esp();
  expect(started(machine.start())).toBe("a");

  machine.setEntry("LoaderEntryOneShot", "b");
  expect(started(machine.start())).toBe("b");
  expect(machine.variables().has("LoaderEntryOneShot")).toBe(false);
  expect(started(machine.start())).toBe("a");

  machine.setEntry("LoaderEntryDefault", "b");
  expect(started(machine.start())).toBe("b");
  expect(started(machine.start())).toBe("b");
  expect(machine.esp().equals(esp)).toBe(true);
});

test("a trial whose kernel cannot be loaded has had its start, and the firmware's second entry starts the good slot", () => {
  const broken = kernelOf("b");
  // systemd-boot lists it, and the firmware cannot load an image without a size.
  broken.writeUInt32LE(0, IMAGE_SIZE_OFFSET);
  const machine = makeSystemdBootMachine(folder, { a: kernelOf("a"), b: broken });
  machine.start();
  machine.enterTwice();
  machine.setEntry("LoaderEntryOneShot", "b");
  const output = machine.start();
  expect(output).toContain("Error loading");
  expect(started(output)).toBe("a");
  expect(machine.variables().has("LoaderEntryOneShot")).toBe(false);
});

const IMAGE_SIZE_OFFSET = 0x58 + 56;
