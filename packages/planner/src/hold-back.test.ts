import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { assignment, deployment, device, facts, planOf, version } from "./facts.fixture.ts";
import { newDevice, startFleet } from "./fleet.fixture.ts";
import { heldBackAbout, heldBackFrom, isHeldBack } from "./hold-back.ts";
import { checkIn, end, operate, remove, wait, type Fleet } from "./memory-fleet.ts";
import { placeOf, PLACES } from "./place.ts";

const SALT = 7;
/** The last of all places, and the first. */
const drawAt = (place: number): number => {
  for (let draw = 1; ; draw += 1)
    if (Math.abs(placeOf(draw, SALT) - place) < PLACES / 1_000) return draw;
};
const LAST = device({ draw: drawAt(PLACES - 1) });
const FIRST = device({ draw: drawAt(0) });

test("the last places of a deployment are held back, say so, and leave the device to an older one", () => {
  const holding = deployment({ number: 2, version: version("3.0"), holdBackPercent: 10 });
  const older = deployment({ number: 1 });
  expect(decide(facts({ device: LAST, candidates: [holding] }))).toMatchObject({
    kind: "wait",
    reasons: [{ kind: "held-back-share", deploymentId: holding.id, percent: 10 }],
    until: null,
  });
  expect(decide(facts({ device: LAST, candidates: [holding, older] }))).toMatchObject({
    kind: "offer",
    deployment: { id: older.id },
  });
  expect(decide(facts({ device: FIRST, candidates: [holding] }))).toMatchObject({ kind: "offer" });
});

test("who is held back by an older deployment is not told that a newer one took it over", () => {
  const newer = deployment({ number: 2, version: version("3.0"), stage: 0, isTarget: true });
  const holding = deployment({ number: 1, holdBackPercent: 10 });
  const waiting = decide(
    facts({
      device: LAST,
      candidates: [{ ...newer, plan: planOf({ limits: { concurrentMax: 1 } }) }, holding].map(
        (one, index) => (index === 0 ? { ...one, tally: { ...one.tally, open: 1 } } : one),
      ),
    }),
  );
  expect(waiting).toMatchObject({ reasons: [{ kind: "concurrent-limit" }] });
  expect(waiting.kind === "wait" ? waiting.reasons : []).toHaveLength(1);
});

test("a device that is sent ahead is held back all the same, and one that was admitted goes on", () => {
  const holding = deployment({ holdBackPercent: 10, isForced: true });
  expect(decide(facts({ device: LAST, candidates: [holding] }))).toMatchObject({
    reasons: [{ kind: "held-back-share" }],
  });
  const admitted = { ...holding, isForced: false, assignment: assignment() };
  expect(decide(facts({ device: LAST, candidates: [admitted] }))).toMatchObject({ kind: "offer" });
});

test("about as many are held back as the share says, whatever the salt", () => {
  for (const salt of [1, 77, 1_000_003])
    for (const percent of [1, 10, 50]) {
      const of = deployment({ salt, holdBackPercent: percent });
      // Neighbouring draws are no sample of devices, whose draws are random; these lie far apart.
      const draws = Array.from({ length: 10_000 }, (_, index) => 1 + index * 214_741);
      const held = draws.filter((draw) => isHeldBack(of, draw)).length;
      expect(Math.abs(held - heldBackAbout(draws.length, percent))).toBeLessThan(150);
    }
});

const draw = fc.integer({ min: 1, max: PLACES - 1 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("check-in"), at: fc.nat() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("succeeded", "succeeded", "failed", "silent"),
      at: fc.nat(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("force", "remove"), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("join"), at: draw }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function act(fleet: Fleet, { kind, at }: Step): void {
  if (kind === "join") {
    if (fleet.devices.every((one) => one.draw !== at)) fleet.devices.push(newDevice(at));
    return;
  }
  const own = fleet.devices[at % fleet.devices.length];
  if (own === undefined) return;
  if (kind === "check-in") checkIn(fleet, own);
  else if (kind === "force") own.isForced = true;
  else if (kind === "remove") remove(fleet, own);
  else end(fleet, own, kind, null);
}

test("nobody who is held back is ever offered anything, and a deployment is over without them", () => {
  fc.assert(
    fc.property(
      fc.record({
        salt: draw,
        draws: fc.uniqueArray(draw, { minLength: 1, maxLength: 20 }),
        percent: fc.constantFrom(5, 30, 90),
        first: fc.constantFrom({ percent: 10 }, { count: 2 }),
        steps: fc.array(step, { maxLength: 80 }),
      }),
      ({ salt, draws, percent, first, steps }) => {
        const plan = planOf({ stages: [{ size: first }, { size: { remaining: true } }] });
        const fleet: Fleet = { ...startFleet(plan, salt, draws), holdBackPercent: percent };
        const isHeld = (of: number) => placeOf(of, salt) >= heldBackFrom(percent);
        for (const one of steps) {
          act(fleet, one);
          for (const own of fleet.devices) if (isHeld(own.draw)) expect(own.assignment).toBeNull();
        }
        // Who joins a deployment that is finished has missed it.
        if (fleet.state === "finished") return;
        for (let round = 0; round < 20; round += 1) {
          operate(fleet, "pause");
          operate(fleet, "resume");
          for (const own of fleet.devices) {
            checkIn(fleet, own);
            end(fleet, own, "succeeded", null);
          }
          wait(fleet, 1_000);
        }
        const others = fleet.devices.filter((one) => one.isMember && !isHeld(one.draw));
        for (const own of others) expect(own.assignment?.state).toBe("closed");
        if (others.length > 0) expect(fleet.state).toBe("finished");
        for (const own of fleet.devices) if (isHeld(own.draw)) expect(own.runs).toBe("1.0");
      },
    ),
    { numRuns: 200 },
  );
});
