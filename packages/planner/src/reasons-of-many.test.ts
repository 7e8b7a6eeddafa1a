import { WaitKind, WaitReason } from "@moult/model";
import { expect, test } from "vitest";
import { HARDWARE, SAFEGUARD, assignmentId, deploymentId, version } from "./facts.fixture.ts";
import { sentenceOfMany, waitKey, type Wait } from "./reason-groups.ts";

const id = deploymentId(1);

const BUDGET = {
  kind: "byte-budget",
  deploymentId: id,
  bytesPerDay: 2_000_000_000,
  sizeBytes: 40_000_000,
} as const;

const WAITS: readonly (readonly [Wait, string, string])[] = [
  [
    { kind: "next-check-in" },
    "1 device gets it at its next check-in.",
    "2,608 devices get it at their next check-ins.",
  ],
  [
    { kind: "device-not-accepted", state: "pending" },
    "1 device waits to be accepted.",
    "2,608 devices wait to be accepted.",
  ],
  [
    { kind: "identity-conflict" },
    "1 device shares its key with another machine.",
    "2,608 devices share their keys with other machines.",
  ],
  [
    { kind: "device-held", note: "on the bench", by: "Ada", since: "", until: null },
    "1 device is held by a person.",
    "2,608 devices are held by people.",
  ],
  [
    { kind: "installation-undecided", artifactName: "conf-2" },
    "1 device waits for somebody at the device to commit or take back what they installed from a file.",
    "2,608 devices wait for somebody at the device to commit or take back what they installed from a file.",
  ],
  [
    { kind: "no-deployment" },
    "1 device is in no deployment.",
    "2,608 devices are in no deployment.",
  ],
  [
    { kind: "update-in-progress", deploymentId: id, assignmentId: assignmentId(1) },
    "1 device is in another update.",
    "2,608 devices are in another update.",
  ],
  [
    {
      kind: "deferred-by-device",
      deploymentId: id,
      assignmentId: assignmentId(1),
      before: "install",
      holds: [{ code: "busy", detail: "The device is busy." }],
    },
    "1 device puts another update off.",
    "2,608 devices put another update off.",
  ],
  [
    { kind: "held-back-share", deploymentId: id, percent: 5 },
    "1 device is held back, to compare the others with.",
    "2,608 devices are held back, to compare the others with.",
  ],
  [
    { kind: "not-in-target", deploymentId: id, because: "not-a-member" },
    "1 device is no target of it.",
    "2,608 devices are no targets of it.",
  ],
  [
    { kind: "not-in-target", deploymentId: id, because: "excluded" },
    "1 device is excluded from it.",
    "2,608 devices are excluded from it.",
  ],
  [
    { kind: "not-in-target", deploymentId: id, because: "frozen" },
    "1 device came too late for it.",
    "2,608 devices came too late for it.",
  ],
  [
    { kind: "deployment-not-running", deploymentId: id, state: "tripped" },
    "1 device waits, because the deployment stopped itself.",
    "2,608 devices wait, because the deployment stopped itself.",
  ],
  [
    { kind: "already-running", deploymentId: id },
    "1 device runs it already.",
    "2,608 devices run it already.",
  ],
  [
    { kind: "no-artifact-for-hardware", deploymentId: id, hardwareType: HARDWARE },
    "1 device is of the hardware type gw2, which the release has no artifact for.",
    "2,608 devices are of the hardware type gw2, which the release has no artifact for.",
  ],
  [
    { kind: "outside-path-prefix", deploymentId: id, pathPrefix: "gw2/dev/", path: "gw2/prod/a" },
    "1 device takes artifacts under gw2/dev/ only.",
    "2,608 devices take artifacts under gw2/dev/ only.",
  ],
  [
    { kind: "release-not-signed", deploymentId: id, path: "gw2/prod/2/a" },
    "1 device waits for offline keys to sign the release.",
    "2,608 devices wait for offline keys to sign the release.",
  ],
  [
    { kind: "trust-expired", deploymentId: id, path: "gw2/prod/2/a" },
    "1 device waits, because what offline keys signed has expired.",
    "2,608 devices wait, because what offline keys signed has expired.",
  ],
  [
    { kind: "too-early", deploymentId: id, until: "2026-12-01T08:01:00.000Z" },
    "1 device waits until 2026-12-01 08:01 UTC, when the release may be installed.",
    "2,608 devices wait until 2026-12-01 08:01 UTC, when the release may be installed.",
  ],
  [
    { kind: "agent-too-old", deploymentId: id, minAgent: "1.2", agent: "0.1.0" },
    "1 device has the agent 0.1.0, and the release needs 1.2 or newer.",
    "2,608 devices have the agent 0.1.0, and the release needs 1.2 or newer.",
  ],
  [
    { kind: "security-counter-too-low", deploymentId: id, releaseCounter: 2, deviceCounter: 3 },
    "1 device does not go below the security counter 3, and the release has 2.",
    "2,608 devices do not go below the security counter 3, and the release has 2.",
  ],
  [
    { kind: "conflict", deploymentId: id, name: "kernel", value: "5" },
    "1 device has kernel 5, which the release must not be installed with.",
    "2,608 devices have kernel 5, which the release must not be installed with.",
  ],
  [
    { kind: "payload-type-unsupported", deploymentId: id, payloadTypes: ["a", "b", "c", "d"] },
    "1 device cannot install the payload type a, b, c and more.",
    "2,608 devices cannot install the payload type a, b, c and more.",
  ],
  [
    { kind: "terms-unheeded", deploymentId: id, terms: ["consent"] },
    "1 device has a client that cannot be told what the plan wants: that a person at it says yes.",
    "2,608 devices have clients that cannot be told what the plan wants: that a person at it says yes.",
  ],
  [
    { kind: "payload-not-bare", deploymentId: id },
    "1 device takes files without their artifact, and the files of this one are compressed or of several payloads.",
    "2,608 devices take files without their artifact, and the files of this one are compressed or of several payloads.",
  ],
  [
    { kind: "depends-unmet", deploymentId: id, name: "kernel", wanted: ["6"], provided: "5" },
    "1 device has kernel 5, and the release needs 6.",
    "2,608 devices have kernel 5, and the release needs 6.",
  ],
  [
    {
      kind: "minimum-version",
      deploymentId: id,
      minimumFrom: version("1.5"),
      runs: "1.4",
    },
    "1 device runs 1.4, and the release is for those that run 1.5 or later.",
    "2,608 devices run 1.4, and the release is for those that run 1.5 or later.",
  ],
  [
    { kind: "must-pass-through", deploymentId: id, version: version("2.0"), runs: "1.4" },
    "1 device runs 1.4 and has to run 2.0 before this release.",
    "2,608 devices run 1.4 and have to run 2.0 before this release.",
  ],
  [
    { kind: "must-pass-through", deploymentId: id, version: version("2.0"), runs: null },
    "1 device has not said what it runs and has to run 2.0 before this release.",
    "2,608 devices have not said what they run and have to run 2.0 before this release.",
  ],
  [
    { kind: "safeguard", deploymentId: id, safeguardId: SAFEGUARD.id, note: "The modem is lost" },
    "1 device is kept from the release by a safeguard (The modem is lost).",
    "2,608 devices are kept from the release by a safeguard (The modem is lost).",
  ],
  [
    { kind: "boot-loop", deploymentId: id, version: version("2.0"), deployments: 2 },
    "1 device rolled back from 2.0 in several deployments and waits for somebody to send it ahead.",
    "2,608 devices rolled back from 2.0 in several deployments and wait for somebody to send them ahead.",
  ],
  [
    { kind: "flip-flop", deploymentId: id, version: version("2.0"), runs: "1.0", times: 2 },
    "1 device was brought from 1.0 to 2.0 and came back several times within a week.",
    "2,608 devices were brought from 1.0 to 2.0 and came back several times within a week.",
  ],
  [
    { kind: "stage-not-reached", deploymentId: id, stage: 0, admittedInStage: 1 },
    "1 device has its turn in stage 2.",
    "2,608 devices have their turn in stage 2.",
  ],
  [
    { kind: "approval-pending", deploymentId: id, stage: 1, required: 2, given: 1 },
    "1 device waits until stage 2 is approved: 1 of 2 approvals are given.",
    "2,608 devices wait until stage 2 is approved: 1 of 2 approvals are given.",
  ],
  [
    { kind: "concurrent-limit", deploymentId: id, limit: 50 },
    "1 device waits for a place: 50 at a time are in the update.",
    "2,608 devices wait for a place: 50 at a time are in the update.",
  ],
  [
    { kind: "site-limit", deploymentId: id, attribute: "store", site: "north", limit: 5 },
    "1 device waits for a place among those with the same store: 5 at a time are in the update.",
    "2,608 devices wait for a place among those with the same store: 5 at a time are in the update.",
  ],
  [
    {
      kind: "rate-limit",
      deploymentId: id,
      perMinute: 10,
      growsTo: null,
      until: "2026-12-01T08:00:02.000Z",
    },
    "1 device waits, because at most 10 start in any minute.",
    "2,608 devices wait, because at most 10 start in any minute.",
  ],
  [
    { kind: "rate-limit", deploymentId: id, perMinute: 10, growsTo: 50, until: "" },
    "1 device waits, because at most 10 start in any minute by now, and up to 50 later.",
    "2,608 devices wait, because at most 10 start in any minute by now, and up to 50 later.",
  ],
  [
    { ...BUDGET, until: "2026-12-01T08:00:00.000Z" },
    "1 device waits until there is room for 40 MB: at most 2 GB of artifacts are offered in any 24 hours.",
    "2,608 devices wait until there is room for 40 MB: at most 2 GB of artifacts are offered in any 24 hours.",
  ],
  [
    { ...BUDGET, sizeBytes: 3_000_000_000, until: null },
    "1 device never gets it: an artifact of 3 GB is larger than the 2 GB that are offered in any 24 hours.",
    "2,608 devices never get it: an artifact of 3 GB is larger than the 2 GB that are offered in any 24 hours.",
  ],
  [
    { kind: "retry-backoff", deploymentId: id, attempts: 1, until: "2026-12-01T08:00:00.000Z" },
    "1 device waits a while before its next try.",
    "2,608 devices wait a while before their next tries.",
  ],
  [
    { kind: "outside-window", deploymentId: id, until: "2026-12-01T08:00:00.000Z" },
    "1 device waits for its window, which opens at 2026-12-01 08:00 UTC.",
    "2,608 devices wait for their window, which opens at 2026-12-01 08:00 UTC.",
  ],
  [
    { kind: "zone-unknown", deploymentId: id, attribute: "moult.time-zone", zone: null },
    "1 device reports no time zone (moult.time-zone) for the plan's windows.",
    "2,608 devices report no time zone (moult.time-zone) for the plan's windows.",
  ],
  [
    { kind: "zone-unknown", deploymentId: id, attribute: "site.zone", zone: "Mars/Olympus" },
    "1 device waits for a window by the clocks of Mars/Olympus, which the server does not know.",
    "2,608 devices wait for a window by the clocks of Mars/Olympus, which the server does not know.",
  ],
  [
    { kind: "condition-unmet", deploymentId: id, conditions: "context.busy = false", said: null },
    "1 device waits until context.busy = false.",
    "2,608 devices wait until context.busy = false.",
  ],
  [
    { kind: "retry-forbidden", deploymentId: id, outcome: "failed", code: "disk-full" },
    "1 device failed with disk-full, after which the plan gives no other try.",
    "2,608 devices failed with disk-full, after which the plan gives no other try.",
  ],
  [
    { kind: "cancelled", deploymentId: id },
    "1 device had its update cancelled.",
    "2,608 devices had their updates cancelled.",
  ],
  [
    { kind: "attempts-used", deploymentId: id, attempts: 1, outcome: "failed" },
    "1 device had its tries.",
    "2,608 devices had their tries.",
  ],
  [
    { kind: "superseded", deploymentId: id, byDeploymentId: deploymentId(2), because: "newer" },
    "1 device is taken over by a newer deployment.",
    "2,608 devices are taken over by a newer deployment.",
  ],
];

test.each(WAITS)("%j is said of one and of many", (wait, one, many) => {
  expect([sentenceOfMany(wait, 1), sentenceOfMany(wait, 2_608)]).toEqual([one, many]);
});

test("every reason can be said of many, and those that sound alike are counted together", () => {
  expect(new Set(WAITS.map(([{ kind }]) => kind))).toEqual(new Set(WaitKind.options));
  expect(WaitKind.options).toHaveLength(WaitReason.options.length + 1);
  const used = (attempts: number): Wait => ({
    kind: "attempts-used",
    deploymentId: id,
    attempts,
    outcome: "failed",
  });
  const inStage = (admittedInStage: number): Wait => ({
    kind: "stage-not-reached",
    deploymentId: id,
    stage: 0,
    admittedInStage,
  });
  expect(waitKey(used(1))).toBe(waitKey(used(2)));
  expect(waitKey(inStage(1))).not.toBe(waitKey(inStage(2)));
});
