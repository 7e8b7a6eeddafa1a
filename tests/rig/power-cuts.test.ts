import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GRUB } from "../../tools/rig/boards/grub.ts";
import { runRig } from "../../tools/rig/campaign/run-rig.ts";
import { buildImages, type RigImages } from "../../tools/rig/image/build-images.ts";

// A short run of what `make rig` does at length. docs/proof/power-cuts.md says what is looked at.

const SAID: string[] = [];
const say = (line: string): void => {
  SAID.push(line);
};

let folder: string;
let images: RigImages;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-rig-"));
  images = buildImages(GRUB, say, { only: ["rig-1", "rig-2", "rig-4"] });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("a device from the factory takes an update, stands power cuts with writes pending, and takes an update again", async () => {
  const { tally, findings } = await runRig({
    folder,
    images,
    seed: 11,
    cuts: 3,
    atomBytes: 512,
    isVolatile: false,
    say,
  });

  expect({ findings, said: findings.length > 0 ? SAID : [] }).toEqual({ findings: [], said: [] });
  expect(tally.cuts).toBe(3);
  expect(tally.confirmations).toBeGreaterThanOrEqual(2);
  expect(tally.environment.states).toBeGreaterThan(tally.environment.writes);
  // The emulated disk said that it has a cache, and Linux flushed it.
  expect(tally.disk.flushes).toBeGreaterThan(0);
});
