import { unreachable } from "@moult/base";
import type { Effect } from "./effect.ts";
import { reportOf } from "./report-of.ts";
import type { HoldPoint } from "@moult/model";
import type { Update, UpdateState } from "./update-state.ts";

/**
 * What to do while in `state`: the report of having got there, then the work. A restart is no special case: load the
 * state, deliver `started`, run the effects of what comes out.
 */
export function effects(state: UpdateState): readonly Effect[] {
  return [...reportEffects(state), ...workEffects(state)];
}

function reportEffects(state: UpdateState): readonly Effect[] {
  const report = reportOf(state);
  if (report === undefined || state.kind === "idle") return [];
  if ("job" in state) {
    const { update, artifact } = state.job;
    return [{ kind: "report", update, artifact, report }];
  }
  const artifact = "artifact" in state ? state.artifact : null;
  return [{ kind: "report", update: state.update, artifact, report }];
}

function workEffects(state: UpdateState): readonly Effect[] {
  switch (state.kind) {
    case "idle":
    // A person decides; nothing is to be done until then.
    case "awaiting-decision":
    // The report itself is the work.
    case "reporting":
      return [];
    case "waiting-to-download":
      return awaitReadiness("download", state.update, state);
    case "waiting-to-install":
      return awaitReadiness("install", state.job.update, state);
    case "waiting-to-reboot":
      return awaitReadiness("reboot", state.job.update, state);
    case "downloading":
      return [{ kind: "download", update: state.update }];
    case "unpacking":
      return [{ kind: "unpack", job: state.job }];
    case "installing":
      return [{ kind: "install", job: state.job }];
    case "activating":
      return [{ kind: "activate", job: state.job }];
    case "rebooting":
      return [{ kind: "reboot", job: state.job }];
    case "verifying":
      return [{ kind: "verify-activation", job: state.job }];
    case "proving":
      return [
        { kind: "await-deadline", atMs: state.deadlineMs },
        { kind: state.stage === "server" ? "reach-server" : "check-health", job: state.job },
      ];
    case "committing":
      return [{ kind: "commit", job: state.job }];
    case "leaving-commit":
      return [{ kind: "leave-commit", job: state.job }];
    case "rolling-back":
      return [{ kind: "roll-back", job: state.job }];
    case "rollback-rebooting":
      return [{ kind: "reboot-rollback", job: state.job }];
    case "verifying-rollback":
      return [{ kind: "verify-rollback", job: state.job }];
    case "asking-server":
      return [
        { kind: "await-deadline", atMs: state.deadlineMs },
        { kind: "reach-server", job: state.job },
      ];
    case "failing":
      return [{ kind: "handle-failure", job: state.job }];
    case "cleaning-up": {
      const { update, artifact, verdict } = state;
      return [{ kind: "clean-up", update, artifact, verdict }];
    }
    default:
      return unreachable(state);
  }
}

function awaitReadiness(
  before: HoldPoint,
  update: Update,
  { deadlineMs, hasConsent }: { readonly deadlineMs: number; readonly hasConsent: boolean },
): readonly Effect[] {
  return [
    { kind: "await-deadline", atMs: deadlineMs },
    { kind: "await-readiness", before, update, hasConsent },
  ];
}
