import { generateKeyPairSync } from "node:crypto";
import { instant, utf8 } from "@moult/base";
import { expect, test } from "vitest";
import {
  FAR,
  MemoryStore,
  NOW,
  PATH,
  TestRepository,
  moultRepository,
  newKey,
  openTestTrust,
  signedFile,
  targetOf,
  team,
  testKey,
} from "./repository.fixture.ts";

test("a device finds a target over its product's role and knows who may instruct it", async () => {
  const repository = moultRepository();
  const trust = await openTestTrust(repository);

  expect(await trust.refresh(repository.source())).toEqual({ kind: "fresh" });
  expect(await trust.target(repository.source(), PATH)).toMatchObject({
    kind: "found",
    role: "gw2.prod",
    target: { path: PATH, length: 3, custom: { moult: {} } },
  });
  expect(await trust.target(repository.source(), "gw2/prod/3.0/a.mender")).toEqual({
    kind: "not-found",
  });
  expect(trust.instructionKeys()).toHaveLength(1);
  expect(trust.state()).toMatchObject({
    rootVersion: 1,
    roles: [
      { role: "root", version: 1 },
      { role: "timestamp", version: 2 },
      { role: "snapshot", version: 2 },
      { role: "targets", version: 2 },
      { role: "gw2.prod", version: 1, expiresAt: Date.parse(FAR) },
    ],
  });
});

test("a refresh with nothing new asks for the next root and the timestamp alone", async () => {
  const repository = moultRepository();
  const store = new MemoryStore();
  const first = await openTestTrust(repository, store);
  await first.refresh(repository.source());
  await first.target(repository.source(), PATH);
  const { writes } = store;
  repository.requests.length = 0;

  const trust = await openTestTrust(repository, store);
  await trust.refresh(repository.source());
  expect(await trust.target(repository.source(), PATH)).toMatchObject({ kind: "found" });
  expect(repository.requests).toEqual(["2.root.json", "timestamp.json"]);
  expect(store.writes).toBe(writes);
});

test("a target whose only digest is of another algorithm is refused", async () => {
  const repository = moultRepository();
  const target = { length: 3, hashes: { md5: "ab".repeat(16) } };
  repository.setRole("gw2.prod", { targets: { [PATH]: target } }, team);
  repository.publish();
  const trust = await openTestTrust(repository);
  await trust.refresh(repository.source());

  expect(await trust.target(repository.source(), PATH)).toMatchObject({
    rule: "hash-unknown",
    role: "gw2.prod",
  });
});

test("a delegated role that was signed anew under the same version is refused", async () => {
  const repository = moultRepository();
  repository.hashes = true;
  repository.publish();
  const store = new MemoryStore();
  const first = await openTestTrust(repository, store);
  await first.refresh(repository.source());
  await first.target(repository.source(), PATH);

  repository.roles.get("gw2.prod")!.signed["version"] = 0;
  repository.setRole("gw2.prod", { targets: { [PATH]: targetOf("evil") } }, team);
  repository.publish();
  const trust = await openTestTrust(repository, store);
  await trust.refresh(repository.source());

  expect(await trust.target(repository.source(), PATH)).toMatchObject({
    rule: "content-changed",
    role: "gw2.prod",
  });
});

test("a timestamp signed anew under the same version is not taken", async () => {
  const repository = moultRepository();
  const store = new MemoryStore();
  await (await openTestTrust(repository, store)).refresh(repository.source());
  const kept = store.entries.get("timestamp");

  repository.timestampFields = { expires: "2040-01-01T00:00:00Z" };
  repository.publishTimestamp();
  const trust = await openTestTrust(repository, store);

  expect(await trust.refresh(repository.source())).toEqual({ kind: "fresh" });
  expect(store.entries.get("timestamp")).toEqual(kept);
});

test("a surplus signature that does not hold spoils nothing", async () => {
  const repository = moultRepository();
  const text = Buffer.from(repository.files.get("timestamp.json") ?? []).toString();
  const file = JSON.parse(text) as { signatures: unknown[] };
  file.signatures.unshift({ keyid: "stranger", sig: "" }, { keyid: "other", sig: "no hex" });
  repository.files.set("timestamp.json", utf8(JSON.stringify(file)));

  const trust = await openTestTrust(repository);
  expect(await trust.refresh(repository.source())).toEqual({ kind: "fresh" });
});

test("fields that nobody knows are signed content", async () => {
  const repository = moultRepository();
  repository.timestampFields = { note: { deep: ["é", 1, null] } };
  repository.publish();
  const text = Buffer.from(repository.files.get("timestamp.json") ?? []).toString();
  const honest = await openTestTrust(repository);
  expect(await honest.refresh(repository.source())).toEqual({ kind: "fresh" });

  repository.files.set("timestamp.json", utf8(text.replace('"é"', '"e"')));
  const trust = await openTestTrust(repository);
  expect(await trust.refresh(repository.source())).toMatchObject({ rule: "threshold-not-met" });
});

test("ECDSA P-256 signs as well, and its key under two texts still counts once", async () => {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = pair.publicKey.export({ format: "pem", type: "spki" }).toString();
  const key = { keytype: "ecdsa", scheme: "ecdsa-sha2-nistp256" };
  const one = testKey({ ...key, keyval: { public: pem } }, pair.privateKey);
  const same = testKey({ ...key, keyval: { public: pem.trim() } }, pair.privateKey);
  expect(one.keyid).not.toBe(same.keyid);
  const repository = moultRepository();
  repository.keys.timestamp = [one, same];
  repository.publishRoot();
  repository.publish();
  const trust = await openTestTrust(repository);
  expect(await trust.refresh(repository.source())).toEqual({ kind: "fresh" });

  repository.keys.root = [repository.keys.root[0] ?? one, one, same];
  repository.rootFields = {};
  repository.publishRoot([...repository.keys.root, ...repository.keys.root]);
  expect(await trust.refresh(repository.source())).toMatchObject({ rule: "duplicate-signature" });
  repository.rootVersion -= 1;
  repository.publishRoot([one, same]);
  expect(await trust.refresh(repository.source())).toMatchObject({ rule: "threshold-not-met" });
});

test("fifty roots in a row are walked one by one, with other keys each time", async () => {
  const repository = moultRepository();
  for (let step = 0; step < 50; step += 1) {
    const before = repository.keys.root;
    repository.keys.root = [newKey(), newKey()];
    repository.keys.instruction = [newKey()];
    repository.publishRoot([...before, ...repository.keys.root]);
  }
  const store = new MemoryStore();
  const trust = await openTestTrust(repository, store);

  expect(await trust.refresh(repository.source())).toEqual({ kind: "fresh" });
  expect(trust.state().rootVersion).toBe(51);
  const key = trust.instructionKeys()[0]?.publicKey ?? new Uint8Array();
  expect(Buffer.from(key).toString("hex")).toContain(
    repository.keys.instruction[0]?.key.keyval.public,
  );
  expect((await openTestTrust(repository, store)).state().rootVersion).toBe(51);
});

test("after the online keys were rotated an older timestamp and snapshot are taken", async () => {
  const repository = moultRepository();
  const store = new MemoryStore();
  repository.snapshotVersion = 900;
  repository.timestampVersion = 900;
  repository.publish();
  await (await openTestTrust(repository, store)).refresh(repository.source());

  repository.keys.timestamp = [newKey(), ...repository.keys.timestamp];
  repository.publishRoot();
  repository.snapshotVersion = 4;
  repository.timestampVersion = 4;
  repository.publish();
  const trust = await openTestTrust(repository, store);

  expect(await trust.refresh(repository.source())).toEqual({ kind: "fresh" });
  expect(trust.state().roles[1]).toMatchObject({ role: "timestamp", version: 5 });
});

test("expiry blocks the refresh, never the keys for instructions", async () => {
  const repository = moultRepository();
  const store = new MemoryStore();
  await (await openTestTrust(repository, store)).refresh(repository.source());
  const inAThousandYears = { now: () => instant(NOW + 1_000 * 365.25 * 86_400_000) };

  const trust = await openTestTrust(repository, store, inAThousandYears);
  expect(trust.instructionKeys()).toHaveLength(1);
  expect(await trust.refresh(repository.source())).toMatchObject({ rule: "expired", role: "root" });
  expect(await trust.target(repository.source(), PATH)).toMatchObject({ rule: "not-refreshed" });
  expect(trust.instructionKeys()).toHaveLength(1);
});

test.each([
  ["an empty file", new Uint8Array()],
  ["bytes that are no JSON", utf8("nonsense")],
  ["a root that nobody signed", signedFile(new TestRepository().rootSigned(), [])],
  ["a root that one of two signed", signedFile(new TestRepository().rootSigned(), [newKey()])],
])("provisioned with %s, a device asks nothing and trusts nobody", async (_what, provisioned) => {
  const repository = moultRepository();
  const trust = await openTestTrust(repository, new MemoryStore(), undefined, provisioned);

  const refusal = { kind: "refused", rule: "anchor-unusable", role: "root" };
  expect(await trust.refresh(repository.source())).toMatchObject(refusal);
  expect(await trust.target(repository.source(), PATH)).toMatchObject(refusal);
  expect(trust.instructionKeys()).toEqual([]);
  expect(trust.state()).toEqual({ rootVersion: 0, roles: [] });
  expect(repository.requests).toEqual([]);
});

test("a device provisioned anew for another repository forgets the one before", async () => {
  const before = moultRepository();
  before.timestampVersion = 500;
  before.publish();
  const store = new MemoryStore();
  await (await openTestTrust(before, store)).refresh(before.source());
  const after = moultRepository();

  const trust = await openTestTrust(after, store);
  expect(await trust.refresh(after.source())).toEqual({ kind: "fresh" });
  expect(trust.state().roles[1]).toMatchObject({ role: "timestamp", version: 2 });
});

test("a repository begun anew with the same keys is another repository", async () => {
  const before = moultRepository();
  before.timestampVersion = 500;
  before.publish();
  const store = new MemoryStore();
  await (await openTestTrust(before, store)).refresh(before.source());
  const after = moultRepository();
  Object.assign(after.keys, before.keys);
  after.rootVersion = 0;
  after.rootFields = { expires: "2998-01-01T00:00:00Z" };
  after.publishRoot();
  after.setRole("targets", {}, after.keys.targets);
  after.publish();
  const provisioned = after.files.get("1.root.json");

  const trust = await openTestTrust(after, store, undefined, provisioned);
  expect(await trust.refresh(after.source())).toEqual({ kind: "fresh" });
  expect(trust.state().roles[1]).toMatchObject({ role: "timestamp", version: 3 });
});

test("a device provisioned anew with a newer root of the same repository keeps what it has seen", async () => {
  const repository = moultRepository();
  repository.timestampVersion = 500;
  repository.publish();
  const store = new MemoryStore();
  await (await openTestTrust(repository, store)).refresh(repository.source());
  repository.publishRoot();
  const newer = repository.files.get("2.root.json");
  repository.timestampVersion = 4;
  repository.publish();

  const trust = await openTestTrust(repository, store, undefined, newer);
  expect(trust.state().rootVersion).toBe(2);
  expect(await trust.refresh(repository.source())).toMatchObject({ rule: "version-rollback" });
});

test("a junk root of 64 KiB is refused in less than 50 ms", async () => {
  const repository = moultRepository();
  const keys = Object.fromEntries(
    Array.from({ length: 1_900 }, (_, index) => [`junk-${index}`, {}]),
  );
  const text = JSON.stringify({ signatures: [], signed: { _type: "root", keys } });
  repository.files.set("2.root.json", utf8(text.padEnd(64 * 1024, " ")));
  const trust = await openTestTrust(repository);

  const times = [];
  for (let round = 0; round < 5; round += 1) {
    const startedMs = performance.now();
    expect(await trust.refresh(repository.source())).toMatchObject({ rule: "threshold-not-met" });
    times.push(performance.now() - startedMs);
  }
  expect(Math.min(...times)).toBeLessThan(50);
});
