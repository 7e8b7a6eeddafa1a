import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { findPlanted, levelOf, simulateSeed } from "./campaign.ts";
import { EXHAUSTIVE_CASES, exploreCuts } from "./exhaustive.ts";
import type { FaultLevel } from "./fault-levels.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import regressions from "./regressions.json" with { type: "json" };
import { createImages } from "./release.ts";
import type { Platform } from "./simulate.ts";
import { addTally, emptyTally, type Tally } from "./tally.ts";

const platform: Platform = {
  sha256: (bytes) => createHash("sha256").update(bytes).digest(),
  settle: () => new Promise((resolve) => setImmediate(resolve)),
};
const images = createImages(platform.sha256);

const SEEDS = 72;

/** What the seed's world met; a world that broke an invariant is run again, to show what happened in it. */
async function unbroken(seed: number, level: FaultLevel): Promise<Tally> {
  const { broken, tally } = await simulateSeed({ platform, seed, level, images });
  if (broken === null) return tally;
  const { trace } = await simulateSeed({ platform, seed, level, images, isTraced: true });
  return expect.fail(
    `npm run sim -- --seed ${seed} --level ${level} --trace\n${broken.invariant}: ${broken.detail}\n${trace.slice(-40).join("\n")}`,
  );
}

test("no seed breaks an invariant, and every way to end is met", async () => {
  const tally = emptyTally();
  for (let seed = 0; seed < SEEDS; seed += 1) addTally(tally, await unbroken(seed, levelOf(seed)));

  // A simulation that never sees an outcome, or never cuts power, proves nothing about it.
  expect(Object.keys(tally.outcomes).toSorted()).toEqual([
    "aborted",
    "failed",
    "rejected",
    "rolled-back",
    "succeeded",
  ]);
  expect(tally.powerCuts).toBeGreaterThan(SEEDS);
});

test.each(regressions as readonly { seed: number; level: FaultLevel; showed: string }[])(
  "seed $seed of $level stays whole, which showed $showed",
  async ({ seed, level }) => {
    expect((await unbroken(seed, level)).updates).toBeGreaterThan(0);
  },
);

test("the same seed gives the same run, line by line", async () => {
  const first = await simulateSeed({ platform, seed: 14, isTraced: true });
  const again = await simulateSeed({ platform, seed: 14, isTraced: true });

  expect(again.trace).toEqual(first.trace);
  expect(first.trace.length).toBeGreaterThan(100);
});

test.each(EXHAUSTIVE_CASES.slice(0, 1))(
  "power may go at any moment of an update of $name, whatever the disk makes of it",
  async (what) => {
    const { findings, moments } = await exploreCuts({ platform, what, stride: 8 });

    expect(findings).toEqual([]);
    expect(moments).toBeGreaterThan(100);
  },
);

describe("a planted bug is found:", () => {
  test.each(PLANTED_BUGS)("$name", async ({ name, seed, expected }) => {
    const { found } = await findPlanted(platform, name, 0);

    expect(found, `not in seed ${seed} any more; npm run sim -- --negative finds another`).not.toBe(
      null,
    );
    expect(expected).toContain(found?.invariant);
  });
});
