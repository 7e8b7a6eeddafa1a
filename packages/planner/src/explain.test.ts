import { DeviceState, WaitReason } from "@moult/model";
import { expect, test } from "vitest";
import { explain } from "./explain.ts";
import {
  assignmentId,
  deployment,
  deploymentId,
  device,
  facts,
  HARDWARE,
  NO_ONE,
  NOW,
  openAssignment,
  planOf,
  SAFEGUARD,
  version,
} from "./facts.fixture.ts";
import { sentenceOf } from "./reason-sentences.ts";

const id = deploymentId(1);

const AT = "2026-12-01T08:00:00.000Z";
const PUT_OFF = {
  kind: "deferred-by-device",
  deploymentId: id,
  assignmentId: assignmentId(1),
  before: "install",
  holds: [
    { code: "busy", detail: "The device is busy." },
    { code: "oven-hot", detail: "" },
  ],
} as const satisfies WaitReason;

const BUDGET = {
  kind: "byte-budget",
  deploymentId: id,
  bytesPerDay: 2_000_000_000,
  sizeBytes: 40_000_000,
} as const;

const SAMPLES: readonly WaitReason[] = [
  ...DeviceState.options.map((state) => ({ kind: "device-not-accepted", state }) as const),
  { kind: "identity-conflict" },
  { kind: "device-held", note: "on the bench", by: "Ada", since: AT, until: null },
  { kind: "device-held", note: "on the bench.", by: "Ada", since: AT, until: AT },
  { kind: "installation-undecided", artifactName: "conf-2" },
  { kind: "no-deployment" },
  { kind: "update-in-progress", deploymentId: id, assignmentId: assignmentId(1) },
  { ...PUT_OFF },
  { kind: "not-in-target", deploymentId: id, because: "not-a-member" },
  { kind: "not-in-target", deploymentId: id, because: "excluded" },
  { kind: "not-in-target", deploymentId: id, because: "frozen" },
  { kind: "held-back-share", deploymentId: id, percent: 5 },
  { kind: "deployment-not-running", deploymentId: id, state: "paused" },
  { kind: "deployment-not-running", deploymentId: id, state: "tripped" },
  { kind: "already-running", deploymentId: id },
  { kind: "no-artifact-for-hardware", deploymentId: id, hardwareType: HARDWARE },
  { kind: "outside-path-prefix", deploymentId: id, pathPrefix: "gw2/prod/", path: "gw2/dev/a" },
  { kind: "release-not-signed", deploymentId: id, path: "gw2/prod/2/a" },
  { kind: "trust-expired", deploymentId: id, path: "gw2/prod/2/a" },
  { kind: "too-early", deploymentId: id, until: "2026-12-01T08:00:00.000Z" },
  { kind: "agent-too-old", deploymentId: id, minAgent: "1.2", agent: "0.1.0" },
  { kind: "security-counter-too-low", deploymentId: id, releaseCounter: 2, deviceCounter: 3 },
  { kind: "conflict", deploymentId: id, name: "x", value: "1" },
  { kind: "payload-type-unsupported", deploymentId: id, payloadTypes: ["a", "b", "c", "d"] },
  { kind: "payload-not-bare", deploymentId: id },
  { kind: "terms-unheeded", deploymentId: id, terms: ["consent", "step-windows"] },
  { kind: "depends-unmet", deploymentId: id, name: "x", wanted: ["1"], provided: null },
  { kind: "depends-unmet", deploymentId: id, name: "x", wanted: ["1"], provided: "2" },
  { kind: "minimum-version", deploymentId: id, minimumFrom: version("1.5"), runs: "1.4" },
  { kind: "minimum-version", deploymentId: id, minimumFrom: version("1.5"), runs: null },
  { kind: "must-pass-through", deploymentId: id, version: version("1.5"), runs: "1.4" },
  { kind: "safeguard", deploymentId: id, safeguardId: SAFEGUARD.id, note: SAFEGUARD.note },
  { kind: "boot-loop", deploymentId: id, version: version("2.0"), deployments: 2 },
  { kind: "flip-flop", deploymentId: id, version: version("2.0"), runs: "1.0", times: 2 },
  { kind: "stage-not-reached", deploymentId: id, stage: 0, admittedInStage: 2 },
  { kind: "approval-pending", deploymentId: id, stage: 1, required: 2, given: 1 },
  { kind: "concurrent-limit", deploymentId: id, limit: 50 },
  { kind: "site-limit", deploymentId: id, attribute: "store", site: "north", limit: 5 },
  {
    kind: "rate-limit",
    deploymentId: id,
    perMinute: 10,
    growsTo: null,
    until: "2026-12-01T08:00:02.000Z",
  },
  { kind: "rate-limit", deploymentId: id, perMinute: 10, growsTo: 50, until: AT },
  { ...BUDGET, until: "2026-12-01T08:00:00.000Z" },
  { ...BUDGET, sizeBytes: 3_000_000_000, until: null },
  { kind: "retry-backoff", deploymentId: id, attempts: 1, until: "2026-12-01T08:00:00.000Z" },
  { kind: "outside-window", deploymentId: id, until: "2026-12-01T08:00:00.000Z" },
  { kind: "zone-unknown", deploymentId: id, attribute: null, zone: "Mars/Olympus" },
  { kind: "zone-unknown", deploymentId: id, attribute: "moult.time-zone", zone: null },
  { kind: "zone-unknown", deploymentId: id, attribute: "site.zone", zone: "Mars/Olympus" },
  { kind: "condition-unmet", deploymentId: id, conditions: "context.busy = false", said: null },
  {
    kind: "condition-unmet",
    deploymentId: id,
    conditions: "context.busy = false",
    said: { busy: true },
  },
  { kind: "retry-forbidden", deploymentId: id, outcome: "failed", code: "disk-full" },
  { kind: "retry-forbidden", deploymentId: id, outcome: "rolled-back", code: null },
  { kind: "cancelled", deploymentId: id },
  { kind: "attempts-used", deploymentId: id, attempts: 1, outcome: "failed" },
  { kind: "attempts-used", deploymentId: id, attempts: 3, outcome: "silent" },
  { kind: "superseded", deploymentId: id, byDeploymentId: deploymentId(2), because: "newer" },
  {
    kind: "superseded",
    deploymentId: id,
    byDeploymentId: deploymentId(2),
    because: "higher-priority",
  },
];

test("every reason has a plain sentence of its own", () => {
  const sentences = SAMPLES.map((reason) => sentenceOf(reason));

  for (const sentence of sentences) {
    expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(sentence).not.toMatch(/undefined|null|\[object/);
  }
  expect(new Set(sentences).size).toBe(SAMPLES.length);
  expect(new Set(SAMPLES.map(({ kind }) => kind))).toEqual(
    new Set(WaitReason.options.map((option) => option.shape.kind.value)),
  );
});

test("an update that is under way says what it is doing and when it ends by itself", () => {
  expect(explain(facts({ openAssignment: openAssignment({ state: "proving" }) }))).toEqual({
    summary: "The device is being updated to 2.0: it runs the new release and proves it.",
    reasons: [
      {
        reason: { kind: "update-in-progress", deploymentId: id, assignmentId: assignmentId(1) },
        sentence: "The device is in an update.",
      },
    ],
    earliest: NOW + 3_600_000,
  });
});

test("an update that its device puts off says so in the device's words, and that time alone changes nothing", () => {
  const { before, holds } = PUT_OFF;
  const open = openAssignment({ state: "downloading", deferral: { before, holds } });
  const sentence = "The device waits before it installs: The device is busy. oven-hot.";
  expect(explain(facts({ openAssignment: open }))).toEqual({
    summary: `The update to 2.0 is put off. ${sentence}`,
    reasons: [{ reason: PUT_OFF, sentence }],
    earliest: null,
  });
});

test.each([
  [facts(), "The device is offered 2.0 at its next check-in."],
  [
    facts({ device: device({ running: { artifactName: "2.0", provides: {} } }) }),
    "The device already runs 2.0.",
  ],
  [
    facts({
      candidates: [
        deployment({
          plan: planOf({ limits: { concurrentMax: 5 } }),
          tally: { ...NO_ONE, open: 5 },
        }),
      ],
    }),
    "As many devices as the plan allows at a time (5) are being updated; its turn comes when one is done.",
  ],
  [
    facts({ openAssignment: openAssignment({ deploymentState: "tripped" }) }),
    "The update to 2.0 is taken back at the next check-in, because the deployment stopped itself after too many failures.",
  ],
  [facts({ candidates: [] }), "No deployment has an update for this device."],
])("the summary is the decision in one sentence (%#)", (given, summary) => {
  expect(explain(given).summary).toBe(summary);
});

test("a device that newer deployments are not for is told first why its own has nothing for it", () => {
  const own = deployment({ number: 1, artifacts: [] });
  const others = deployment({ number: 2, isTarget: false });
  const given = facts({ candidates: [others, own] });

  expect(explain(given).reasons.map(({ reason }) => reason.kind)).toEqual([
    "no-artifact-for-hardware",
    "not-in-target",
  ]);
});
