import { instant, utf8 } from "@moult/base";
import {
  INSTRUCTION_FIELD,
  type MetadataFile,
  RootMetadata,
  SnapshotMetadata,
  TargetsMetadata,
  TimestampMetadata,
  isoInstantMs,
  parseStrictJson,
} from "@moult/trust";
import { expect, test } from "vitest";
import { newRole, newSnapshot, newTimestamp } from "./build-metadata.ts";
import { countSignatures, signMetadata } from "./sign-metadata.ts";
import {
  NOW,
  TARGET_PATH,
  channelOf,
  groupOf,
  testRoot,
  testSigner,
  testTarget,
  testTargets,
} from "./signing.fixture.ts";

const DAY = 86_400_000;
const readBack = (value: unknown): unknown => parseStrictJson(utf8(JSON.stringify(value)));
const days = (expires: string): number => ((isoInstantMs(expires) ?? 0) - NOW) / DAY;

test("what is built is what devices read, for as long as each role should hold", () => {
  const { root } = testRoot([testSigner(), testSigner(), testSigner()]);
  const targets = testTargets([
    channelOf("gw2", "prod", [testSigner(), testSigner("ecdsa-p256")], 2),
  ]);
  const role = newRole({ [TARGET_PATH]: testTarget() }, { version: 7, now: NOW });
  const snapshot = newSnapshot({ targets: 1, "gw2.prod": 7 }, { version: 3, now: NOW });
  const timestamp = newTimestamp(
    { version: 3, length: 500, sha256: "ab".repeat(32) },
    { version: 9, now: NOW },
  );

  expect(RootMetadata.parse(readBack(root))).toEqual(root);
  expect(TargetsMetadata.parse(readBack(targets))).toEqual(targets);
  expect(TargetsMetadata.parse(readBack(role))).toEqual(role);
  expect(SnapshotMetadata.parse(readBack(snapshot))).toEqual(snapshot);
  expect(TimestampMetadata.parse(readBack(timestamp))).toEqual(timestamp);
  expect([root, targets, role, snapshot, timestamp].map(({ expires }) => days(expires))).toEqual([
    730, 365, 365, 14, 3,
  ]);
});

test("a channel's role reaches no further than its own artifacts, and ends the search", () => {
  const { delegations } = testTargets([channelOf("gw2", "prod", [testSigner()])]);
  expect(delegations?.roles?.[0]).toMatchObject({
    name: "gw2.prod",
    paths: ["gw2/prod/*/*"],
    terminating: true,
  });
});

test("the instruction key is named by root, beside the roles", () => {
  const { root, online } = testRoot([testSigner(), testSigner()]);
  expect(root[INSTRUCTION_FIELD]).toEqual({ keyids: [online.instruction.keyid] });
  expect(root.keys[online.instruction.keyid]).toBeDefined();
});

test("an expiry is whole seconds, whatever the clock says", () => {
  const issue = { version: 1, now: instant(NOW + 789) };
  expect(newRole({}, issue).expires).toBe("2027-11-28T12:00:00Z");
});

test("signatures count once for each key, and only valid ones of the role's keys", async () => {
  const [first, second, stranger] = [testSigner(), testSigner("ecdsa-p256"), testSigner()];
  const role = newRole({ [TARGET_PATH]: testTarget() }, { version: 1, now: NOW });
  let file: MetadataFile = { signatures: [], signed: role };
  const group = groupOf([first, second], 2);
  expect(countSignatures(file, group).needed).toBe(2);

  file = await signMetadata(file, stranger);
  file = await signMetadata(file, first);
  file = await signMetadata(file, first);
  expect(file.signatures).toHaveLength(2);
  expect(countSignatures(file, group)).toMatchObject({ needed: 1, missing: [second.key] });

  file = await signMetadata(file, second);
  expect(countSignatures(file, group)).toMatchObject({ needed: 0, missing: [] });

  const changed = { ...file, signed: { ...role, version: 2 } };
  expect(countSignatures(changed, group).needed).toBe(2);
});

test("one key under two names is one signature", async () => {
  const signer = testSigner();
  const file = await signMetadata(
    { signatures: [], signed: newRole({}, { version: 1, now: NOW }) },
    signer,
  );
  const twice = { keys: [signer.key, { ...signer.key, keyid: "another name" }], threshold: 2 };
  const [signature] = file.signatures;
  const both = {
    ...file,
    signatures: [...file.signatures, { keyid: "another name", sig: signature?.sig ?? "" }],
  };
  expect(countSignatures(both, twice).needed).toBe(1);
});
