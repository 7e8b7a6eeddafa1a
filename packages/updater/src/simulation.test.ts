import { describe, expect, test } from "vitest";
import type { Scenario } from "./scenario.fixture.ts";
import { BRAIN, simulate, type Brain } from "./simulated-device.fixture.ts";
import type { UpdateState } from "./update-state.ts";

const SEEDS = 3_000;

function firstBroken(brain: Brain, seeds: number): { seed: number; invariant: string } | null {
  for (let seed = 0; seed < seeds; seed += 1) {
    const { broken } = simulate(seed, brain);
    if (broken !== null) return { seed, invariant: broken.invariant };
  }
  return null;
}

describe("in a simulated world", () => {
  test("every seed keeps every invariant and settles", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const { broken, outcomes } = simulate(seed);
      if (broken !== null)
        expect.fail(
          `seed ${seed}: ${broken.invariant} (${broken.detail})\n${broken.trace.join("\n")}`,
        );
      for (const outcome of outcomes) seen.add(outcome);
    }

    // A simulation that never sees an outcome proves nothing about it.
    expect([...seen].toSorted()).toEqual([
      "aborted",
      "failed",
      "rejected",
      "rolled-back",
      "succeeded",
    ]);
  });

  const CALM: Scenario = {
    reboot: "none",
    supportsRollback: true,
    failures: {},
    cut: 0,
    agentOnly: 0,
    fallback: 0,
    serverDown: 0,
    held: 0,
    withdraw: 0,
    attemptsMax: 1,
    cutAfterSaves: new Set(),
  };

  test.each<[string, Partial<Scenario>]>([
    ["an application", { reboot: "none" }],
    ["a system update", { reboot: "system" }],
    ["a module that reboots by itself", { reboot: "installer" }],
    ["an application that is never healthy", { failures: { "check-health": 1 } }],
    ["a system that is never healthy", { reboot: "system", failures: { "check-health": 1 } }],
    ["an installer that cannot roll back", { supportsRollback: false, failures: { commit: 1 } }],
    ["a rollback that fails", { failures: { commit: 1, "roll-back": 1 } }],
  ])(
    "power may be cut after each saved state, and again after any later one, of %s",
    (_, parts) => {
      const scenario = { ...CALM, ...parts };
      const { saves } = simulate(1, BRAIN, scenario);
      expect(saves).toBeGreaterThan(8);

      for (let first = 1; first <= saves; first += 1)
        for (let second = first; second <= saves + 10; second += 1) {
          const cutAfterSaves = new Set([first, second]);
          const { broken } = simulate(1, BRAIN, { ...scenario, cutAfterSaves });
          if (broken !== null)
            expect.fail(
              `cuts after saves ${first} and ${second}: ${broken.invariant} (${broken.detail})\n${broken.trace.join("\n")}`,
            );
        }
    },
  );
});

/** A brain that goes wrong in one place. */
function planted(
  wrong: (before: UpdateState, after: UpdateState, event: string) => UpdateState,
): Brain {
  return {
    ...BRAIN,
    next: (state, event, facts) => {
      const after = BRAIN.next(state, event, facts);
      return wrong(state, after, event.kind);
    },
  };
}

describe("the simulation finds a planted bug:", () => {
  test.each<[string, string, Brain]>([
    [
      "a trial whose deadline passes is committed",
      "nothing is committed without health, the server and health again",
      planted((before, after, event) =>
        before.kind === "proving" && event === "deadline-passed"
          ? { ...after, kind: "committing", job: before.job }
          : after,
      ),
    ],
    [
      "a commit that was interrupted is taken for done",
      "success means that this artifact is the committed one",
      planted((before, after, event) =>
        before.kind === "committing" && event === "started"
          ? { ...before, kind: "leaving-commit", running: before.job.artifact.runningAfter }
          : after,
      ),
    ],
    [
      "a start forgets to report",
      "every attempt gets exactly one outcome",
      planted((before, after, event) =>
        before.kind === "cleaning-up" && event === "started"
          ? {
              kind: "idle",
              running: before.running,
              lastAssignment:
                before.update.kind === "assignment"
                  ? { assignmentId: before.update.assignmentId, attempt: before.update.attempt }
                  : null,
            }
          : after,
      ),
    ],
    [
      "an offer that was finished is taken again",
      "a report keeps its number",
      planted((_, after) => (after.kind === "idle" ? { ...after, lastAssignment: null } : after)),
    ],
    [
      "a failed rollback is taken for one that worked",
      "rolled back means that the old software runs",
      planted((before, after) =>
        before.kind === "rolling-back" && after.kind === "failing"
          ? {
              ...after,
              job: { ...after.job, verdict: { ...after.job.verdict, rollback: "succeeded" } },
            }
          : after,
      ),
    ],
    [
      "an interrupted installation starts over for ever",
      "every run settles",
      planted((before, after, event) =>
        before.kind === "verifying-rollback" && event === "effect-failed"
          ? { ...before, job: { ...before.job, steps: 0 } }
          : after,
      ),
    ],
    [
      "a withdrawn offer is dropped when it is half installed",
      "a refused or aborted update installed nothing",
      planted((before, after, event) =>
        before.kind === "activating" && event === "withdrawn"
          ? {
              kind: "cleaning-up",
              running: before.running,
              lastAssignment: before.lastAssignment,
              update: before.job.update,
              artifact: before.job.artifact,
              sequence: before.job.sequence,
              steps: before.job.steps,
              verdict: { failure: { code: "withdrawn", detail: "" }, rollback: "none" },
            }
          : after,
      ),
    ],
  ])("%s", (_, invariant, brain) => {
    expect(firstBroken(brain, 1_000)).toMatchObject({ invariant });
  });
});
