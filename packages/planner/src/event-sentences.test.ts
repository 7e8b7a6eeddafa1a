import {
  BulkChangeId,
  DeviceState,
  GroupId,
  Outcome,
  ProductName,
  ReleaseId,
  TrustProposalId,
  UploadId,
  type FleetEventBody,
} from "@moult/model";
import { EventKind } from "@moult/model";
import { expect, test } from "vitest";
import { eventSentence } from "./event-sentences.ts";
import { SAFEGUARD, version } from "./facts.fixture.ts";

const names = { device: "pump-0042", deployment: "3.0 to pumps", version: "3.0", group: "kiosks" };
const nobody = { device: null, deployment: null, version: null, group: null };
const product = ProductName.parse("pump");
const groupId = GroupId.parse("0198c0de-0005-7000-8000-000000000001");
const bulkChangeId = BulkChangeId.parse("0198c0de-0007-7000-8000-000000000001");
const releaseId = ReleaseId.parse("0198c0de-0006-7000-8000-000000000001");
const uploadId = UploadId.parse("0198c0de-0007-7000-8000-000000000001");
const at = "2026-11-20T10:00:00.000Z";
const trip = { kind: "failure-percent", stage: 1, failed: 9, finished: 60, limit: 2, at } as const;

const safeguard = {
  safeguardId: SAFEGUARD.id,
  releaseId,
  version: version("3.0"),
  query: "inventory.modem = EC25",
  note: "The modem is lost.",
  by: "Ada",
};

const SENTENCES: readonly (readonly [FleetEventBody, string])[] = [
  [{ kind: "device-enrolled", product, state: "pending" }, "pump-0042 asks to join pump."],
  [{ kind: "device-enrolled", product, state: "accepted" }, "pump-0042 joined pump."],
  [{ kind: "device-state-changed", state: "accepted", by: "Ada" }, "Ada accepted pump-0042."],
  [{ kind: "device-state-changed", state: "rejected", by: "Ada" }, "Ada rejected pump-0042."],
  [
    { kind: "device-state-changed", state: "decommissioned", by: "Ada" },
    "Ada decommissioned pump-0042.",
  ],
  [{ kind: "device-inventory-changed" }, "pump-0042 reported a new inventory."],
  [
    { kind: "device-running-changed", from: "2.1", to: "3.0" },
    "pump-0042 runs 3.0 instead of 2.1.",
  ],
  [{ kind: "device-running-changed", from: null, to: "3.0" }, "pump-0042 runs 3.0."],
  [
    { kind: "device-identity-conflict", detail: "two  instances\nreport." },
    "Two machines speak with the key of pump-0042: two instances report.",
  ],
  [{ kind: "group-changed", groupId }, "The group kiosks changed."],
  [
    {
      kind: "person-invited",
      email: "bob@example.org",
      role: "operator",
      expiresAt: at,
      by: "Ada",
    },
    "Ada invited bob@example.org as operator, until 2026-11-20 10:00 UTC.",
  ],
  [
    { kind: "invitation-revoked", email: "bob@example.org", role: "operator", by: "Ada" },
    "Ada revoked the invitation of bob@example.org.",
  ],
  [
    {
      kind: "person-joined",
      name: "Bob",
      email: "bob@example.org",
      role: "operator",
      invitedBy: "Ada",
    },
    "Bob (bob@example.org) joined as operator, invited by Ada.",
  ],
  [
    {
      kind: "person-role-changed",
      name: "Bob",
      email: "bob@example.org",
      from: "operator",
      to: "viewer",
      by: "Ada",
    },
    "Ada made Bob (bob@example.org) viewer instead of operator.",
  ],
  [
    { kind: "person-removed", name: "Bob", email: "bob@example.org", by: "Ada" },
    "Ada removed Bob (bob@example.org).",
  ],
  [
    { kind: "trust-initialised", by: "Ada" },
    "Ada set up signing: devices take the tenant's root of trust from now on.",
  ],
  [
    {
      kind: "trust-proposal-changed",
      proposalId: TrustProposalId.parse("0198c0de-0008-7000-8000-000000000001"),
      change: "published",
      roles: ["pump.prod"],
      by: "Ada",
    },
    "Ada published new signing metadata: pump.prod.",
  ],
  [
    {
      kind: "trust-role-expiring",
      role: "pump.prod",
      warning: "expires-7d",
      expiresAt: "2026-12-01T00:00:00.000Z",
    },
    "The signatures of pump.prod end within a week, on 2026-12-01.",
  ],
  [
    {
      kind: "offer-not-signed",
      attempt: 1,
      version: version("3.0"),
      reason: "target-not-published",
    },
    "The signer did not sign 3.0 for pump-0042: offline keys no longer vouch for it.",
  ],
  [
    { kind: "receipt-invalid", attempt: 1, problem: "signature-invalid" },
    "The receipt of pump-0042 for try 1 of 3.0 proves nothing: signature-invalid.",
  ],
  [
    {
      kind: "bulk-change-progressed",
      bulkChangeId,
      action: "accept",
      done: 4000,
      total: 12431,
      state: "running",
      by: "Ada",
    },
    "Ada asked to accept 12,431 devices: 4,000 done so far.",
  ],
  [
    {
      kind: "bulk-change-progressed",
      bulkChangeId,
      action: "remove-from-group",
      done: 1,
      total: 1,
      state: "finished",
      by: "Ada",
    },
    "Ada asked to take 1 device out of a group: that is done.",
  ],
  [
    { kind: "device-held", note: "on the bench.", until: null, by: "Ada" },
    "Ada holds pump-0042: on the bench.",
  ],
  [
    { kind: "device-held", note: "tests", until: "2026-12-01T08:00:00.000Z", by: "Ada" },
    "Ada holds pump-0042 until 2026-12-01 08:00 UTC: tests.",
  ],
  [{ kind: "device-released", by: "Ada" }, "Ada released pump-0042."],
  [
    { kind: "device-configured", names: ["a", "b", "c", "d"], by: "Ada" },
    "Ada wants other settings of pump-0042: a, b, c and 1 more.",
  ],
  [{ kind: "product-changed", product }, "The product pump changed."],
  [{ kind: "release-changed", releaseId, version: version("3.0") }, "The release 3.0 changed."],
  [
    { kind: "safeguard-created", ...safeguard },
    'Ada keeps 3.0 from devices of which "inventory.modem = EC25" is true: The modem is lost.',
  ],
  [
    { kind: "safeguard-lifted", ...safeguard },
    'Ada lifted the safeguard that kept 3.0 from devices of which "inventory.modem = EC25" is true.',
  ],
  [
    {
      kind: "release-rules-changed",
      releaseId,
      version: version("3.0"),
      minimumFrom: version("2.1"),
      mustPassThrough: false,
      by: "Ada",
    },
    "Ada changed the rules of 3.0. It is offered only to devices that run 2.1 or later.",
  ],
  [{ kind: "release-deleted", releaseId, version: version("3.0") }, "The release 3.0 was deleted."],
  [{ kind: "upload-changed", uploadId, state: "finished" }, "An upload is an artifact now."],
  [
    { kind: "deployment-created", version: version("3.0"), by: "Ada" },
    'Ada started "3.0 to pumps", which brings 3.0.',
  ],
  [{ kind: "deployment-state-changed", state: "paused", by: "Ada" }, 'Ada paused "3.0 to pumps".'],
  [
    { kind: "deployment-state-changed", state: "running", by: "Ada" },
    'Ada resumed "3.0 to pumps".',
  ],
  [
    { kind: "deployment-state-changed", state: "finished", by: "moult" },
    '"3.0 to pumps" is finished.',
  ],
  [
    { kind: "deployment-tripped", trip },
    '"3.0 to pumps" stopped itself at stage 2: 9 of 60 devices failed; the limit is 2 %.',
  ],
  [{ kind: "stage-advanced", stage: 1 }, '"3.0 to pumps" goes on to stage 2.'],
  [{ kind: "stage-advanced", stage: 1, by: "Ada" }, 'Ada opened stage 2 of "3.0 to pumps".'],
  [
    { kind: "stage-approved", stage: 1, given: 1, required: 2, by: "Bob" },
    'Bob approved stage 2 of "3.0 to pumps", 1 of 2.',
  ],
  [
    { kind: "stage-approved", stage: 1, given: 2, required: 2, by: "Cy" },
    'Cy approved stage 2 of "3.0 to pumps", which needs no more approvals.',
  ],
  [
    { kind: "approval-withdrawn", stage: 1, by: "Bob" },
    'Bob withdrew the approval of stage 2 of "3.0 to pumps".',
  ],
  [
    { kind: "installation-opened", by: "Ada" },
    'Ada opened the installation of "3.0 to pumps": devices install what they have downloaded.',
  ],
  [
    { kind: "deployment-rolled-back", to: null, by: "Ada" },
    'Ada rolled "3.0 to pumps" back: its devices return to what each ran before.',
  ],
  [
    { kind: "deployment-rolled-back", to: version("2.9"), by: "Ada" },
    'Ada rolled "3.0 to pumps" back: its devices return to 2.9.',
  ],
  [{ kind: "device-forced", by: "Ada" }, 'Ada sent pump-0042 ahead in "3.0 to pumps".'],
  [{ kind: "assignment-retried", by: "Ada" }, "Ada gave pump-0042 its tries of 3.0 anew."],
  [
    { kind: "assignment-offered", attempt: 1, version: version("3.0") },
    "pump-0042 was offered 3.0.",
  ],
  [
    { kind: "assignment-offered", attempt: 2, version: version("3.0") },
    "pump-0042 was offered 3.0 again, try 2.",
  ],
  [
    { kind: "assignment-progressed", state: "downloading", progressPercent: 41 },
    "pump-0042 is downloading 3.0, 41 %.",
  ],
  [
    {
      kind: "assignment-progressed",
      state: "downloading",
      progressPercent: 100,
      deferral: { before: "reboot", holds: [{ code: "driving", detail: "It is being driven." }] },
    },
    "pump-0042 waits before it reboots: It is being driven.",
  ],
  [
    { kind: "assignment-progressed", state: "proving", progressPercent: null },
    "pump-0042 runs 3.0 on trial.",
  ],
  [
    { kind: "assignment-closed", outcome: "succeeded", code: null, detail: null },
    "pump-0042 was updated to 3.0.",
  ],
  [
    {
      kind: "assignment-closed",
      outcome: "rolled-back",
      code: "health-check-failed",
      detail: "no network",
    },
    "pump-0042 rolled 3.0 back: health-check-failed, no network.",
  ],
];

test.each(SENTENCES)("%j is told as: %s", (body, sentence) => {
  expect(eventSentence(body, names)).toBe(sentence);
});

test("every kind, state and outcome has a sentence, also when the names are gone", () => {
  const bodies: readonly FleetEventBody[] = [
    ...SENTENCES.map(([body]) => body),
    ...DeviceState.options.map(
      (state) => ({ kind: "device-state-changed", state, by: "Ada" }) as const,
    ),
    ...Outcome.options.map(
      (outcome) => ({ kind: "assignment-closed", outcome, code: null, detail: null }) as const,
    ),
  ];
  const sentences = bodies.map((body) => eventSentence(body, nobody));

  expect(new Set(bodies.map(({ kind }) => kind))).toEqual(new Set(EventKind.options));
  for (const sentence of sentences) {
    expect(sentence).toMatch(/^[A-Z].*[^.]\.$/);
    expect(sentence).not.toMatch(/undefined|null/);
  }
});

test("a device's own long words are cut, and stay whole characters", () => {
  const detail = "\u{1f525}".repeat(200);
  const sentence = eventSentence(
    { kind: "assignment-closed", outcome: "failed", code: "x", detail },
    names,
  );

  expect(sentence.length).toBeLessThan(250);
  expect(sentence.isWellFormed()).toBe(true);
});
