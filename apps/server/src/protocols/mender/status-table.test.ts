import { instant } from "@moult/base";
import { ReleaseVersion, type AssignmentState } from "@moult/model";
import { expect, test } from "vitest";
import type { ReportedUpdate } from "../../device-session/index.ts";
import { cameBack, DeviceStatus, meaningOf, stillPaused } from "./status-table.ts";

const NOW = instant(Date.parse("2026-11-26T10:00:00Z"));
const running = { artifactName: "1.0", provides: {} };
const runningAfter = { artifactName: "2.0", provides: { artifact_name: "2.0" } };
const update = (state: AssignmentState, isTakenBack = false): ReportedUpdate => ({
  state,
  attempt: 1,
  sequence: 0,
  version: ReleaseVersion.parse("2.0"),
  terms: {},
  putsOff: null,
  isTakenBack,
  goesOn: !isTakenBack,
  running,
  runningAfter,
});

test.each<[AssignmentState, DeviceStatus, string]>([
  ["offered", "downloading", "downloading"],
  ["downloading", "installing", "installing"],
  ["installing", "installing", "proving"],
  ["installing", "rebooting", "activating"],
  ["activating", "installing", "proving"],
  ["installing", "pause_before_committing", "proving"],
  ["downloading", "pause_before_installing", "deferred"],
  ["installing", "pause_before_rebooting", "deferred"],
])("of an update that is %s, %s means that it is %s", (state, status, kind) => {
  expect(meaningOf(status, update(state), undefined, NOW)?.kind).toBe(kind);
});

test.each<[AssignmentState, DeviceStatus, string, string]>([
  ["proving", "success", "succeeded", "2.0"],
  ["offered", "already-installed", "succeeded", "2.0"],
  ["downloading", "failure", "failed", "1.0"],
  ["installing", "failure", "failed", "1.0"],
  ["activating", "failure", "rolled-back", "1.0"],
  ["proving", "failure", "rolled-back", "1.0"],
])(
  "of an update that is %s, %s means that it %s and that %s runs",
  (state, status, outcome, runs) => {
    expect(meaningOf(status, update(state), "because", NOW)).toMatchObject({
      kind: "finished",
      outcome,
      running: { artifactName: runs },
    });
  },
);

test("of an update that was taken back nothing counts but how it ended", () => {
  const takenBack = update("closed", true);
  const said = DeviceStatus.options.map((status) => meaningOf(status, takenBack, undefined, NOW));
  expect(said.filter((report) => report !== undefined && report.kind !== "finished")).toEqual([]);
  expect(meaningOf("failure", takenBack, undefined, NOW)).toMatchObject({ outcome: "aborted" });
  expect(meaningOf("success", takenBack, undefined, NOW)).toMatchObject({ outcome: "succeeded" });
});

test("a device that asks for updates came back only from what it had installed", () => {
  expect(cameBack(update("installing"))).toBeUndefined();
  expect(cameBack(update("offered"))).toBeUndefined();
  expect(cameBack(update("activating"))).toMatchObject({ outcome: "rolled-back" });
});

test("a device that pauses says whose word it waits for; asked again, by then; its own reasons stay its own", () => {
  const window = { fromMs: NOW + 3_600_000, untilMs: NOW + 7_200_000 };
  const kept = {
    ...update("downloading"),
    terms: {
      mode: { consent: false, forceFromMs: null, downloadOnly: true as const },
      windows: { install: [window] },
    },
  };
  const codesOf = (report: ReturnType<typeof meaningOf>) =>
    report?.kind === "deferred" ? report.holds.map(({ code }) => code) : undefined;

  const paused = meaningOf("pause_before_installing", kept, undefined, NOW);
  expect(codesOf(paused)).toEqual(["installation-not-open", "outside-window"]);
  const opened = { ...kept, terms: { windows: { install: [window] } } };
  const putsOff = "install" as const;
  expect(codesOf(stillPaused({ ...opened, putsOff }, NOW))).toEqual(["outside-window"]);
  expect(stillPaused(opened, NOW)).toBeUndefined();
  expect(stillPaused({ ...opened, putsOff, terms: {} }, NOW)).toBeUndefined();
  const own = meaningOf("pause_before_rebooting", kept, undefined, NOW);
  expect(codesOf(own)).toEqual(["paused-by-device"]);
});
