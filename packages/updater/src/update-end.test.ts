import { expect, test } from "vitest";
import { next } from "./next.ts";
import { outcomeOf } from "./report-of.ts";
import { endOf, endedBy, type UpdateEnd } from "./update-end.ts";
import { anUpdate, NEW, OLD, someFacts, stateOf } from "./update-state.fixture.ts";
import { updateId, type UpdateState } from "./update-state.ts";

const NAME = `${NEW.artifactName}_INCONSISTENT`;

/** What an agent on trial leaves when its rollback fails. */
function endOfFailedRollback(): UpdateEnd {
  const failure = { code: "rollback-failed", detail: "no way back" } as const;
  let state: UpdateState = stateOf("rolling-back", { sequence: 7 });
  state = next(state, { kind: "effect-failed", effect: "roll-back", failure }, someFacts());
  state = next(state, { kind: "failure-handled" }, someFacts());
  const end = endOf(state);
  if (end === undefined) throw new Error(`${state.kind} says no end`);
  return end;
}

test("an update ends where its way back is about to be removed, and nowhere else", () => {
  expect(endOfFailedRollback()).toMatchObject({
    updateId: updateId(anUpdate()),
    running: { artifactName: NAME },
    sequence: 7,
    verdict: { rollback: "failed" },
  });
  for (const kind of ["rebooting", "proving", "failing", "leaving-commit", "reporting"] as const)
    expect(endOf(stateOf(kind))).toBeUndefined();
});

test.each(["downloading", "unpacking", "waiting-to-reboot", "rebooting", "rolling-back"] as const)(
  "an agent that comes back to %s takes over how another one ended it, and tells the same",
  (kind) => {
    const saved = stateOf(kind);
    const taken = endedBy(saved, endOfFailedRollback());
    expect(taken).toMatchObject({
      kind: "cleaning-up",
      running: { artifactName: NAME },
      update: anUpdate(),
      lastAssignment: saved.lastAssignment,
    });

    const again = next(taken, { kind: "started" }, someFacts());
    const told = next(again, { kind: "cleaned-up" }, someFacts());
    expect(told).toMatchObject({ kind: "reporting", sequence: 8 });
    expect(told.kind === "reporting" && outcomeOf(told.verdict)).toBe("failed");
  },
);

test("an end of another update, or of one that is over here, changes nothing", () => {
  const end = endOfFailedRollback();
  const later = stateOf("rebooting", { update: anUpdate(2) });
  expect(endedBy(later, end)).toBe(later);
  for (const kind of ["idle", "cleaning-up", "reporting"] as const) {
    const over: UpdateState = { ...stateOf(kind), running: OLD };
    expect(endedBy(over, end)).toBe(over);
  }
});
