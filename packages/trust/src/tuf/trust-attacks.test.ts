import { utf8 } from "@moult/base";
import { expect, test } from "vitest";
import {
  MemoryStore,
  PAST,
  PATH,
  type TestRepository,
  delegationsOf,
  moultRepository,
  newKey,
  openTestTrust,
  team,
} from "./repository.fixture.ts";
import type { TrustRule } from "./trust-rule.ts";

/** What a device answers to an attack, and that the honest repository is taken by the same device afterwards. */
async function afterAttack(attack: (repository: TestRepository) => void): Promise<unknown> {
  const repository = moultRepository();
  const honest = repository.saved();
  const store = new MemoryStore();
  const first = await openTestTrust(repository, store);
  expect(await first.refresh(repository.source())).toEqual({ kind: "fresh" });
  expect(await first.target(repository.source(), PATH)).toMatchObject({ kind: "found" });
  const before = new Map(store.entries);

  attack(repository);
  const trust = await openTestTrust(repository, store);
  const result = await trust.refresh(repository.source());
  const answer = result.kind === "fresh" ? await trust.target(repository.source(), PATH) : result;
  if (answer.kind === "refused" && answer.role !== "root")
    expect(store.entries.get(answer.role)).toEqual(before.get(answer.role));

  const { rootVersion } = trust.state();
  repository.restore(honest, rootVersion);
  const later = await openTestTrust(repository, store);
  expect(await later.refresh(repository.source())).toEqual({ kind: "fresh" });
  expect(await later.target(repository.source(), PATH)).toMatchObject({ kind: "found" });
  return answer;
}

const setFile = (file: string, bytes: Uint8Array) => (repository: TestRepository) =>
  void repository.files.set(file, bytes);
const delegate = (repository: TestRepository, name: string): void => {
  repository.setRole(
    "targets",
    { delegations: delegationsOf([{ name, keys: team, paths: ["gw2/prod/*/*"] }]) },
    repository.keys.targets,
  );
};

test.each<readonly [string, TrustRule, string, (repository: TestRepository) => void]>([
  [
    "a root by one of two keys",
    "threshold-not-met",
    "root",
    (r) => r.publishRoot([r.keys.root[0] ?? newKey()]),
  ],
  [
    "a root by one key under two keyids",
    "threshold-not-met",
    "root",
    (r) => {
      const [first = newKey()] = r.keys.root;
      r.keys.root = [first, { ...first, keyid: "another" }];
      r.publishRoot();
    },
  ],
  [
    "a root that skips one",
    "root-not-next",
    "root",
    (r) => {
      r.rootVersion += 1;
      r.publishRoot();
      r.files.set("2.root.json", r.files.get("3.root.json") ?? new Uint8Array());
    },
  ],
  [
    "a root without its own keys' signatures",
    "threshold-not-met",
    "root",
    (r) => {
      const before = r.keys.root;
      r.keys.root = [newKey(), newKey()];
      r.publishRoot(before);
    },
  ],
  [
    "a root of a negative fraction",
    "json-invalid",
    "root",
    setFile("2.root.json", utf8('{"signatures":[],"signed":{"version":-1.5}}')),
  ],
  [
    "a root of version 0",
    "metadata-invalid",
    "root",
    (r) => {
      r.rootFields = { version: 0 };
      r.publishRoot();
    },
  ],
  [
    "a root without a key for instructions that it names",
    "metadata-invalid",
    "root",
    (r) => {
      r.rootFields = { "x-moult-instruction": { keyids: ["nobody"] } };
      r.publishRoot();
    },
  ],
  [
    "a root with an empty list of keys",
    "metadata-invalid",
    "root",
    (r) => {
      r.keys.targets = [];
      r.publishRoot();
    },
  ],
  [
    "an expired root",
    "expired",
    "root",
    (r) => {
      r.rootFields = { expires: PAST };
      r.publishRoot();
    },
  ],
  [
    "a root of 65,537 bytes",
    "file-too-large",
    "root",
    setFile("2.root.json", new Uint8Array(64 * 1024 + 1)),
  ],
  ["no timestamp", "file-missing", "timestamp", (r) => void r.files.delete("timestamp.json")],
  [
    "an endless timestamp",
    "file-too-large",
    "timestamp",
    setFile("timestamp.json", new Uint8Array(20_000)),
  ],
  [
    "an older timestamp",
    "version-rollback",
    "timestamp",
    (r) => {
      r.timestampVersion = 1;
      r.publishTimestamp();
    },
  ],
  [
    "a newer timestamp of an older snapshot",
    "version-rollback",
    "timestamp",
    (r) => {
      r.timestampVersion = 3;
      r.snapshotVersion = 1;
      r.publishTimestamp();
    },
  ],
  [
    "a timestamp by a stranger",
    "threshold-not-met",
    "timestamp",
    (r) => {
      r.keys.timestamp = [newKey()];
      r.publish();
    },
  ],
  [
    "a timestamp by the snapshot's key",
    "threshold-not-met",
    "timestamp",
    (r) => {
      r.keys.timestamp = r.keys.snapshot;
      r.publish();
    },
  ],
  [
    "an expired timestamp",
    "expired",
    "timestamp",
    (r) => {
      r.timestampFields = { expires: PAST };
      r.publish();
    },
  ],
  [
    "a timestamp without expiry",
    "metadata-invalid",
    "timestamp",
    (r) => {
      r.timestampFields = { expires: undefined };
      r.publish();
    },
  ],
  [
    "a timestamp that expires in 2030",
    "metadata-invalid",
    "timestamp",
    (r) => {
      r.timestampFields = { expires: "2030" };
      r.publish();
    },
  ],
  [
    "a timestamp of TUF 2",
    "metadata-invalid",
    "timestamp",
    (r) => {
      r.timestampFields = { spec_version: "2.0.0" };
      r.publish();
    },
  ],
  [
    "a snapshot in the timestamp's place",
    "threshold-not-met",
    "timestamp",
    (r) => void r.files.set("timestamp.json", r.files.get("2.snapshot.json") ?? new Uint8Array()),
  ],
  [
    "a snapshot of another version",
    "version-mismatch",
    "snapshot",
    (r) => {
      r.snapshotFields = { version: 9 };
      r.publish();
    },
  ],
  [
    "a snapshot that forgets a role",
    "role-removed",
    "snapshot",
    (r) => {
      r.roles.delete("gw2.prod");
      r.publish();
    },
  ],
  [
    "a snapshot with an older role",
    "version-rollback",
    "snapshot",
    (r) => {
      r.roles.get("targets")!.signed["version"] = 1;
      r.publish();
    },
  ],
  [
    "an expired snapshot",
    "expired",
    "snapshot",
    (r) => {
      r.snapshotFields = { expires: PAST };
      r.publish();
    },
  ],
  [
    "a snapshot changed after its hash was signed",
    "hash-mismatch",
    "snapshot",
    (r) => {
      r.hashes = true;
      r.publish();
      const text = Buffer.from(r.files.get("3.snapshot.json") ?? []).toString();
      r.files.set("3.snapshot.json", utf8(text.replace("2999", "2998")));
    },
  ],
  [
    "a snapshot cut short",
    "length-mismatch",
    "snapshot",
    (r) => {
      r.hashes = true;
      r.publish();
      r.files.set(
        "3.snapshot.json",
        (r.files.get("3.snapshot.json") ?? new Uint8Array()).slice(0, 99),
      );
    },
  ],
  [
    "a snapshot of 4 GiB",
    "file-too-large",
    "snapshot",
    (r) => {
      r.timestampFields = { meta: { "snapshot.json": { version: 3, length: 2 ** 32 + 1 } } };
      r.publish();
    },
  ],
  [
    "a snapshot of 2^53 bytes",
    "json-invalid",
    "timestamp",
    (r) => {
      r.publish();
      const text = Buffer.from(r.files.get("timestamp.json") ?? []).toString();
      r.files.set(
        "timestamp.json",
        utf8(text.replace('{"version":3}', '{"version":3,"length":9007199254740992}')),
      );
    },
  ],
  [
    "a version written twice",
    "json-invalid",
    "timestamp",
    (r) => {
      r.publish();
      const text = Buffer.from(r.files.get("timestamp.json") ?? []).toString();
      r.files.set("timestamp.json", utf8(text.replace('"version":3', '"version":2,"version":3')));
    },
  ],
  [
    "targets with no hash",
    "metadata-invalid",
    "targets",
    (r) => {
      r.setRole("targets", { targets: { [PATH]: { length: 3, hashes: {} } } }, r.keys.targets);
      r.publish();
    },
  ],
  [
    "targets that delegate a role twice",
    "metadata-invalid",
    "targets",
    (r) => {
      const twice = { name: "gw2.prod", keys: team, paths: ["*"] };
      r.setRole("targets", { delegations: delegationsOf([twice, twice]) }, r.keys.targets);
      r.publish();
    },
  ],
  [
    "targets that delegate to a top-level role",
    "metadata-invalid",
    "targets",
    (r) => {
      delegate(r, "root");
      r.publish();
    },
  ],
  [
    "a delegated role by a stranger",
    "threshold-not-met",
    "gw2.prod",
    (r) => {
      r.setRole("gw2.prod", {}, [newKey()]);
      r.publish();
    },
  ],
  [
    "an expired delegated role",
    "expired",
    "gw2.prod",
    (r) => {
      r.setRole("gw2.prod", { expires: PAST }, team);
      r.publish();
    },
  ],
  [
    "a delegated role that is not listed",
    "role-not-in-snapshot",
    "other",
    (r) => {
      delegate(r, "other");
      r.publish();
    },
  ],
  [
    "a delegated role whose hash is another",
    "hash-mismatch",
    "gw2.prod",
    (r) => {
      r.setRole("gw2.prod", {}, team);
      r.hashes = true;
      r.publish();
      const text = Buffer.from(r.files.get("2.gw2.prod.json") ?? []).toString();
      r.files.set("2.gw2.prod.json", utf8(text.replace("2999", "2998")));
    },
  ],
  [
    "a timestamp that the same key signed twice",
    "duplicate-signature",
    "timestamp",
    (r) => {
      r.keys.timestamp.push(...r.keys.timestamp);
      r.publish();
      r.keys.timestamp.length = 1;
    },
  ],
])("%s is refused as %s of %s, and nothing of it is kept", async (_what, rule, role, attack) => {
  expect(await afterAttack(attack)).toMatchObject({ kind: "refused", rule, role });
});
