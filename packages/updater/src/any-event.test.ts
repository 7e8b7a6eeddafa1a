import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Effect } from "./effect.ts";
import { effects } from "./effects.ts";
import { KnownFailureCode } from "./failure-code.ts";
import { LIFE_CYCLE } from "./life-cycle.ts";
import { STEPS_MAX, next } from "./next.ts";
import { reportOf } from "./report-of.ts";
import { readSavedState, saveableState } from "./saved-state.ts";
import type { UpdateEvent, UpdateFacts } from "./update-event.ts";
import { OLD, anArtifact, anUpdate, standalone, stateOf } from "./update-state.fixture.ts";
import { initialState, type Job, type UpdateState } from "./update-state.ts";

const KINDS = Object.keys(LIFE_CYCLE) as readonly UpdateState["kind"][];
const EFFECTS: readonly Effect["kind"][] = [
  ...new Set([
    ...Object.values(LIFE_CYCLE).flatMap((row) => row.effects),
    "await-deadline" as const,
  ]),
];

const failure = fc.record({
  code: fc.constantFrom(...KnownFailureCode.options),
  detail: fc.string({ maxLength: 2_000 }),
});
const toldWindows = { install: [{ fromMs: 1_000, untilMs: 2_000 }], reboot: [] };
const update = fc.constantFrom(
  anUpdate(1),
  { ...anUpdate(1), windows: toldWindows },
  anUpdate(2),
  standalone,
);
const artifact = fc.constant(anArtifact);
const reboots = fc.array(
  fc.constantFrom("none" as const, "installer" as const, "system" as const),
  {
    maxLength: 3,
  },
);
const holds = fc.array(
  fc.record({
    code: fc.constantFrom(
      "busy",
      "driving",
      "battery-low",
      "consent-needed",
      "outside-window",
      "oven-hot",
    ),
    detail: fc.string({ maxLength: 200 }),
  }),
  { maxLength: 8 },
);

const event: fc.Arbitrary<UpdateEvent> = fc.oneof(
  fc.constantFrom<UpdateEvent>(
    { kind: "started" },
    { kind: "withdrawn" },
    { kind: "consented" },
    { kind: "declined" },
    { kind: "activated" },
    { kind: "verified" },
    { kind: "health-passed" },
    { kind: "server-reached" },
    { kind: "deadline-passed" },
    { kind: "commit-requested" },
    { kind: "rollback-requested" },
    { kind: "committed" },
    { kind: "commit-left" },
    { kind: "rollback-rebooted" },
    { kind: "rollback-verified" },
    { kind: "failure-handled" },
    { kind: "cleaned-up" },
  ),
  fc.record({ kind: fc.constant("offered" as const), update }),
  fc.record({
    kind: fc.constant("readiness" as const),
    before: fc.constantFrom("download" as const, "install" as const, "reboot" as const),
    holds: fc.oneof(fc.constant([]), holds),
  }),
  fc.record({
    kind: fc.constant("download-progressed" as const),
    percent: fc.double({ min: -10, max: 200, noNaN: true }),
  }),
  fc.record({ kind: fc.constant("downloaded" as const), artifact }),
  fc.record({ kind: fc.constant("unpacked" as const), supportsRollback: fc.boolean() }),
  fc.record({ kind: fc.constant("installed" as const), reboots }),
  fc.record({ kind: fc.constant("rolled-back" as const), reboots }),
  fc.record({ kind: fc.constant("reported" as const), sequence: fc.nat(20) }),
  fc.record({
    kind: fc.constant("effect-failed" as const),
    effect: fc.constantFrom(...EFFECTS),
    failure,
  }),
);

const facts: fc.Arbitrary<UpdateFacts> = fc.record({
  monotonicMs: fc.nat(10 ** 9),
  bootId: fc.constantFrom("boot-1", "boot-2"),
  confirmTimeoutMs: fc.nat(10 ** 6),
  holdMsMax: fc.nat(10 ** 9),
});

const job: fc.Arbitrary<Partial<Job>> = fc.record({
  update,
  supportsRollback: fc.boolean(),
  reboots,
  sequence: fc.nat(20),
  steps: fc.nat(STEPS_MAX),
  rollbacks: fc.nat(5),
  verdict: fc.record({
    failure,
    rollback: fc.constantFrom("running", "succeeded", "failed", "impossible"),
  }),
});

const anyState: fc.Arbitrary<UpdateState> = fc
  .tuple(fc.constantFrom(...KINDS), job)
  .map(([kind, parts]) => stateOf(kind, parts));

const stepsOf = (state: UpdateState): number =>
  "job" in state ? state.job.steps : state.kind === "cleaning-up" ? state.steps : 0;

const sequenceOf = (state: UpdateState): number =>
  state.kind === "idle" ? 0 : "job" in state ? state.job.sequence : state.sequence;

/** What must be true of any event in any state, and of the state that follows. */
function checkStep(before: UpdateState, told: UpdateEvent, now: UpdateFacts): UpdateState {
  const after = next(before, told, now);
  effects(after);
  if (after === before) return after;

  const saved: unknown = JSON.parse(JSON.stringify(saveableState(after)));
  expect(readSavedState(saved)).toEqual({ kind: "read", state: after });
  if ("job" in after) {
    const isWaitingOn = "holds" in after && after.kind === before.kind;
    expect(after.job.steps).toBe(stepsOf(before) + (isWaitingOn ? 0 : 1));
    expect(after.job.steps).toBeLessThanOrEqual(STEPS_MAX);
  }
  if (after.kind === "cleaning-up") expect(after.steps).toBeGreaterThan(0);
  if (after.kind === "idle") return after;
  // A report has a number of its own; what is told again has the same.
  const numbers = sequenceOf(after) - sequenceOf(before);
  expect(numbers).toBeGreaterThanOrEqual(0);
  expect(numbers).toBeLessThanOrEqual(1);
  if (numbers === 1) expect(reportOf(after)).toBeDefined();
  return after;
}

test("any event in any state is decided: nothing, or a state that can be saved, read and counted", () => {
  fc.assert(
    fc.property(anyState, event, facts, (state, told, now) => {
      checkStep(state, told, now);
    }),
    { numRuns: 20_000 },
  );
});

test("no row of events, however it goes, comes to a state that cannot be gone on with", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(event, facts), { maxLength: 60 }), (history) => {
      let state: UpdateState = initialState(OLD);
      for (const [told, now] of history) state = checkStep(state, told, now);
    }),
    { numRuns: 2_000 },
  );
});
