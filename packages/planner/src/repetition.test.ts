import { DAY_MS, instant, later } from "@moult/base";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import {
  artifact,
  artifactId,
  deployment,
  deploymentId,
  device,
  facts,
  NOW,
} from "./facts.fixture.ts";
import type { PastUpdate } from "./facts.ts";

/** Newest first; `day` days ago. */
const was = (outcome: PastUpdate["outcome"], day: number, changes: Partial<PastUpdate> = {}) => ({
  deploymentId: deploymentId(100 + day),
  from: "1.0",
  artifactId: artifactId(1),
  outcome,
  endedAt: instant(NOW - day * DAY_MS),
  ...changes,
});
const decided = (past: readonly PastUpdate[], isForced = false, now = NOW) =>
  decide(facts({ now, candidates: [deployment({ past, isForced })] }));

test("a device that rolled back from a release in two deployments is not offered it by a third", () => {
  const past = [was("rolled-back", 1), was("rolled-back", 400)];
  expect(decided(past.slice(0, 1))).toMatchObject({ kind: "offer" });
  expect(decided(past)).toMatchObject({
    kind: "wait",
    reasons: [{ kind: "boot-loop", version: "2.0", deployments: 2 }],
    until: null,
  });
  expect(decided(past, true)).toMatchObject({ kind: "offer" });
});

test("another build, or one that held meanwhile, begins anew", () => {
  expect(
    decided([was("rolled-back", 1), was("rolled-back", 2, { artifactId: artifactId(9) })]),
  ).toMatchObject({ kind: "offer" });
  expect(
    decided([
      was("rolled-back", 1),
      was("succeeded", 2, { from: "1.5" }),
      was("rolled-back", 3),
      was("rolled-back", 4),
    ]),
  ).toMatchObject({ kind: "offer" });
});

test("a device that was brought there and came back twice within a week stays, until the week is over", () => {
  const past = [was("succeeded", 1), was("succeeded", 5)];
  const until = later(NOW, 2 * DAY_MS);
  expect(decided(past)).toMatchObject({
    kind: "wait",
    reasons: [{ kind: "flip-flop", version: "2.0", runs: "1.0", times: 2 }],
    until,
  });
  expect(decided(past, true)).toMatchObject({ kind: "offer" });
  expect(decided(past, false, instant(until - 1)).kind).toBe("wait");
  expect(decided(past, false, until)).toMatchObject({ kind: "offer" });
});

test("a third return within the week holds it for longer", () => {
  const past = [was("succeeded", 1), was("succeeded", 2), was("succeeded", 5)];
  expect(decided(past)).toMatchObject({
    reasons: [{ kind: "flip-flop", times: 3 }],
    until: later(NOW, 5 * DAY_MS),
  });
});

test.each([
  ["from another version", [was("succeeded", 1), was("succeeded", 2, { from: "0.9" })]],
  ["from nobody knows what", [was("succeeded", 1, { from: null }), was("succeeded", 2)]],
  ["long ago", [was("succeeded", 1), was("succeeded", 8)]],
])("being brought there %s is no contest", (_case, past) => {
  expect(decided(past)).toMatchObject({ kind: "offer" });
});

test("neither is asked of a device that runs the release, or has no artifact to take", () => {
  const past = [was("rolled-back", 1), was("rolled-back", 2)];
  const running = device({ running: { artifactName: "2.0", provides: {} } });
  expect(decide(facts({ device: running, candidates: [deployment({ past })] }))).toMatchObject({
    kind: "close-as-already-running",
  });
  const other = artifact({ depends: { "rootfs-image.version": ["0.1"] } });
  expect(decide(facts({ candidates: [deployment({ past, artifacts: [other] })] }))).toMatchObject({
    reasons: [{ kind: "depends-unmet" }],
  });
});
