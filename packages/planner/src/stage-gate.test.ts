import { later, SECOND_MS } from "@moult/base";
import type { Stage } from "@moult/model";
import type * as z from "zod";
import { expect, test } from "vitest";
import { advance } from "./advance.ts";
import { NO_ONE, NOW, planOf } from "./facts.fixture.ts";
import { nextStageSentence } from "./next-stage.ts";
import { gateOf, NO_ENDS, opensByTimeAt, type GateFacts } from "./stage-gate.ts";

const HOUR = 3_600;
const census = { kind: "exact", eligible: 100 } as const;
const after = (seconds: number) => later(NOW, seconds * SECOND_MS);

const stageOf = (rule: z.input<typeof Stage>["advance"]): GateFacts => ({
  plan: planOf({
    stages: [{ size: { percent: 10 }, advance: rule }, { size: { remaining: true } }],
  }),
  stage: 0,
  stageOpenedAt: NOW,
  waived: NO_ENDS,
  approvals: [],
});
const counts = (changes: Partial<typeof NO_ONE>) => ({ ...NO_ONE, ...changes });

test("a stage that went well still waits for its time, and says when that is over", () => {
  const facts = stageOf({ afterSeconds: 2 * HOUR });
  const done = counts({ succeeded: 10 });

  const gate = gateOf(facts, done, census, after(HOUR));

  expect(gate).toEqual({ kind: "too-soon", opensAt: after(2 * HOUR) });
  expect(opensByTimeAt(gate, facts)).toBe(after(2 * HOUR));
  expect(gateOf(facts, done, census, after(2 * HOUR))).toEqual({ kind: "open" });
  expect(gateOf(facts, counts({ succeeded: 9 }), census, after(9 * HOUR)).kind).toBe(
    "successes-missing",
  );
});

test("after its longest wait a stage is judged by those of its devices that were reached", () => {
  const facts = stageOf({ successPercent: 90, maxWaitSeconds: 24 * HOUR });
  const five = counts({ admitted: 6, succeeded: 5, silent: 1 });
  const at = (hours: number, of = five) => gateOf(facts, of, census, after(hours * HOUR));

  expect(at(23)).toEqual({
    kind: "successes-missing",
    succeeded: 5,
    needed: 9,
    opensAt: after(24 * HOUR),
  });
  expect(at(24)).toEqual({ kind: "open" });
  // Who is in the update was reached, and who failed was too.
  expect(at(24, counts({ succeeded: 5, open: 1 })).kind).toBe("successes-missing");
  expect(at(24, counts({ succeeded: 5, failed: 1 }))).toMatchObject({ opensAt: null });
  // Nobody has tried it: time alone opens nothing.
  expect(at(1_000, counts({ silent: 3 })).kind).toBe("successes-missing");
});

test("a stage with a manual gate waits for a person, however well it went and however long", () => {
  const facts = stageOf({ manual: true, maxWaitSeconds: HOUR });
  const done = counts({ succeeded: 10 });
  const gate = gateOf(facts, done, census, after(100 * HOUR));

  expect(gate).toEqual({ kind: "waits-for-person" });
  expect(opensByTimeAt(gate, facts)).toBeNull();
  const tally = { counts: done, census, isAnyoneLeft: true };
  expect(advance({ ...facts, state: "running" }, tally, after(100 * HOUR))).toEqual([]);
});

test("a stage that opens by itself counts its own time from then on", () => {
  const soak = { advance: { afterSeconds: HOUR } };
  const plan = planOf({
    stages: [
      { size: { count: 1 }, ...soak },
      { size: { count: 2 }, ...soak },
      { size: { remaining: true } },
    ],
  });
  const deployment = { ...stageOf({}), plan, state: "running" } as const;
  const tally = { counts: counts({ alreadyRunning: 5 }), census, isAnyoneLeft: true };

  expect(advance(deployment, tally, after(HOUR))).toEqual([{ kind: "stage-advanced", stage: 1 }]);
});

test.each<[z.input<typeof Stage>["advance"], Partial<typeof NO_ONE>, string]>([
  [{}, { succeeded: 3 }, "Stage 2 opens when 10 devices have succeeded (3 so far)."],
  [{ manual: true }, { succeeded: 10 }, "Stage 2 opens once a person opens it."],
  [{}, { succeeded: 10 }, "Stage 2 opens in a moment."],
  [
    { afterSeconds: HOUR, maxWaitSeconds: 2 * HOUR, manual: true },
    {},
    "Stage 2 opens when 10 devices have succeeded (0 so far; who is not reached by 2027-01-15 10:00 UTC no longer counts), not before 2027-01-15 09:00 UTC, once a person opens it.",
  ],
])("what the next stage waits for is one sentence (%#)", (rule, of, sentence) => {
  expect(nextStageSentence({ ...stageOf(rule), state: "running" }, counts(of), census)).toBe(
    sentence,
  );
});

test("nothing is said of a next stage where there is none, or while the deployment stands still", () => {
  const facts = stageOf({});
  expect(nextStageSentence({ ...facts, state: "paused" }, NO_ONE, census)).toBeNull();
  expect(nextStageSentence({ ...facts, stage: 1, state: "running" }, NO_ONE, census)).toBeNull();
});
