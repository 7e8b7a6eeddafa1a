import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { deployment, device, facts, openAssignment, SAFEGUARD, version } from "./facts.fixture.ts";

test("a release that a safeguard keeps from the device is not offered, and an older deployment may decide", () => {
  const kept = deployment({ number: 2, version: version("3.0"), safeguard: SAFEGUARD });
  const older = deployment({ number: 1 });
  expect(decide(facts({ candidates: [kept] }))).toMatchObject({
    kind: "wait",
    reasons: [{ kind: "safeguard", safeguardId: SAFEGUARD.id, note: SAFEGUARD.note }],
    until: null,
  });
  expect(decide(facts({ candidates: [kept, older] }))).toMatchObject({
    kind: "offer",
    deployment: { id: older.id },
  });
});

test("a safeguard holds also for a device that a person sent ahead", () => {
  const ahead = deployment({ isForced: true, safeguard: SAFEGUARD });
  expect(decide(facts({ candidates: [ahead] }))).toMatchObject({
    reasons: [{ kind: "safeguard" }],
  });
});

test("a device that runs the release already is counted as running it", () => {
  const running = device({ running: { artifactName: "2.0", provides: {} } });
  expect(
    decide(facts({ candidates: [deployment({ safeguard: SAFEGUARD })], device: running })),
  ).toMatchObject({ kind: "close-as-already-running" });
});

test("an offer is taken back when a safeguard is made before the device installs", () => {
  for (const state of ["offered", "downloading"] as const)
    expect(
      decide(facts({ openAssignment: openAssignment({ state, safeguard: SAFEGUARD }) })),
    ).toMatchObject({ kind: "withdraw", cause: "safeguard", into: "retry-pending" });
});
