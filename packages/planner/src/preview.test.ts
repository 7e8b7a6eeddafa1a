import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import {
  artifact,
  deployment,
  deploymentId,
  device,
  facts,
  HARDWARE,
  NOW,
  openAssignment,
  planOf,
  version,
} from "./facts.fixture.ts";
import { NO_RULES } from "./version-rules.ts";
import { confirmSentence, findingsOf, type Intent, type KeptOut } from "./plan-sentences.ts";
import { previewFor, stageSteps, waitFor } from "./preview.ts";

const id = deploymentId(1);
const brought = {
  deploymentId: id,
  version: version("2.0"),
  plan: planOf({ stages: [{ size: { percent: 1 } }, { size: { remaining: true } }] }),
  artifacts: [artifact()],
  rules: NO_RULES,
  safeguard: null,
  now: NOW,
};

test.each([
  [device(), { kind: "gets" }],
  [device({ running: { artifactName: "2.0", provides: {} } }), { kind: "already-running" }],
  [device({ state: "pending" }), { kind: "cannot", reason: { kind: "device-not-accepted" } }],
  [
    device({ hasIdentityConflict: true }),
    { kind: "cannot", reason: { kind: "identity-conflict" } },
  ],
])(
  "a preview says of a device what it will be told once every stage is open (%#)",
  (of, verdict) => {
    expect(previewFor(of, brought)).toMatchObject(verdict);
  },
);

test("a device of other hardware cannot get it, and its reason says so", () => {
  expect(previewFor(device(), { ...brought, artifacts: [] })).toMatchObject({
    kind: "cannot",
    reason: { kind: "no-artifact-for-hardware", hardwareType: HARDWARE },
  });
});

test("each stage adds what its share holds beyond the one before", () => {
  const plan = planOf({
    stages: [{ size: { percent: 1 } }, { size: { percent: 10 } }, { size: { remaining: true } }],
  });

  expect(stageSteps(plan, 2_712)).toEqual([27, 244, 2_441]);
  expect(stageSteps(plan, 5)).toEqual([1, 0, 4]);
  expect(stageSteps(plan, 0)).toEqual([0, 0, 0]);
});

test("why a device was not offered a deployment yet is about that deployment", () => {
  const newer = deployment({ number: 2 });
  const own = deployment();

  expect(waitFor(decide(facts()), own)).toEqual({ kind: "next-check-in" });
  expect(waitFor(decide(facts({ candidates: [newer, own] })), own)).toEqual({
    kind: "superseded",
    deploymentId: id,
    byDeploymentId: newer.id,
    because: "newer",
  });
  expect(waitFor(decide(facts({ openAssignment: openAssignment() })), own)).toMatchObject({
    kind: "update-in-progress",
  });
  expect(
    waitFor(decide(facts({ candidates: [deployment({ state: "paused" })] })), own),
  ).toMatchObject({ kind: "deployment-not-running", state: "paused" });
});

const errorStop = { count: 3 };
const intent = (changes: Partial<Intent> = {}): Intent => ({
  version: "3.0",
  target: "all",
  plan: planOf({
    stages: [
      { size: { percent: 10 }, advance: { successPercent: 50 }, errorStop },
      { size: { remaining: true }, errorStop },
    ],
  }),
  eligible: 9_103,
  holdBackPercent: null,
  named: [],
  gets: 9_103,
  alreadyRunning: 0,
  artifacts: [artifact()],
  rollbackGaps: [],
  keptOut: [],
  broughtVersions: [],
  unknownZones: [],
  zoneGaps: [],
  conditionGap: { unmet: 0, silent: 0 },
  checkInSeconds: null,
  approvers: [],
  ...changes,
});

test.each<[Partial<Intent>, string | null]>([
  [{}, null],
  [
    { plan: planOf() },
    "Deploy 3.0 to all 9,103 devices in one stage, without an error stop? A bad release would reach every device before anyone can stop it.",
  ],
  [
    { plan: planOf({ stages: [{ size: { remaining: true }, errorStop }] }), target: "group" },
    "Deploy 3.0 to 9,103 devices in one stage? A bad release could reach 50 devices at a time before it stops itself.",
  ],
  [
    { plan: planOf({ stages: [{ size: { percent: 10 } }, { size: { remaining: true } }] }) },
    "Deploy 3.0 to all 9,103 devices without an error stop? Failures would not stop it.",
  ],
  [{ plan: planOf(), gets: 1 }, null],
])("what is unusual is asked about before it is done (%#)", (changes, sentence) => {
  expect(confirmSentence(intent(changes))).toBe(sentence);
});

const tooOld: KeptOut = {
  reason: {
    kind: "minimum-version",
    deploymentId: id,
    minimumFrom: version("1.5"),
    runs: "1.0",
  },
  count: 7,
};
const stepAhead: KeptOut = {
  reason: { kind: "must-pass-through", deploymentId: id, version: version("2.0"), runs: "1.6" },
  count: 1,
};

test.each<[Partial<Intent>, readonly string[]]>([
  [{}, []],
  [{ artifacts: [] }, ["error releaseId 3.0 has no artifact yet; upload one."]],
  [
    { eligible: 0, gets: 0 },
    [
      "error target No accepted device of the target has a hardware type that 3.0 has an artifact for.",
    ],
  ],
  [
    { gets: 0, alreadyRunning: 5 },
    ["warning target Nobody would get 3.0: all that could run it already."],
  ],
  [{ gets: 0 }, ["warning target Nobody would get 3.0 as devices are now."]],
  [
    { gets: 0, keptOut: [tooOld, stepAhead] },
    [
      "warning releaseId Nobody would get 3.0 by its rules as devices are now. 7 devices run 1.0, and the release is for those that run 1.5 or later. 1 device runs 1.6 and has to run 2.0 before this release.",
      "warning releaseId 1 device has to run 2.0 before 3.0, and no running deployment brings it.",
    ],
  ],
  [{ keptOut: [tooOld, stepAhead], broughtVersions: ["2.0"] }, []],
  [
    { plan: planOf(), eligible: 5, gets: 5 },
    [
      "warning plan.stages All 5 devices are in the first stage: nothing is tried on a few first.",
      "warning plan.stages.0.errorStop Failures do not stop stage 1.",
    ],
  ],
  [
    {
      rollbackGaps: [
        { from: "1.0", to: null, obstacle: { kind: "no-release" }, count: 12 },
        { from: null, to: null, obstacle: { kind: "no-release" }, count: 1 },
        {
          from: "1.1",
          to: "1.1",
          obstacle: { kind: "trust-expired", deploymentId: id, path: "a" },
          count: 1,
        },
      ],
    },
    [
      "error plan.onTrip 12 devices that run 1.0 could not be rolled back: no release 1.0 with an artifact for them is here.",
      "error plan.onTrip 1 device could not be rolled back: what they run is not known.",
      "error plan.onTrip 1 device that runs 1.1 could not go back to it: What the offline keys signed for this release has expired; the device takes it once it is signed again.",
    ],
  ],
  [
    { eligible: 100, holdBackPercent: 0.5 },
    [
      "warning target.holdBackPercent 0.5 % of 100 devices is less than one: it may well hold nobody back.",
    ],
  ],
  [
    { eligible: 40, gets: 20, holdBackPercent: 50 },
    ["warning plan.stages.0.errorStop Stage 1 stops at 3 failures, and only 2 devices are in it."],
  ],
  [
    { eligible: 8, gets: 8 },
    ["warning plan.stages.0.errorStop Stage 1 stops at 3 failures, and only 1 device is in it."],
  ],
])("what to mind stands at its field (%#)", (changes, said) => {
  const findings = findingsOf(intent(changes));

  expect(
    findings.map(({ severity, field, sentence }) => `${severity} ${field} ${sentence}`),
  ).toEqual(said);
});
