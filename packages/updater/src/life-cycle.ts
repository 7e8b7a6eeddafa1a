import type { Effect } from "./effect.ts";
import type { UpdateState } from "./update-state.ts";

// The life cycle of an update, as data: `next` decides by it what a start finds and what a withdrawn offer means, tests hold
// it against `next` and `effects` row by row, and docs/protocol/life-cycle.md is written from it.

type StateKind = UpdateState["kind"];

/**
 * What a start (after a loss of power, a crash or a restart of the agent) makes of a saved state:
 * - `stays`: nothing was begun that a start could have cut off;
 * - `waits-on`: the question what holds the device is asked again, with the time that was left;
 * - `gives-up`: what was begun cannot be gone on with, and touched nothing;
 * - `rolls-back`: something that runs may be half changed;
 * - `reboot-tells`: whether the machine booted since tells whether the step was done;
 * - `again`: the step may be done twice, so it is.
 */
type OnStart = "stays" | "waits-on" | "gives-up" | "rolls-back" | "reboot-tells" | "again";

/**
 * What it means that the server takes its offer back: the update ends and nothing was installed (`aborts`), what waits for a
 * reboot is taken back when it can be (`takes-back`), or it is too late (`goes-on`): half an update is worse than a whole one.
 */
type OnWithdrawn = "aborts" | "takes-back" | "goes-on";

export interface LifeCycleRow {
  /** The work of the state, in the words of `Effect`; a deadline beside it is not named. */
  readonly effects: readonly Effect["kind"][];
  /** The states that follow when the work succeeds; which of them is the business of `next`. */
  readonly onSuccess: readonly StateKind[];
  readonly onFailure: readonly StateKind[];
  readonly onStart: OnStart;
  readonly onWithdrawn: OnWithdrawn;
}

function row(
  effects: LifeCycleRow["effects"],
  onSuccess: LifeCycleRow["onSuccess"],
  onFailure: LifeCycleRow["onFailure"],
  onStart: OnStart,
  onWithdrawn: OnWithdrawn = "goes-on",
): LifeCycleRow {
  return { effects, onSuccess, onFailure, onStart, onWithdrawn };
}

/** The way back, or the end when an installer has none. */
const BACK = ["rolling-back", "failing"] as const;
/** A person decides, or the software stays at once when it cannot be taken back (without a server). */
const DECISION = ["awaiting-decision", "committing"] as const;

// oxfmt-ignore
export const LIFE_CYCLE: { readonly [Kind in StateKind]: LifeCycleRow } = {
  //                            work                            on success                         on failure          on a start      when withdrawn
  "idle":                   row([],                             ["waiting-to-download"],           [],                 "stays"),
  "waiting-to-download":    row(["await-readiness"],            ["downloading"],                   ["cleaning-up"],    "waits-on",     "aborts"),
  "downloading":            row(["download"],                   ["unpacking"],                     ["cleaning-up"],    "stays",        "aborts"),
  "unpacking":              row(["unpack"],                     ["waiting-to-install"],            ["cleaning-up"],    "gives-up",     "aborts"),
  "waiting-to-install":     row(["await-readiness"],            ["installing"],                    ["cleaning-up"],    "waits-on",     "aborts"),
  "installing":             row(["install"],                    ["activating", "waiting-to-reboot", ...DECISION], BACK, "rolls-back"),
  "activating":             row(["activate"],                   ["verifying"],                     BACK,               "rolls-back"),
  "waiting-to-reboot":      row(["await-readiness"],            ["rebooting"],                     ["rolling-back"],   "reboot-tells", "takes-back"),
  "rebooting":              row(["reboot"],                     ["verifying"],                     BACK,               "reboot-tells"),
  "verifying":              row(["verify-activation"],          ["proving"],                       BACK,               "rolls-back"),
  "proving":                row(["check-health", "reach-server"], ["proving", ...DECISION],        BACK,               "rolls-back"),
  "awaiting-decision":      row([],                             ["committing"],                    ["rolling-back"],   "stays"),
  "committing":             row(["commit"],                     ["leaving-commit"],                BACK,               "rolls-back"),
  "leaving-commit":         row(["leave-commit"],               ["cleaning-up"],                   ["cleaning-up"],    "again"),
  "rolling-back":           row(["roll-back"],                  ["verifying-rollback", "rollback-rebooting"], ["failing"], "again"),
  "rollback-rebooting":     row(["reboot-rollback"],            ["verifying-rollback"],            ["verifying-rollback"], "reboot-tells"),
  "verifying-rollback":     row(["verify-rollback"],            ["failing", "asking-server"],      ["rolling-back", "rollback-rebooting", "failing"], "again"),
  "asking-server":          row(["reach-server"],               ["failing"],                       ["failing"],        "again"),
  "failing":                row(["handle-failure"],             ["cleaning-up"],                   ["cleaning-up"],    "again"),
  "cleaning-up":            row(["clean-up"],                   ["reporting"],                     ["reporting"],      "again"),
  "reporting":              row(["report"],                     ["idle"],                          [],                 "stays"),
};
