import { expect, test } from "vitest";
import { readSavedState, saveableState } from "./saved-state.ts";
import { stateOf } from "./update-state.fixture.ts";
import type { UpdateState } from "./update-state.ts";

const KINDS: readonly UpdateState["kind"][] = [
  "idle",
  "waiting-to-download",
  "downloading",
  "unpacking",
  "waiting-to-install",
  "installing",
  "activating",
  "waiting-to-reboot",
  "rebooting",
  "verifying",
  "proving",
  "awaiting-decision",
  "committing",
  "leaving-commit",
  "rolling-back",
  "rollback-rebooting",
  "verifying-rollback",
  "asking-server",
  "failing",
  "cleaning-up",
  "reporting",
];

test.each(KINDS)("a saved %s state reads back as it was", (kind) => {
  const state = stateOf(kind);
  const text = JSON.stringify(saveableState(state));
  expect(readSavedState(JSON.parse(text))).toEqual({ kind: "read", state });
});

test.each([
  ["nothing", null],
  ["another version", { version: 2, state: stateOf("idle") }],
  ["an unknown state", { version: 1, state: { ...stateOf("idle"), kind: "dreaming" } }],
  ["a state that lost a part", { version: 1, state: { kind: "installing", running: {} } }],
])("%s is unreadable, with the reason", (_, value) => {
  expect(readSavedState(value)).toMatchObject({
    kind: "unreadable",
    reason: expect.stringMatching(/./),
  });
});
