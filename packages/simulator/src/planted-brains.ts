import { effects, next, type UpdateEvent, type UpdateState } from "@moult/updater";
import type { PlantedBug } from "./planted-bugs.ts";
import { SHIPPED, type Shipped } from "./shipped.ts";

/** A brain that goes wrong in one place. */
function brain(
  wrong: (before: UpdateState, after: UpdateState, event: UpdateEvent["kind"]) => UpdateState,
): Shipped {
  const planted: typeof next = (state, event, facts) =>
    wrong(state, next(state, event, facts), event.kind);
  return { ...SHIPPED, brain: { next: planted, effects } };
}

/** Bugs in what decides. */
export const PLANTED_BRAINS: readonly PlantedBug[] = [
  {
    name: "commit before health",
    seed: 0,
    expected: ["nothing-unproven-is-confirmed"],
    shipped: brain((before, after) =>
      before.kind === "verifying" && after.kind === "proving"
        ? { ...before, kind: "committing" }
        : after,
    ),
  },
  {
    name: "commit without having reached the server",
    seed: 0,
    expected: ["nothing-unproven-is-confirmed"],
    shipped: brain((before, after) =>
      before.kind === "proving" && after.kind === "proving" && after.stage === "server"
        ? { ...after, stage: "health-again" }
        : after,
    ),
  },
  {
    name: "a trial whose deadline passes is committed",
    seed: 3,
    expected: ["nothing-unproven-is-confirmed"],
    shipped: brain((before, after, event) =>
      before.kind === "proving" && event === "deadline-passed"
        ? { ...after, kind: "committing", job: before.job }
        : after,
    ),
  },
  {
    name: "a trial is given up before its deadline",
    seed: 3,
    expected: ["a-trial-has-its-time"],
    shipped: brain((before, after) =>
      before.kind === "verifying" && after.kind === "proving"
        ? { ...after, deadlineMs: after.deadlineMs - 30_000 }
        : after,
    ),
  },
  {
    name: "an interrupted commit is taken for done",
    seed: 396,
    expected: ["outcomes-are-true"],
    shipped: brain((before, after, event) =>
      before.kind === "committing" && event === "started"
        ? { ...before, kind: "leaving-commit", running: before.job.artifact.runningAfter }
        : after,
    ),
  },
  {
    name: "the outcome is forgotten by a start",
    seed: 1,
    expected: ["server-and-device-agree", "every-run-settles"],
    shipped: brain((before, after, event) =>
      before.kind === "cleaning-up" && event === "started"
        ? { ...idleOf(before), lastAssignment: assignmentOf(before) }
        : after,
    ),
  },
  {
    name: "a failed rollback is taken for one that worked",
    seed: 44,
    expected: ["outcomes-are-true"],
    shipped: brain((before, after) =>
      before.kind === "rolling-back" && after.kind === "failing"
        ? {
            ...after,
            job: { ...after.job, verdict: { ...after.job.verdict, rollback: "succeeded" } },
          }
        : after,
    ),
  },
  {
    name: "a rollback is not verified",
    seed: 42,
    expected: ["outcomes-are-true"],
    shipped: brain((before, after, event) =>
      before.kind === "verifying-rollback" && event === "effect-failed"
        ? {
            ...before,
            kind: "failing",
            job: { ...before.job, verdict: { ...before.job.verdict, rollback: "succeeded" } },
          }
        : after,
    ),
  },
  {
    name: "the step counter is never counted up",
    seed: 36,
    expected: ["every-run-settles"],
    shipped: brain((before, after, event) =>
      before.kind === "verifying-rollback" && event === "effect-failed"
        ? { ...before, job: { ...before.job, steps: 0 } }
        : after,
    ),
  },
  {
    name: "a withdrawn offer is dropped when it is half installed",
    seed: 29,
    expected: ["outcomes-are-true"],
    shipped: brain((before, after, event) =>
      before.kind === "proving" && event === "withdrawn"
        ? {
            ...idleOf(before),
            kind: "cleaning-up",
            update: before.job.update,
            artifact: before.job.artifact,
            sequence: before.job.sequence,
            steps: before.job.steps,
            verdict: { failure: { code: "withdrawn", detail: "" }, rollback: "none" },
          }
        : after,
    ),
  },
  {
    name: "what runs is said to be new before it is committed",
    seed: 0,
    expected: ["outcomes-are-true"],
    shipped: brain((before, after) =>
      after.kind === "proving" && before.kind === "verifying"
        ? { ...after, running: after.job.artifact.runningAfter }
        : after,
    ),
  },
];

function idleOf({ running, lastAssignment }: UpdateState) {
  return { kind: "idle" as const, running, lastAssignment };
}

function assignmentOf({ update, lastAssignment }: Extract<UpdateState, { kind: "cleaning-up" }>) {
  if (update.kind !== "assignment") return lastAssignment;
  return { assignmentId: update.assignmentId, attempt: update.attempt };
}
