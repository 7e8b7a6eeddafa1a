import { present } from "@moult/base";
import { GroupId, Plan, type StageSize } from "@moult/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkPlan } from "./check-plan.ts";
import { decide } from "./decide.ts";
import { deployment, facts, NO_ONE, NOW, planOf } from "./facts.fixture.ts";
import { newDevice, startFleet } from "./fleet.fixture.ts";
import {
  cancel,
  censusOf,
  checkIn,
  end,
  openNextStage,
  operate,
  remove,
  retry,
  wait,
  type Fleet,
} from "./memory-fleet.ts";
import { nextStageSentence } from "./next-stage.ts";
import { PLACES } from "./place.ts";
import { gateOf, NO_ENDS } from "./stage-gate.ts";
import { lastStage, namedStageCount, shareSizes, stageOfDevice } from "./stage-share.ts";

const LAB = GroupId.parse("0198c0de-0001-7000-8000-000000000001");
const named = { size: { groupId: LAB } };
const queried = { size: { query: "inventory.ring = first" } };
const rest = { size: { remaining: true as const } };
const plan = planOf({ stages: [named, queried, { size: { percent: 10 } }, rest] });

test("stages by group and query come first, and the shares after them hold their devices too", () => {
  expect(shareSizes(plan, 100, [4, 3])).toEqual([4, 7, 10, 100]);
  expect(shareSizes(plan, 50, [4, 3])).toEqual([4, 7, 7, 50]);
  expect(shareSizes(plan, 5, [4, 3])).toEqual([4, 5, 5, 5]);
  expect(shareSizes(plan, 100, [0, 3])).toEqual([0, 3, 10, 100]);
  for (const stages of [
    [{ size: { percent: 10 } }, named, rest],
    [named, { size: { count: 3 } }, queried, rest],
  ])
    expect(Plan.safeParse({ stages }).error?.issues[0]?.message).toContain(
      "come before all others",
    );
  expect(Plan.safeParse({ stages: [named] }).success).toBe(false);
});

test("a device comes in with the first stage that names it, whatever its place, and others by their rank behind", () => {
  const exact = { census: { kind: "exact", eligible: 100, named: [4, 3] }, rank: 8 } as const;
  expect(stageOfDevice(plan, { ...exact, namedStage: 1 }, PLACES - 1)).toBe(1);
  expect(stageOfDevice(plan, { ...exact, namedStage: null }, 1)).toBe(2);
  expect(stageOfDevice(plan, { ...exact, rank: 10 }, 1)).toBe(3);
  const census = {
    kind: "estimated",
    eligible: 10_000,
    named: [400, 100],
    thresholds: [0, 0, 1_000, PLACES],
    belowThreshold: [400, 500, 1_000, 10_000],
  } as const;
  expect(stageOfDevice(plan, { census, rank: null, namedStage: 0 }, PLACES - 1)).toBe(0);
  expect(stageOfDevice(plan, { census, rank: null, namedStage: null }, 999)).toBe(2);
  expect(stageOfDevice(plan, { census, rank: null, namedStage: null }, 1_000)).toBe(3);
});

test("only who is named is offered the release while a stage by group is open", () => {
  const census = { kind: "exact", eligible: 100, named: [4, 3] } as const;
  const of = (namedStage: number | null, rank: number) =>
    decide(facts({ candidates: [deployment({ plan, standing: { census, rank, namedStage } })] }));
  expect(of(0, 2)).toMatchObject({ kind: "offer", claim: { placesMax: 4 } });
  expect(of(1, 4)).toMatchObject({ reasons: [{ kind: "stage-not-reached", admittedInStage: 1 }] });
  expect(of(null, 7)).toMatchObject({
    reasons: [{ kind: "stage-not-reached", admittedInStage: 2 }],
  });
});

test("a stage that names nobody lets no other open by itself, and says what it waits for", () => {
  const gate = { plan, stage: 0, stageOpenedAt: NOW, waived: NO_ENDS, approvals: [] };
  const census = { kind: "exact", eligible: 100, named: [0, 3] } as const;
  expect(gateOf(gate, NO_ONE, census, NOW)).toEqual({ kind: "nobody-named" });
  expect(nextStageSentence({ ...gate, state: "running" }, NO_ONE, census)).toBe(
    "Stage 2 opens once a person opens it: no device of the target is in stage 1.",
  );
  expect(checkPlan(plan, 100, [], [], [0, 3]).map(({ kind }) => kind)).toContain(
    "stage-names-nobody",
  );
  expect(checkPlan(plan, 100, [], [], [4, 3]).map(({ kind }) => kind)).not.toContain(
    "stage-names-nobody",
  );
});

const draw = fc.integer({ min: 1, max: PLACES - 1 });
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("check-in"), at: fc.nat() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom("succeeded", "succeeded", "failed", "rolled-back", "silent"),
      at: fc.nat(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("first", "second", "nobody"), at: fc.nat() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("force", "cancel", "retry", "remove", "leave"),
      at: fc.nat(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("join"), at: draw }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("open", "resume"), at: fc.nat() }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
const STAGE_OF = { first: 0, second: 1, nobody: null } as const;

function act(fleet: Fleet, { kind, at }: Step): void {
  const own = present(fleet.devices[at % fleet.devices.length], "a fleet has devices");
  switch (kind) {
    case "join":
      if (fleet.devices.every((one) => one.draw !== at)) fleet.devices.push(newDevice(at));
      return;
    case "check-in":
      checkInAndCheck(fleet, own);
      return;
    case "first":
    case "second":
    case "nobody":
      own.namedStage = STAGE_OF[kind];
      wait(fleet, 0);
      return;
    case "force":
      own.isForced = true;
      return;
    case "cancel":
      cancel(fleet, own);
      return;
    case "retry":
      retry(fleet, own);
      return;
    case "remove":
      remove(fleet, own);
      return;
    case "leave":
      own.isMember = false;
      wait(fleet, 0);
      return;
    case "open":
      openNextStage(fleet);
      return;
    case "resume":
      operate(fleet, "resume");
      return;
    case "succeeded":
    case "failed":
    case "rolled-back":
    case "silent":
      end(fleet, own, kind, null);
  }
}

function checkInAndCheck(fleet: Fleet, own: Fleet["devices"][number]): void {
  const { stage, plan: given } = fleet;
  const { isForced, namedStage } = own;
  const hadPlace = own.assignment !== null && own.assignment.outcome !== "aborted";
  const decision = checkIn(fleet, own);
  const behind = namedStageCount(given);
  const isNew = decision.kind === "offer" && !isForced && !hadPlace;
  if (isNew && stage < behind)
    expect(namedStage ?? behind, "only who is named comes first").toBeLessThanOrEqual(stage);
  if (isNew && fleet.forcedOffers === 0 && stage < lastStage(given)) {
    const { eligible, named: counts } = censusOf(fleet);
    const { admitted, alreadyRunning, aborted } = fleet.counts;
    expect(admitted + alreadyRunning - aborted, "no share is exceeded").toBeLessThanOrEqual(
      present(shareSizes(given, eligible, counts)[stage], "it is one of the plan"),
    );
  }
  if (decision.kind === "wait" && hadPlace && own.isAccepted)
    expect(decision.reasons[0]?.kind, "who was admitted stays").not.toBe("stage-not-reached");
}

const stages = fc.constantFrom<{ size: StageSize }[]>(
  [named, rest],
  [named, queried, rest],
  [named, { size: { percent: 30 } }, rest],
  [named, queried, { size: { count: 4 } }, { size: { percent: 60 } }, rest],
);

test("whoever comes, goes or changes groups: nobody is admitted by accident, and an empty stage opens none", () => {
  fc.assert(
    fc.property(
      stages,
      draw,
      fc.uniqueArray(draw, { minLength: 2, maxLength: 15 }),
      fc.array(step, { maxLength: 80 }),
      (given, salt, draws, steps) => {
        const fleet = startFleet(
          planOf({ stages: [...given], limits: { concurrentMax: 3 } }),
          salt,
          draws,
        );
        const names = namedStageCount(fleet.plan);
        for (const one of steps) {
          const { stage } = fleet;
          const wasEmpty = stage < names && censusOf(fleet).named?.[stage] === 0;
          act(fleet, one);
          if (one.kind === "open" || fleet.stage === stage) continue;
          // Whoever comes into it by the step is tried first.
          if (wasEmpty) expect(fleet.stage, "an empty stage opens no other").toBe(stage);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("devices whose query is no longer true of them once they are updated do not shrink their stage", () => {
  const fleet = startFleet(planOf({ stages: [queried, rest] }), 7, [1, 2, 3, 4, 5]);
  const [one, two] = fleet.devices as [Fleet["devices"][number], Fleet["devices"][number]];
  one.namedStage = 0;
  two.namedStage = 0;
  expect(checkIn(fleet, one).kind).toBe("offer");
  end(fleet, one, "succeeded", null);
  one.namedStage = null;
  wait(fleet, 0);
  expect([fleet.stage, censusOf(fleet).named]).toEqual([0, [2]]);
  expect(checkIn(fleet, two).kind).toBe("offer");
  end(fleet, two, "succeeded", null);
  expect(fleet.stage).toBe(1);
});
