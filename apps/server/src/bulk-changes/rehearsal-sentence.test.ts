import { BulkActionKind } from "@moult/model";
import { expect, test } from "vitest";
import { rehearsalSentence, type Foreseen } from "./rehearsal-sentence.ts";

const NOTHING: Foreseen = {
  matches: 0,
  changes: 0,
  keysOnly: 0,
  unchanged: 0,
  refused: [],
  updating: 0,
  waitingKeys: 0,
  conflicts: 0,
  group: { name: "canaries", deployments: [] },
};
const GONE = { sentence: "The device is decommissioned.", count: 29 };

test.each<[BulkActionKind, Partial<Foreseen>, string]>([
  [
    "accept",
    { changes: 12_102, waitingKeys: 12_000, unchanged: 300, refused: [GONE] },
    "Accepts 12,102 devices: they take updates from now on. 12,000 keys are trusted without anybody comparing their fingerprints. 300 are accepted already. 29 cannot be changed: The device is decommissioned.",
  ],
  [
    "accept",
    { changes: 1, waitingKeys: 1, conflicts: 1 },
    "Accepts 1 device: it takes updates from now on. 1 key is trusted without anybody comparing its fingerprint. 1 is claimed by two machines; accepting ends the conflict.",
  ],
  [
    "reject",
    { changes: 5, keysOnly: 2, updating: 1 },
    "Rejects 3 devices: they get no more updates, and what they run keeps running. 1 of them is in an update, which counts as aborted. Accepting them later lets them in again. Of 2 only a waiting key is turned down: the devices themselves stay accepted.",
  ],
  [
    "reject",
    { changes: 1, keysOnly: 1 },
    "Of 1 only a waiting key is turned down: the device itself stays accepted.",
  ],
  [
    "decommission",
    { changes: 214, updating: 3, unchanged: 1 },
    "Decommissions 214 devices: they lose their credentials for good and get no more updates. What they run now keeps running. 3 of them are in an update, which counts as aborted. A machine comes back only by enrolling with another identity. 1 is decommissioned already.",
  ],
  [
    "decommission",
    { changes: 1, updating: 1 },
    "Decommissions 1 device: it loses its credentials for good and gets no more updates. What it runs now keeps running. It is in an update, which counts as aborted. A machine comes back only by enrolling with another identity.",
  ],
  [
    "add-to-group",
    { changes: 90, unchanged: 10, group: { name: "canaries", deployments: ["3.0 to canaries"] } },
    'Puts 90 devices into the group "canaries". The unfinished deployment "3.0 to canaries" reaches them too. 10 are in it already.',
  ],
  [
    "add-to-group",
    { changes: 1, group: { name: "canaries", deployments: ["one", "two"] } },
    'Puts 1 device into the group "canaries". 2 unfinished deployments of this group reach it too.',
  ],
  [
    "remove-from-group",
    { changes: 2, unchanged: 1, group: { name: "canaries", deployments: ["one"] } },
    'Takes 2 devices out of the group "canaries"; the devices themselves stay as they are. The unfinished deployment "one" no longer reaches them. 1 is not in it.',
  ],
  [
    "reject",
    { unchanged: 7, refused: [GONE, { sentence: "Another.", count: 1 }] },
    "Changes nothing. 7 are rejected already. 30 cannot be changed, for 2 reasons.",
  ],
])("%s, %j: %s", (kind, foreseen, sentence) => {
  expect(rehearsalSentence(kind, { ...NOTHING, matches: 1, ...foreseen })).toBe(sentence);
});

test.each(BulkActionKind.options)("%s of no device says so", (kind) => {
  expect(rehearsalSentence(kind, NOTHING)).toBe("No device matches.");
});
