import { describe, expect, test } from "vitest";
import { effects } from "./effects.ts";
import { LIFE_CYCLE } from "./life-cycle.ts";
import { next, recover } from "./next.ts";
import type { UpdateEvent } from "./update-event.ts";
import { anArtifact, anUpdate, someFacts, standalone, stateOf } from "./update-state.fixture.ts";
import type { Job, UpdateState } from "./update-state.ts";

type StateKind = UpdateState["kind"];

const facts = someFacts();
const KINDS = Object.keys(LIFE_CYCLE) as readonly StateKind[];

type EffectFailed = Extract<UpdateEvent, { kind: "effect-failed" }>;

const failed = (effect: EffectFailed["effect"]): UpdateEvent => ({
  kind: "effect-failed",
  effect,
  failure: { code: "agent-fault", detail: "why" },
});

const installed: readonly UpdateEvent[] = (["none", "installer", "system"] as const).map(
  (reboot) => ({ kind: "installed", reboots: [reboot] }),
);

/** What each state is told when its work went well. */
const WELL: { readonly [Kind in StateKind]: readonly UpdateEvent[] } = {
  idle: [{ kind: "offered", update: anUpdate() }],
  "waiting-to-download": [{ kind: "readiness", before: "download", holds: [] }],
  downloading: [{ kind: "downloaded", artifact: anArtifact }],
  unpacking: [{ kind: "unpacked", supportsRollback: true }],
  "waiting-to-install": [{ kind: "readiness", before: "install", holds: [] }],
  installing: installed,
  activating: [{ kind: "activated" }],
  "waiting-to-reboot": [
    { kind: "readiness", before: "reboot", holds: [] },
    { kind: "deadline-passed" },
  ],
  rebooting: [{ kind: "activated" }],
  verifying: [{ kind: "verified" }],
  proving: [{ kind: "health-passed" }, { kind: "server-reached" }],
  "awaiting-decision": [{ kind: "commit-requested" }],
  committing: [{ kind: "committed" }],
  "leaving-commit": [{ kind: "commit-left" }],
  "rolling-back": [
    { kind: "rolled-back", reboots: ["none"] },
    { kind: "rolled-back", reboots: ["system"] },
  ],
  "rollback-rebooting": [{ kind: "rollback-rebooted" }],
  "verifying-rollback": [{ kind: "rollback-verified" }],
  "asking-server": [{ kind: "server-reached" }],
  failing: [{ kind: "failure-handled" }],
  "cleaning-up": [{ kind: "cleaned-up" }],
  reporting: [{ kind: "reported", sequence: 3 }],
};

/** What each state is told when it did not. */
const ILL: { readonly [Kind in StateKind]: readonly UpdateEvent[] } = {
  idle: [],
  "waiting-to-download": [{ kind: "declined" }, { kind: "deadline-passed" }],
  downloading: [failed("download")],
  unpacking: [failed("unpack")],
  "waiting-to-install": [{ kind: "declined" }, { kind: "deadline-passed" }],
  installing: [failed("install")],
  activating: [failed("activate")],
  "waiting-to-reboot": [{ kind: "declined" }],
  rebooting: [failed("reboot")],
  verifying: [failed("verify-activation")],
  proving: [
    failed("check-health"),
    failed("reach-server"),
    { kind: "deadline-passed" },
    { kind: "rollback-requested" },
  ],
  "awaiting-decision": [{ kind: "rollback-requested" }],
  committing: [failed("commit")],
  "leaving-commit": [failed("leave-commit")],
  "rolling-back": [failed("roll-back")],
  "rollback-rebooting": [failed("reboot-rollback")],
  "verifying-rollback": [failed("verify-rollback")],
  "asking-server": [failed("reach-server"), { kind: "deadline-passed" }],
  failing: [failed("handle-failure")],
  "cleaning-up": [failed("clean-up")],
  reporting: [],
};

/** A state of one kind in all the forms that make a difference. */
function formsOf(kind: StateKind): readonly UpdateState[] {
  const jobs: Partial<Job>[] = [];
  for (const update of [anUpdate(), standalone])
    for (const supportsRollback of [true, false])
      for (const reboot of ["none", "system"] as const)
        for (const rollbacks of [1, 3])
          for (const failure of [null, { code: "server-unreachable", detail: "silence" } as const])
            jobs.push({
              update,
              supportsRollback,
              reboots: [reboot],
              rollbacks,
              verdict: { failure, rollback: failure === null ? "none" : "running" },
            });
  const states = jobs.map((job) => stateOf(kind, job));
  // What has no way back never waits for a decision.
  const met = states.filter(
    (state) => state.kind !== "awaiting-decision" || state.job.supportsRollback,
  );
  return met.flatMap((state): readonly UpdateState[] =>
    state.kind === "proving"
      ? (["health", "server", "health-again"] as const).map((stage) => ({ ...state, stage }))
      : [state],
  );
}

function reached(kind: StateKind, events: readonly UpdateEvent[]): readonly StateKind[] {
  const kinds = new Set<StateKind>();
  for (const state of formsOf(kind))
    for (const event of events) {
      const after = next(state, event, facts);
      if (after !== state) kinds.add(after.kind);
    }
  return [...kinds].toSorted();
}

describe.each(KINDS)("the life cycle's row of %s", (kind) => {
  const row = LIFE_CYCLE[kind];

  test("names the work that is done there", () => {
    const done = new Set(
      formsOf(kind).flatMap((state) => effects(state).map((effect) => effect.kind)),
    );
    if (kind !== "reporting") done.delete("report");
    done.delete("await-deadline");
    expect([...done].toSorted()).toEqual(row.effects.toSorted());
  });

  test("names every state that follows when that goes well, and no other", () => {
    expect(reached(kind, WELL[kind])).toEqual(row.onSuccess.toSorted());
  });

  test("names every state that follows when it does not, and no other", () => {
    expect(reached(kind, ILL[kind])).toEqual(row.onFailure.toSorted());
  });

  test("says what a start makes of it", () => {
    for (const state of formsOf(kind)) {
      const after = recover(state, someFacts({ bootId: "boot-2", monotonicMs: 7 }));
      switch (row.onStart) {
        case "stays":
          expect(after).toBe(state);
          break;
        case "waits-on":
          expect(after).toMatchObject({ kind, deadlineMs: 7 + 86_400_000 });
          break;
        case "gives-up":
          expect(after).toMatchObject({ kind: "cleaning-up", verdict: { rollback: "none" } });
          break;
        case "rolls-back":
          expect(row.onFailure).toContain(after.kind);
          break;
        case "reboot-tells":
          expect([kind, ...row.onSuccess, "activating"]).toContain(after.kind);
          break;
        case "again":
          expect(after.kind).toBe(kind);
          expect(after).not.toBe(state);
          break;
      }
    }
  });

  test("says what it means that the server takes its offer back", () => {
    for (const state of formsOf(kind)) {
      const after = next(state, { kind: "withdrawn" }, facts);
      const hasWayBack = "job" in state && state.job.supportsRollback;
      if (row.onWithdrawn === "aborts")
        expect(after).toMatchObject({
          kind: "cleaning-up",
          running: state.running,
          verdict: { failure: { code: "withdrawn" }, rollback: "none" },
        });
      else if (row.onWithdrawn === "takes-back" && hasWayBack)
        expect(after).toMatchObject({
          kind: "rolling-back",
          job: { verdict: { failure: { code: "withdrawn" } } },
        });
      else expect(after).toBe(state);
    }
  });
});
