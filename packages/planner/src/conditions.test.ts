import { canonicalText, present } from "@moult/base";
import type { ReportedContext } from "@moult/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkConditions } from "./check-conditions.ts";
import { meetsConditions } from "./conditions.ts";
import { decide } from "./decide.ts";
import { explain } from "./explain.ts";
import { deployment, device, facts, planOf } from "./facts.fixture.ts";
import { startFleet } from "./fleet.fixture.ts";
import { checkIn, end, factsOf } from "./memory-fleet.ts";
import { recordDecision } from "./recorded-inputs.ts";
import { replay } from "./replay.ts";

const CALM = "context.busy = false AND context.batteryPercent >= 50";
const given = (conditions: string, context: ReportedContext | null, isForced = false) =>
  facts({
    device: device({ context }),
    candidates: [deployment({ plan: planOf({ conditions }), isForced })],
  });

describe("a plan with conditions", () => {
  test.each<[string, ReportedContext | null, boolean]>([
    [CALM, { busy: false, batteryPercent: 50 }, true],
    [CALM, { busy: false, batteryPercent: 45 }, false],
    [CALM, { busy: true, batteryPercent: 100 }, false],
    // What a device does not say is not there.
    [CALM, { busy: false }, false],
    [CALM, {}, false],
    [CALM, null, false],
    ["NOT context.busy = true", null, true],
    ["NOT context.busy = true", { busy: true }, false],
    ["context.onPower != true", {}, false],
    ["context.onPower:*", { onPower: false }, true],
    // As numbers, not as texts.
    ["context.batteryPercent < 100", { batteryPercent: 20 }, true],
    ["context.batteryPercent > 5", { batteryPercent: 10 }, true],
    // Whoever said anything says also whether something is unknown.
    ["context.unknown = false", {}, true],
    ["context.unknown = true", { unknown: "car hangs." }, true],
    ["context.unknown = false", null, false],
    ["context.metered = false OR context.driving = false", { driving: false }, true],
  ])("%s of a device that says %j: %s", (conditions, context, isOffered) => {
    const decision = decide(given(conditions, context));
    expect(decision.kind).toBe(isOffered ? "offer" : "wait");
    // A person who sends it ahead knows better.
    expect(decide(given(conditions, context, true)).kind).toBe("offer");
  });

  test("says which condition is not met and what the device said; time alone does not change it", () => {
    expect(explain(given(CALM, { busy: true, batteryPercent: 40, unknown: "car hangs." }))).toEqual(
      {
        summary:
          "The plan offers the release while context.busy = false AND context.batteryPercent >= 50, and the device says: busy, battery 40 %, some of it unknown.",
        reasons: [
          expect.objectContaining({
            reason: expect.objectContaining({ kind: "condition-unmet" }) as unknown,
          }),
        ],
        earliest: null,
      },
    );
    expect(explain(given(CALM, null)).summary).toMatch(
      /, and the device says nothing of its circumstances\.$/,
    );
  });
});

const PREDICATES = [
  [undefined, () => true],
  [CALM, ({ busy, batteryPercent = 0 }: ReportedContext) => busy === false && batteryPercent >= 50],
  ["NOT context.driving = true", ({ driving }: ReportedContext) => driving !== true],
  [
    "context.onPower = true OR (context.batteryPercent > 20 AND NOT context.metered:*)",
    ({ onPower, batteryPercent = 0, metered }: ReportedContext) =>
      onPower === true || (batteryPercent > 20 && metered === undefined),
  ],
] as const;

const flag = fc.boolean();
const context = fc.option(
  fc.record(
    {
      busy: flag,
      driving: flag,
      metered: flag,
      onPower: flag,
      batteryPercent: fc.integer({ min: 0, max: 20 }).map((steps) => steps * 5),
      unknown: fc.constant("car hangs."),
    },
    { requiredKeys: [] },
  ),
);

test("whatever devices say and when, none is offered a release in circumstances that its plan leaves out", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...PREDICATES),
      fc.array(fc.record({ at: fc.nat(), context, ends: fc.boolean() }), { maxLength: 60 }),
      ([conditions, isMet], steps) => {
        const stages = [{ size: { percent: 30 } }, { size: { remaining: true as const } }];
        const plan = planOf({ stages, conditions, retry: { attemptsMax: 3 } });
        const fleet = startFleet(plan, 7, [1_000, 2_000_000, 3_000_000, 1_000_000_000]);
        for (const step of steps) {
          const one = present(fleet.devices[step.at % fleet.devices.length], "a fleet has devices");
          one.context = step.context;
          const asked = factsOf(fleet, one);
          const decision = checkIn(fleet, one);
          if (decision.kind === "offer") expect(isMet(step.context ?? {})).toBe(true);
          if (decision.kind === "wait") {
            const [first] = decision.reasons;
            if (first?.kind === "condition-unmet") expect(isMet(step.context ?? {})).toBe(false);
            expect(explain(asked).reasons.map(({ reason }) => reason)).toEqual(decision.reasons);
          } else {
            const written: unknown = JSON.parse(canonicalText(recordDecision(asked, decision)));
            expect(replay(written)).toEqual({ kind: "same" });
          }
          if (step.ends) end(fleet, one, "succeeded", null);
        }
      },
    ),
    { numRuns: 200 },
  );
});

describe("the checker of conditions", () => {
  test.each([
    ["context.busy = false", null],
    ["context.batteryPercent > 99", null],
    ["context.batteryPercent > 100", "conditions-never"],
    ["context.batteryPercent < 50 AND context.batteryPercent > 49", "conditions-never"],
    ["context.batteryPercent < 51 AND context.batteryPercent > 49", null],
    ["context.batteryPercent = 5* AND context.batteryPercent > 59", "conditions-never"],
    ["context.busy = true AND context.busy = false", "conditions-never"],
    ["context.busy = true AND NOT context.busy:*", "conditions-never"],
    // A device that says nothing is none of the two.
    ["context.busy = true OR context.busy = false", null],
    ["context.busy = true OR NOT context.busy = true", "conditions-always"],
    ["context.batteryPercent >= 0 OR NOT context.batteryPercent:*", "conditions-always"],
    ["inventory.region = eu", "conditions-invalid"],
    ["context.busy > false", "conditions-invalid"],
    ["context.busy = yes", "conditions-invalid"],
    ["context.batteryPercent >= 101", "conditions-invalid"],
    ["context.moving = true", "conditions-invalid"],
  ])("finds of %s: %s", (conditions, kind) => {
    expect(checkConditions({ conditions }).map((finding) => finding.kind)).toEqual(
      kind === null ? [] : [kind],
    );
  });

  test("tries all that a device could say, of as many conditions as there may be", () => {
    const NAMES = ["busy", "driving", "metered", "onPower", "unknown"];
    const each = Array.from({ length: 26 }, (_, index) => `context.batteryPercent = *${index}*1`);
    const conditions = `${NAMES.map((name) => `context.${name} = true`).join(" AND ")} AND context.batteryPercent > 99 AND (${each.join(" OR ")})`;
    expect(checkConditions({ conditions })).toMatchObject([{ kind: "conditions-never" }]);
  });

  test("agrees with whoever asks one device after the other", () => {
    fc.assert(
      fc.property(fc.constantFrom(...PREDICATES), context, ([conditions, isMet], said) => {
        expect(meetsConditions({ conditions }, said)).toBe(
          conditions === undefined || isMet(said ?? {}),
        );
      }),
    );
  });
});
