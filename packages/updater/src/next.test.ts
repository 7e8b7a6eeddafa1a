import { describe, expect, test } from "vitest";
import { effects } from "./effects.ts";
import { RefusalCode, type FailureCode } from "./failure-code.ts";
import type { HoldPoint } from "@moult/model";
import { STEPS_MAX, next, recover } from "./next.ts";
import { outcomeOf } from "./report-of.ts";
import type { UpdateEvent } from "./update-event.ts";
import {
  NEW,
  OLD,
  aJob,
  anArtifact,
  anUpdate,
  someFacts,
  standalone,
  stateOf,
} from "./update-state.fixture.ts";
import type { Job, RebootNeed, StateOf, UpdateState } from "./update-state.ts";

const facts = someFacts();

const failed = (
  effect: Extract<UpdateEvent, { kind: "effect-failed" }>["effect"],
  code: FailureCode,
): UpdateEvent => ({ kind: "effect-failed", effect, failure: { code, detail: "why" } });

const ready = (before: HoldPoint): UpdateEvent => ({ kind: "readiness", before, holds: [] });

test("what a rule keeps out is a rejection, whatever the rule is called; what fails by itself is none", () => {
  const outcomeAfter = (code: FailureCode) => {
    const cleaning = next(stateOf("downloading"), failed("download", code), facts);
    const reporting = next(cleaning, { kind: "cleaned-up" }, facts);
    return reporting.kind === "reporting" ? outcomeOf(reporting.verdict) : reporting.kind;
  };
  expect(outcomeAfter(RefusalCode.parse("security-counter-too-low"))).toBe("rejected");
  expect(outcomeAfter("signature-missing")).toBe("rejected");
  expect(outcomeAfter("disk-full")).toBe("failed");
});

test("whose metadata vouched for an artifact is known from its download to its last report", () => {
  for (const kind of ["installing", "proving", "rolling-back", "reporting"] as const)
    for (const effect of effects(stateOf(kind)))
      if (effect.kind === "report") expect(effect.artifact?.vouched?.role).toBe("gw2.prod");
});

describe("the good way", () => {
  test.each<[UpdateState, UpdateEvent, UpdateState["kind"]]>([
    [stateOf("idle"), { kind: "offered", update: anUpdate() }, "waiting-to-download"],
    [stateOf("waiting-to-download"), ready("download"), "downloading"],
    [stateOf("downloading"), { kind: "downloaded", artifact: anArtifact }, "unpacking"],
    [stateOf("unpacking"), { kind: "unpacked", supportsRollback: true }, "waiting-to-install"],
    [stateOf("waiting-to-install"), ready("install"), "installing"],
    [stateOf("installing"), { kind: "installed", reboots: [] }, "activating"],
    [stateOf("installing"), { kind: "installed", reboots: ["none", "none"] }, "activating"],
    [
      stateOf("installing"),
      { kind: "installed", reboots: ["none", "system"] },
      "waiting-to-reboot",
    ],
    [stateOf("installing"), { kind: "installed", reboots: ["installer"] }, "waiting-to-reboot"],
    [stateOf("waiting-to-reboot"), ready("reboot"), "rebooting"],
    [stateOf("activating"), { kind: "activated" }, "verifying"],
    [stateOf("rebooting"), { kind: "activated" }, "verifying"],
    [stateOf("verifying"), { kind: "verified" }, "proving"],
    [stateOf("committing"), { kind: "committed" }, "leaving-commit"],
    [stateOf("leaving-commit"), { kind: "commit-left" }, "cleaning-up"],
    [stateOf("cleaning-up"), { kind: "cleaned-up" }, "reporting"],
    [stateOf("reporting"), { kind: "reported", sequence: 3 }, "idle"],
  ])("$0.kind + $1.kind becomes %3$s", (before, event, after) => {
    expect(next(before, event, facts).kind).toBe(after);
  });

  test("a trial needs health, the server, and health again before it commits", () => {
    const trial = next(stateOf("verifying"), { kind: "verified" }, facts);
    expect(trial).toMatchObject({ kind: "proving", stage: "health", deadlineMs: 65_000 });

    const healthy = next(trial, { kind: "health-passed" }, facts);
    expect(healthy).toMatchObject({ kind: "proving", stage: "server" });
    expect(next(healthy, { kind: "health-passed" }, facts)).toBe(healthy);

    const reached = next(healthy, { kind: "server-reached" }, facts);
    expect(reached).toMatchObject({ kind: "proving", stage: "health-again" });
    expect(next(reached, { kind: "health-passed" }, facts).kind).toBe("committing");
  });

  test("what the device runs changes in the same state that knows of the commit", () => {
    const committing = stateOf("committing");
    expect(committing.running).toEqual(OLD);
    expect(next(committing, { kind: "committed" }, facts).running).toEqual(NEW);
  });

  test("a finished assignment is remembered, so that the same offer again is no news", () => {
    const idle = next(stateOf("reporting"), { kind: "reported", sequence: 3 }, facts);

    expect(next(idle, { kind: "offered", update: anUpdate(1) }, facts)).toBe(idle);
    expect(next(idle, { kind: "offered", update: anUpdate(2) }, facts).kind).toBe(
      "waiting-to-download",
    );
  });

  test("an offer while another update is under way does not apply", () => {
    const state = stateOf("installing");
    expect(next(state, { kind: "offered", update: anUpdate(2) }, facts)).toBe(state);
  });
});

describe("a start", () => {
  test.each<UpdateState["kind"]>([
    "installing",
    "activating",
    "verifying",
    "proving",
    "committing",
  ])("in %s of an installer that cannot roll back fails for good", (kind) => {
    const after = recover(stateOf(kind, { supportsRollback: false }), facts);
    expect(after).toMatchObject({
      kind: "failing",
      job: { verdict: { failure: { code: "power-lost" }, rollback: "impossible" } },
    });
  });

  test.each<
    ["waiting-to-reboot" | "rebooting" | "rollback-rebooting", RebootNeed, UpdateState["kind"]]
  >([
    ["waiting-to-reboot", "system", "waiting-to-reboot"],
    ["waiting-to-reboot", "installer", "waiting-to-reboot"],
    ["rebooting", "system", "rebooting"],
    ["rebooting", "installer", "verifying"],
    ["rollback-rebooting", "system", "rollback-rebooting"],
    ["rollback-rebooting", "installer", "verifying-rollback"],
  ])("in the same boot as %s (%s reboot) leads to %s", (kind, reboot, after) => {
    expect(
      recover(stateOf(kind, { reboots: [reboot] }), someFacts({ bootId: "boot-1" })).kind,
    ).toBe(after);
  });
});

describe("a failure", () => {
  test.each<[UpdateState, UpdateEvent, UpdateState["kind"]]>([
    [stateOf("downloading"), failed("download", "download-failed"), "cleaning-up"],
    [stateOf("unpacking"), failed("unpack", "disk-full"), "cleaning-up"],
    [stateOf("installing"), failed("install", "script-failed"), "rolling-back"],
    [stateOf("activating"), failed("activate", "activation-failed"), "rolling-back"],
    [stateOf("rebooting"), failed("reboot", "activation-failed"), "rolling-back"],
    [stateOf("verifying"), failed("verify-activation", "verification-failed"), "rolling-back"],
    [stateOf("proving"), failed("check-health", "health-check-failed"), "rolling-back"],
    [stateOf("committing"), failed("commit", "commit-failed"), "rolling-back"],
    [stateOf("leaving-commit"), failed("leave-commit", "script-failed"), "cleaning-up"],
    [stateOf("rolling-back"), failed("roll-back", "install-failed"), "failing"],
    [
      stateOf("rollback-rebooting"),
      failed("reboot-rollback", "script-failed"),
      "verifying-rollback",
    ],
    [stateOf("failing"), failed("handle-failure", "script-failed"), "cleaning-up"],
    [stateOf("cleaning-up"), failed("clean-up", "agent-fault"), "reporting"],
  ])("$0.kind + $1.effect leads to %3$s", (before, event, after) => {
    expect(next(before, event, facts).kind).toBe(after);
  });

  test("of an effect that the state does not run changes nothing", () => {
    const state = stateOf("proving");
    expect(next(state, failed("commit", "commit-failed"), facts)).toBe(state);
  });

  test.each<[StateOf<"proving">["stage"], FailureCode]>([
    ["health", "health-check-failed"],
    ["server", "server-unreachable"],
    ["health-again", "health-check-failed"],
  ])("of the confirm deadline while it waits for %s is %s", (stage, code) => {
    const state = { ...stateOf("proving"), stage };
    expect(next(state, { kind: "deadline-passed" }, facts)).toMatchObject({
      kind: "rolling-back",
      job: { verdict: { failure: { code }, rollback: "running" } },
    });
  });

  test("that cannot be rolled back leaves a name that says so, and everything else as it was", () => {
    const failing = next(
      stateOf("installing", { supportsRollback: false }),
      failed("install", "install-failed"),
      facts,
    );
    const after = next(failing, { kind: "failure-handled" }, facts);

    expect(after.running).toEqual({
      artifactName: "new-2_INCONSISTENT",
      provides: { artifact_name: "new-2_INCONSISTENT", kept: "yes" },
    });
  });

  test("after a rollback that worked leaves what runs untouched and reports a rollback", () => {
    const failing = next(stateOf("verifying-rollback"), { kind: "rollback-verified" }, facts);
    const cleaning = next(failing, { kind: "failure-handled" }, facts);
    const reporting = next(cleaning, { kind: "cleaned-up" }, facts);

    expect(reporting.running).toEqual(OLD);
    expect(effects(reporting)).toMatchObject([
      { report: { kind: "finished", outcome: "rolled-back", code: "health-check-failed" } },
    ]);
  });

  test("to verify a rollback in place is tried three times in all, then the rollback has failed", () => {
    let state: UpdateState = stateOf("verifying-rollback");
    const kinds: string[] = [];
    for (let tries = 0; tries < 3; tries += 1) {
      state = next(state, failed("verify-rollback", "health-check-failed"), facts);
      kinds.push(state.kind);
      if (state.kind === "rolling-back")
        state = next(state, { kind: "rolled-back", reboots: ["none"] }, facts);
    }

    expect(kinds).toEqual(["rolling-back", "rolling-back", "failing"]);
    expect(state).toMatchObject({
      job: {
        verdict: {
          rollback: "failed",
          failure: {
            code: "health-check-failed",
            detail: "503; then the rollback failed: health-check-failed: why",
          },
        },
      },
    });
  });

  test("to verify a rollback that needs reboots ends in state-loop, not in an endless row of reboots", () => {
    let state: UpdateState = stateOf("verifying-rollback", { reboots: ["system"] });
    let reboots = 0;
    while (state.kind === "verifying-rollback") {
      state = next(state, failed("verify-rollback", "verification-failed"), facts);
      if (state.kind === "rollback-rebooting") {
        reboots += 1;
        state = recover(state, someFacts({ bootId: `boot-${reboots + 1}` }));
      }
    }

    expect(reboots).toBeLessThan(STEPS_MAX);
    expect(state).toMatchObject({
      kind: "cleaning-up",
      running: { artifactName: "new-2_INCONSISTENT" },
      verdict: { failure: { code: "state-loop" }, rollback: "failed" },
    });
  });

  test("half-way through an installation is taken back with the reboot that the installer then names", () => {
    // Power was lost: the machine may have come up with the new software, which no file can take back.
    const back = recover(stateOf("installing", { reboots: [] }), facts);
    const after = next(back, { kind: "rolled-back", reboots: ["system"] }, facts);

    expect(after).toMatchObject({ kind: "rollback-rebooting", job: { reboots: ["system"] } });
  });

  test("of scripts after the commit is no failure of the software that is permanent now", () => {
    const after = next(stateOf("leaving-commit"), failed("leave-commit", "script-failed"), facts);

    expect(after).toMatchObject({
      kind: "cleaning-up",
      running: { artifactName: "new-2_INCONSISTENT" },
      verdict: { failure: { code: "script-failed" }, rollback: "impossible" },
    });
  });

  test("of the cleaning itself, start after start, still ends in a report", () => {
    let state: UpdateState = stateOf("cleaning-up", { steps: STEPS_MAX });
    let starts = 0;
    while (state.kind === "cleaning-up") {
      state = recover(state, facts);
      starts += 1;
    }

    expect(starts).toBe(5);
    expect(state.kind).toBe("reporting");
  });
});

test("an offer that the server takes back before the installation is reported as aborted", () => {
  for (const kind of ["waiting-to-download", "unpacking", "waiting-to-install"] as const) {
    const after = next(stateOf(kind), { kind: "withdrawn" }, facts);
    expect(effects(next(after, { kind: "cleaned-up" }, facts))).toMatchObject([
      { report: { kind: "finished", outcome: "aborted", code: "withdrawn" } },
    ]);
  }
});

describe("a standalone installation", () => {
  const job = { update: standalone };

  test("needs health but no server, and then waits for a person", () => {
    const after = next(stateOf("proving", job), { kind: "health-passed" }, facts);
    expect(after.kind).toBe("awaiting-decision");
    expect(effects(after)).toEqual([]);
  });

  test("is committed at once when its installer cannot roll back", () => {
    const state = stateOf("proving", { ...job, supportsRollback: false });
    expect(next(state, { kind: "health-passed" }, facts).kind).toBe("committing");
  });

  test.each<[UpdateEvent, UpdateState["kind"]]>([
    [{ kind: "commit-requested" }, "committing"],
    [{ kind: "rollback-requested" }, "rolling-back"],
  ])("does what $0.kind says", (event, after) => {
    expect(next(stateOf("awaiting-decision", job), event, facts).kind).toBe(after);
  });

  test("never reboots by itself, forward or back", () => {
    const installed = next(
      stateOf("installing", job),
      { kind: "installed", reboots: ["system"] },
      facts,
    );
    expect(installed).toMatchObject({ kind: "awaiting-decision", job: { reboots: ["system"] } });

    const back = next(installed, { kind: "rollback-requested" }, facts);
    const rolledBack: UpdateEvent = { kind: "rolled-back", reboots: ["system"] };
    expect(next(back, rolledBack, facts).kind).toBe("verifying-rollback");
  });
});

describe("reports", () => {
  test("are numbered from 1 without gaps on the good way, and repeat their number after a start", () => {
    let state: UpdateState = stateOf("idle");
    const seen: string[] = [];
    const apply = (event: UpdateEvent): void => {
      state = next(state, event, facts);
      for (const effect of effects(state))
        if (effect.kind === "report") seen.push(`${effect.report.sequence} ${effect.report.kind}`);
    };
    apply({ kind: "offered", update: anUpdate() });
    apply({ kind: "started" });
    apply(ready("download"));
    apply({ kind: "started" });
    apply({ kind: "download-progressed", percent: 57 });
    apply({ kind: "download-progressed", percent: 59 });
    apply({ kind: "downloaded", artifact: anArtifact });
    apply({ kind: "unpacked", supportsRollback: true });
    apply(ready("install"));
    apply({ kind: "installed", reboots: ["none"] });
    apply({ kind: "activated" });
    apply({ kind: "verified" });
    apply({ kind: "health-passed" });
    apply({ kind: "server-reached" });
    apply({ kind: "health-passed" });
    apply({ kind: "committed" });
    apply({ kind: "commit-left" });
    apply({ kind: "started" });
    apply({ kind: "cleaned-up" });
    apply({ kind: "started" });

    expect([...new Set(seen)]).toEqual([
      "1 downloading",
      "2 downloading",
      "3 installing",
      "4 activating",
      "5 proving",
      "6 finished",
    ]);
  });

  test.each<[Job["verdict"], string]>([
    [{ failure: null, rollback: "none" }, "succeeded"],
    [{ failure: { code: "signature-invalid", detail: "" }, rollback: "none" }, "rejected"],
    [{ failure: { code: "disk-full", detail: "" }, rollback: "none" }, "failed"],
    [{ failure: { code: "withdrawn", detail: "" }, rollback: "none" }, "aborted"],
    [{ failure: { code: "script-failed", detail: "" }, rollback: "succeeded" }, "rolled-back"],
    [{ failure: { code: "script-failed", detail: "" }, rollback: "failed" }, "failed"],
    [{ failure: { code: "script-failed", detail: "" }, rollback: "impossible" }, "failed"],
  ])("say of %j that it %s", (verdict, outcome) => {
    expect(effects(stateOf("reporting", aJob({ verdict })))).toMatchObject([
      { report: { kind: "finished", outcome } },
    ]);
  });
});
