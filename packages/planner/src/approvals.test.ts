import { later } from "@moult/base";
import { expect, test } from "vitest";
import { advance } from "./advance.ts";
import { decide } from "./decide.ts";
import { explain } from "./explain.ts";
import { deployment, device, facts, NO_ONE, NOW, planOf, version } from "./facts.fixture.ts";
import { approversLeft, lackingApproversSentence } from "./approvals.ts";
import { headlineOf } from "./headline.ts";
import { nextStageSentence } from "./next-stage.ts";
import { gateOf, NO_ENDS } from "./stage-gate.ts";

const census = { kind: "exact", eligible: 10 } as const;
const fourEyes = planOf({ stages: [{ size: { remaining: true }, approvals: { required: 2 } }] });
/** One device, then two people, then all. */
const guarded = planOf({
  stages: [{ size: { count: 1 } }, { size: { remaining: true }, approvals: { required: 2 } }],
});
const behind = { census, rank: 5 };

test("a deployment whose first stage is not approved offers nothing and says who has to say yes", () => {
  const asked = (given: number) =>
    facts({ candidates: [deployment({ plan: fourEyes, approvals: [given] })] });

  expect(decide(asked(1))).toMatchObject({
    kind: "wait",
    reasons: [{ kind: "approval-pending", stage: 0, required: 2, given: 1 }],
    until: null,
  });
  expect(explain(asked(1)).summary).toBe(
    "Stage 1 opens once 2 people have approved it (1 so far).",
  );
  expect(decide(asked(2)).kind).toBe("offer");
});

test("a newer deployment that nobody approved keeps no device from an older one", () => {
  const older = deployment({ number: 1, version: version("1.9") });
  const newer = deployment({ number: 2, plan: fourEyes });

  expect(decide(facts({ candidates: [newer, older] }))).toMatchObject({
    kind: "offer",
    deployment: { number: 1 },
  });
});

test("a device that runs the release is not counted before the first stage is approved", () => {
  const running = device({ running: { artifactName: "2.0", provides: {} } });
  const asked = (approvals: number[]) =>
    decide(facts({ device: running, candidates: [deployment({ plan: fourEyes, approvals })] }));

  expect(asked([])).toMatchObject({ kind: "wait", reasons: [{ kind: "already-running" }] });
  expect(asked([2]).kind).toBe("close-as-already-running");
});

test("a stage that went well waits for approval, and so do the devices whose turn comes in it", () => {
  const counts = { ...NO_ONE, admitted: 1, succeeded: 1 };
  const at = (approvals: number[]) => ({
    plan: guarded,
    stage: 0,
    stageOpenedAt: NOW,
    waived: NO_ENDS,
    approvals,
  });

  expect(gateOf(at([0, 1]), counts, census, NOW)).toEqual({
    kind: "waits-for-approval",
    required: 2,
    given: 1,
  });
  expect(gateOf(at([0, 2]), counts, census, NOW)).toEqual({ kind: "open" });
  const progress = { ...at([0, 1]), state: "running" } as const;
  const numbers = { counts, census, isAnyoneLeft: true };
  expect(advance(progress, numbers, later(NOW, 1_000_000))).toEqual([]);
  expect(advance({ ...progress, approvals: [0, 2] }, numbers, NOW)).toEqual([
    { kind: "stage-advanced", stage: 1 },
  ]);
  const waiting = deployment({ plan: guarded, tally: counts, standing: behind, approvals: [0, 1] });
  expect(decide(facts({ candidates: [waiting] }))).toMatchObject({
    reasons: [{ kind: "approval-pending", stage: 1, required: 2, given: 1 }],
    until: null,
  });
});

test("a device that is sent ahead passes gates and limits, and never people who have not said yes", () => {
  const ahead = (approvals: number[]) =>
    decide(
      facts({
        candidates: [deployment({ plan: guarded, isForced: true, standing: behind, approvals })],
      }),
    );

  expect(ahead([0, 1])).toMatchObject({ reasons: [{ kind: "approval-pending", stage: 1 }] });
  expect(ahead([0, 2])).toMatchObject({
    kind: "offer",
    claim: { openMax: null, placesMax: null, approvedMin: 2 },
  });
  const first = deployment({ plan: guarded, isForced: true, standing: { census, rank: 0 } });
  expect(decide(facts({ candidates: [first] })).kind).toBe("offer");
});

test("what is waited for is said where the deployment stands", () => {
  const at = { plan: fourEyes, stage: 0, stageOpenedAt: NOW, waived: NO_ENDS, approvals: [1] };
  const pendingApproval = { stage: 0, required: 2, given: 1 };
  const stands = { state: "running", stage: 0, plan: fourEyes, trip: null } as const;

  expect(nextStageSentence({ ...at, state: "running" }, NO_ONE, census)).toBe(
    "Stage 1 opens once 2 people have approved it (1 so far).",
  );
  expect(nextStageSentence({ ...at, plan: guarded, state: "running" }, NO_ONE, census)).toBe(
    "Stage 2 opens when 1 device has succeeded (0 so far), once 2 people have approved it (0 so far).",
  );
  const tally = { ...NO_ONE, eligible: 10 };
  expect(headlineOf({ ...stands, tally, version: version("2.0"), pendingApproval })).toBe(
    "Begins once 2 people have approved it (1 so far).",
  );
});

test("people who left, or never were named, are not among those who could still approve", () => {
  const ada = "ada@example.org";
  const named = planOf({
    stages: [
      { size: { remaining: true }, approvals: { required: 2, from: [ada, "bob@example.org"] } },
    ],
  });
  const left = (plan: typeof named, approvers: string[], givenBy: string[] = []) =>
    approversLeft(plan, { stage: 0 }, { approvers, givenBy });

  expect(left(named, [ada, "cy@example.org"])).toBe(1);
  expect(left(named, [ada, "cy@example.org"], [ada])).toBe(0);
  expect(left(fourEyes, [ada, "cy@example.org"], [ada])).toBe(1);
  expect(lackingApproversSentence({ required: 2, given: 0 }, 2)).toBeNull();
  expect(lackingApproversSentence({ required: 2, given: 1 }, 0)).toMatch(/^Nobody is left/);
  expect(lackingApproversSentence({ required: 3, given: 1 }, 1)).toMatch(/^Only 1 of 2 are left/);
});
