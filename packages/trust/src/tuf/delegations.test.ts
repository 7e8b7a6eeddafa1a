import { createHash } from "node:crypto";
import { nodeCrypto } from "@moult/node-crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { edgesFor, isTargetPath, matchesPattern } from "./delegation-paths.ts";
import {
  MemoryStore,
  TestRepository,
  delegationsOf,
  newKey,
  openTestTrust,
  targetOf,
  type TestDelegation,
} from "./repository.fixture.ts";

const key = newKey();

/** A repository of roles that one key signs, given by what each delegates and holds. */
function graph(
  roles: Readonly<
    Record<string, { to?: readonly Partial<TestDelegation>[]; holds?: readonly string[] }>
  >,
): TestRepository {
  const repository = new TestRepository();
  for (const [role, { to = [], holds = [] }] of Object.entries(roles)) {
    const delegations = to.map((delegation) => ({
      name: "",
      keys: [key],
      ...(delegation.path_hash_prefixes === undefined ? { paths: ["*"] } : {}),
      ...delegation,
    }));
    const targets = Object.fromEntries(holds.map((path) => [path, targetOf(`${role}:${path}`)]));
    const fields = {
      targets,
      ...(to.length > 0 ? { delegations: delegationsOf(delegations) } : {}),
    };
    repository.setRole(role, fields, role === "targets" ? repository.keys.targets : [key]);
  }
  repository.publish();
  return repository;
}

async function lookUp(repository: TestRepository, path: string, store = new MemoryStore()) {
  const trust = await openTestTrust(repository, store);
  expect(await trust.refresh(repository.source())).toEqual({ kind: "fresh" });
  repository.requests.length = 0;
  return trust.target(repository.source(), path);
}

test("roles are visited pre-order and depth first, each once, cycles included", async () => {
  const repository = graph({
    targets: { to: [{ name: "a" }, { name: "b" }] },
    a: { to: [{ name: "c" }, { name: "a" }] },
    b: { to: [{ name: "c" }] },
    c: { to: [{ name: "b" }] },
  });
  expect(await lookUp(repository, "x")).toEqual({ kind: "not-found" });
  expect(repository.requests).toEqual(["1.a.json", "1.c.json", "1.b.json"]);
});

test("a role is chosen by the order of delegations, not by who has a target", async () => {
  const repository = graph({
    targets: { to: [{ name: "a" }, { name: "b" }] },
    a: { holds: ["x"] },
    b: { holds: ["x", "y"] },
  });
  expect(await lookUp(repository, "x")).toMatchObject({ role: "a" });
  expect(await lookUp(repository, "y")).toMatchObject({ role: "b" });
});

test("nothing is looked for beside or behind a terminating role", async () => {
  const repository = graph({
    targets: { to: [{ name: "a" }, { name: "b", terminating: true }, { name: "d" }] },
    a: {},
    b: { to: [{ name: "c" }] },
    c: {},
    d: { holds: ["x"] },
  });
  expect(await lookUp(repository, "x")).toEqual({ kind: "not-found" });
  expect(repository.requests).toEqual(["1.a.json", "1.b.json", "1.c.json"]);
});

test("a terminating role inside another branch ends the whole search", async () => {
  const repository = graph({
    targets: { to: [{ name: "a" }, { name: "d" }] },
    a: { to: [{ name: "b", terminating: true }] },
    b: {},
    d: { holds: ["x"] },
  });
  expect(await lookUp(repository, "x")).toEqual({ kind: "not-found" });
});

test("a chain of more than 32 roles is refused", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `role-${index}`);
  const chain = Object.fromEntries(
    names.map((name, index) => [name, { to: [{ name: names[index + 1] ?? "end" }] }]),
  );
  const repository = graph({ targets: { to: [{ name: "role-0" }] }, ...chain });
  expect(await lookUp(repository, "x")).toMatchObject({ rule: "too-many-roles", role: "role-32" });
});

test("a role is verified by the delegation it is reached over, also when it is in the store", async () => {
  const other = newKey();
  const repository = graph({
    targets: {
      to: [
        { name: "a", paths: ["a/*"] },
        { name: "b", paths: ["b/*"] },
      ],
    },
    a: { to: [{ name: "release", paths: ["a/*"] }] },
    b: { to: [{ name: "release", paths: ["b/*"], keys: [other] }] },
    release: { holds: ["a/x", "b/x"] },
  });
  const store = new MemoryStore();
  expect(await lookUp(repository, "a/x", store)).toMatchObject({ role: "release" });
  expect(store.entries.has("release")).toBe(true);
  expect(await lookUp(repository, "b/x", store)).toMatchObject({
    kind: "refused",
    rule: "threshold-not-met",
    role: "release",
  });
});

test("hash prefixes delegate by the SHA-256 of the path", async () => {
  const digest = createHash("sha256").update("some/target").digest("hex");
  const repository = graph({
    targets: {
      to: [
        { name: "wrong", path_hash_prefixes: [digest.startsWith("0") ? "1" : "0"] },
        { name: "right", path_hash_prefixes: ["ffffffffff", digest.slice(0, 3)] },
      ],
    },
    wrong: { holds: ["some/target"] },
    right: { holds: ["some/target"] },
  });
  expect(await lookUp(repository, "some/target")).toMatchObject({ role: "right" });
});

test("without consistent snapshots files carry no version", async () => {
  const repository = graph({ targets: { holds: ["x"] } });
  repository.rootFields = { consistent_snapshot: false };
  repository.publishRoot();
  for (const role of ["snapshot", "targets"]) {
    const versions = [...repository.files.keys()].filter((file) => file.endsWith(`.${role}.json`));
    repository.files.set(
      `${role}.json`,
      repository.files.get(versions.at(-1) ?? "") ?? new Uint8Array(),
    );
    for (const file of versions) repository.files.delete(file);
  }
  expect(await lookUp(repository, "x")).toMatchObject({ role: "targets" });
});

test.each([
  "/x",
  "../x",
  "a/../x",
  "a//x",
  "./x",
  "x/",
  "",
  "a\\x",
  "%2e%2e/x",
  "a\0x",
  "é",
  "a".repeat(513),
])("%j cannot be the path of a target", async (path) => {
  expect(isTargetPath(path)).toBe(false);
  const repository = graph({ targets: { to: [{ name: "a" }], holds: [path || "none"] }, a: {} });
  expect(await lookUp(repository, path)).toMatchObject({ rule: "path-invalid" });
  expect(repository.requests).toEqual([]);
});

test("role names never leave their place in an address or a folder", async () => {
  const names = ["../../etc/passwd", "+anchor", "..", "a/b", "%2e", "a\\b", "*'!()"];
  const repository = graph({
    targets: { to: names.map((name) => ({ name })) },
    ...Object.fromEntries(names.map((name) => [name, {}])),
  });
  for (const [file, bytes] of repository.files)
    repository.files.set(file.replace("*'!()", "%2A%27%21%28%29"), bytes);
  const store = new MemoryStore();
  expect(await lookUp(repository, "x", store)).toEqual({ kind: "not-found" });
  for (const file of repository.requests) expect(file).toMatch(/^1\.[A-Za-z0-9_.~%-]+\.json$/);
  expect(repository.requests).toHaveLength(names.length);
  for (const entry of store.entries.keys()) expect(entry).toMatch(/^\+?[A-Za-z0-9_.~%-]+$/);
  expect(store.entries.has("%2Banchor")).toBe(true);
});

test("a pattern matches as the regular expression that it means", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "."), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "/", ".", "*", "?"), maxLength: 12 });
  fc.assert(
    fc.property(text, pattern, (path, glob) => {
      const source = Array.from(glob).map((character) =>
        character === "*"
          ? "[^/]*"
          : character === "?"
            ? "[^/]"
            : `\\${character}`.replace(/\\([ab])/, "$1"),
      );
      expect(matchesPattern(path, glob)).toBe(new RegExp(`^${source.join("")}$`).test(path));
    }),
    { numRuns: 2_000 },
  );
});

test("a pattern of five hundred stars takes no time", () => {
  const startedMs = performance.now();
  expect(matchesPattern("a".repeat(512), `${"*a".repeat(255)}b`)).toBe(false);
  expect(performance.now() - startedMs).toBeLessThan(100);
});

test("succinct roles send each path to the one bin of its hash", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 32 }), fc.string({ minLength: 1 }), (bits, path) => {
      const succinct = { keyids: ["k"], threshold: 1, bit_length: bits, name_prefix: "bin" };
      const [edge] = edgesFor(path, { keys: {}, succinct_roles: succinct }, nodeCrypto);
      const digest = createHash("sha256").update(path).digest("hex");
      const bin = BigInt(`0x${digest}`) >> BigInt(256 - bits);
      const digits = ((1n << BigInt(bits)) - 1n).toString(16).length;
      expect(edge?.role).toBe(`bin-${bin.toString(16).padStart(digits, "0")}`);
    }),
  );
});
