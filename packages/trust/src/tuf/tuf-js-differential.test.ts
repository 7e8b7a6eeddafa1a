import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { utf8 } from "@moult/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  MemoryStore,
  PAST,
  TestRepository,
  delegationsOf,
  newKey,
  openTestTrust,
  signedFile,
  targetOf,
  type TestDelegation,
  type TestKey,
} from "./repository.fixture.ts";
import { TufJsClient } from "./tuf-js-client.fixture.ts";

test("the peer is tuf-js 6.0.2 with @tufjs/models 5.0.2", () => {
  const { resolve } = createRequire(import.meta.url);
  const versionOf = (name: string): unknown =>
    (JSON.parse(readFileSync(resolve(`${name}/package.json`), "utf8")) as { version: unknown })
      .version;
  expect(versionOf("tuf-js")).toBe("6.0.2");
  expect(versionOf("@tufjs/models")).toBe("5.0.2");
});

const PATHS = ["a", "a/b", "a/bb", "b/a", "b/b.bin", "c/a/b"];
const ROLES = ["one", "two", "three"];
const teams: Readonly<Record<string, readonly TestKey[]>> = {
  one: [newKey()],
  two: [newKey(), newKey()],
  three: [newKey()],
};

type Honest =
  | {
      readonly kind: "hold";
      readonly role: string;
      readonly path: string;
      readonly content: string;
    }
  | {
      readonly kind: "delegate";
      readonly from: string;
      readonly to: string;
      readonly glob: string;
      readonly terminating: boolean;
      readonly first: boolean;
    }
  | { readonly kind: "rotate"; readonly role: "root" | "targets" | "snapshot" | "timestamp" }
  | { readonly kind: "hashes" }
  | { readonly kind: "nothing" };

type Attack = { readonly kind: AttackKind; readonly file: number; readonly at: number };
const ATTACKS = [
  "drop",
  "flip",
  "truncate",
  "swap",
  "old-timestamp",
  "old-snapshot",
  "forget-role",
  "expire-timestamp",
  "expire-snapshot",
  "expire-role",
  "strange-timestamp",
  "strange-role",
  "skip-root",
  "strange-root",
  "wrong-hash",
  "resign-same-version",
] as const;
type AttackKind = (typeof ATTACKS)[number];

const role = fc.constantFrom("targets", ...ROLES);
const honest: fc.Arbitrary<Honest> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("hold" as const),
      role,
      path: fc.constantFrom(...PATHS),
      content: fc.string({ maxLength: 8 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("delegate" as const),
      from: role,
      to: fc.constantFrom(...ROLES),
      glob: fc.constantFrom("*", "a/*", "?/*", "*/b*", "*/*/*", "b/b.bin", "a*"),
      terminating: fc.boolean(),
      first: fc.boolean(),
    }),
  },
  fc.record({
    kind: fc.constant("rotate" as const),
    role: fc.constantFrom("root", "targets", "snapshot", "timestamp"),
  }),
  fc.constant<Honest>({ kind: "hashes" }),
  fc.constant<Honest>({ kind: "nothing" }),
);
const attack: fc.Arbitrary<Attack> = fc.record({
  kind: fc.constantFrom(...ATTACKS),
  file: fc.nat(),
  at: fc.nat(),
});
type Step = { readonly honest: readonly Honest[]; readonly attack?: Attack | undefined };
const step: fc.Arbitrary<Step> = fc.record({
  honest: fc.array(honest, { minLength: 1, maxLength: 4 }),
  attack: fc.option(attack, { nil: undefined }),
});

/** A repository that grows by steps, and what each of its roles says. */
class History {
  readonly repository = new TestRepository();
  readonly #delegations = new Map<string, TestDelegation[]>();
  readonly #targets = new Map<string, Record<string, unknown>>();

  constructor() {
    for (const name of ROLES) this.repository.setRole(name, {}, teams[name] ?? []);
    this.repository.publish();
  }

  /** Changes of one step; keys are rotated in steps without an attack alone. */
  grow(changes: readonly Honest[], mayRotate: boolean): void {
    for (const change of changes) {
      if (change.kind === "rotate" && !mayRotate) continue;
      this.#apply(change);
    }
    this.repository.publish();
  }

  #apply(change: Honest): void {
    const { repository } = this;
    switch (change.kind) {
      case "hold": {
        const targets = this.#targets.get(change.role) ?? {};
        targets[change.path] = targetOf(change.content);
        this.#targets.set(change.role, targets);
        return this.#write(change.role);
      }
      case "delegate": {
        const { to: name, glob, terminating, first } = change;
        const others = (this.#delegations.get(change.from) ?? []).filter(
          (delegation) => delegation.name !== name,
        );
        const keys = teams[name] ?? [];
        const added = { name, keys, paths: [glob], terminating, threshold: keys.length };
        this.#delegations.set(change.from, first ? [added, ...others] : [...others, added]);
        return this.#write(change.from);
      }
      case "rotate": {
        const before = [...repository.keys.root];
        if (change.role === "root") repository.keys.root = [newKey(), newKey()];
        else repository.keys[change.role] = [newKey()];
        repository.publishRoot([...new Set([...before, ...repository.keys.root])]);
        if (change.role === "targets") this.#write("targets");
        return undefined;
      }
      case "hashes":
        repository.hashes = !repository.hashes;
        return undefined;
      case "nothing":
        return undefined;
      default:
        return change satisfies never;
    }
  }

  #write(name: string): void {
    const delegations = this.#delegations.get(name) ?? [];
    const fields = {
      targets: this.#targets.get(name) ?? {},
      ...(delegations.length > 0 ? { delegations: delegationsOf(delegations) } : {}),
    };
    const keys = name === "targets" ? this.repository.keys.targets : (teams[name] ?? []);
    this.repository.setRole(name, fields, keys);
  }
}

/** What an owned server and network can do, and a little more: it signs with the online keys as well. */
function spoil(repository: TestRepository, { kind, file, at }: Attack): void {
  const { files, keys } = repository;
  const names = [...files.keys()];
  const name = names[file % names.length] ?? "";
  const bytes = files.get(name) ?? new Uint8Array();
  const named = ROLES[file % ROLES.length] ?? "one";
  const lastRole = repository.roles.get(named);
  const online = (change: () => void): void => {
    change();
    repository.publish();
  };
  const next = `${repository.rootVersion + 1}.root.json`;
  switch (kind) {
    case "drop":
      return void files.delete(name);
    case "flip": {
      const flipped = bytes.slice();
      flipped[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 1;
      return void files.set(name, flipped);
    }
    case "truncate":
      return void files.set(name, bytes.slice(0, at % bytes.length));
    case "swap":
      return void files.set(name, files.get(names[at % names.length] ?? "") ?? bytes);
    case "old-timestamp":
      repository.timestampVersion = 1;
      return repository.publishTimestamp();
    case "old-snapshot":
      repository.timestampVersion += 1;
      repository.snapshotVersion = 1;
      return repository.publishTimestamp();
    case "forget-role":
      return online(() => repository.roles.delete(named));
    case "expire-timestamp":
      return online(() => Object.assign(repository, { timestampFields: { expires: PAST } }));
    case "expire-snapshot":
      return online(() => Object.assign(repository, { snapshotFields: { expires: PAST } }));
    case "expire-role":
      return online(() =>
        repository.setRole(
          named,
          { ...lastRole?.signed, version: 50, expires: PAST },
          lastRole?.keys ?? [],
        ),
      );
    case "strange-timestamp":
      return online(() => (keys.timestamp = [newKey()]));
    case "strange-role":
      return online(() =>
        repository.setRole(named, { ...lastRole?.signed, version: 51 }, [newKey()]),
      );
    case "skip-root":
      repository.rootVersion += 1;
      repository.publishRoot();
      return void files.set(next, files.get(`${repository.rootVersion}.root.json`) ?? bytes);
    case "strange-root":
      repository.rootVersion += 1;
      return void files.set(next, signedFile(repository.rootSigned(), [newKey(), newKey()]));
    case "wrong-hash":
      repository.timestampVersion += 1;
      repository.timestampFields = {
        meta: {
          "snapshot.json": {
            version: repository.snapshotVersion,
            hashes: { sha256: "0".repeat(64) },
          },
        },
      };
      return repository.publishTimestamp();
    case "resign-same-version":
      return online(() => {
        repository.hashes = true;
        const version = Number(lastRole?.signed["version"]);
        const targets = Object.fromEntries(PATHS.map((path) => [path, targetOf("evil")]));
        repository.setRole(named, { ...lastRole?.signed, version, targets }, lastRole?.keys ?? []);
      });
    default:
      return kind satisfies never;
  }
}

type Answer = string;
const REFUSED = "refused";
/** Where ours is stricter on purpose in these histories; everything else must be alike. */
const STRICTER = new Set(["content-changed"]);

/** The answers of both clients to a refresh and to every path, and the rules by which ours refused. */
async function visit(
  repository: TestRepository,
  store: MemoryStore,
  peer: TufJsClient,
): Promise<{ readonly ours: Answer[]; readonly theirs: Answer[]; readonly rules: string[] }> {
  const rules: string[] = [];
  const trust = await openTestTrust(repository, store);
  const refreshed = await trust.refresh(repository.source());
  if (refreshed.kind === "refused") rules.push(refreshed.rule);
  const ours = [refreshed.kind === "fresh" ? "fresh" : REFUSED];
  const updater = peer.open();
  const theirs = [
    await updater.refresh().then(
      () => "fresh",
      () => REFUSED,
    ),
  ];
  if (ours[0] === REFUSED || theirs[0] === REFUSED) return { ours, theirs, rules };

  for (const path of PATHS) {
    const found = await trust.target(repository.source(), path);
    if (found.kind === "refused") rules.push(found.rule);
    ours.push(
      found.kind === "found"
        ? JSON.stringify([found.target.length, found.target.hashes])
        : found.kind === "refused"
          ? REFUSED
          : found.kind,
    );
    theirs.push(
      await updater.getTargetInfo(path).then(
        (target) =>
          target === undefined ? "not-found" : JSON.stringify([target.length, target.hashes]),
        () => REFUSED,
      ),
    );
  }
  return { ours, theirs, rules };
}

test("over generated histories, attacked and not, both clients answer alike; ours is stricter only where it is meant to be", async () => {
  const seen = { fresh: 0, refused: 0, found: 0, rules: new Set<string>() };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      const history = new History();
      const { repository } = history;
      const store = new MemoryStore();
      const peer = new TufJsClient(repository.first, () => repository.files);
      try {
        for (const { honest: changes, attack: attacked } of steps) {
          history.grow(changes, attacked === undefined);
          const { rootVersion, snapshotVersion, timestampVersion, hashes } = repository;
          const saved = { rootVersion, snapshotVersion, timestampVersion, hashes };
          const honestFiles = new Map(repository.files);
          const honestParts = repository.saved();
          if (attacked !== undefined) spoil(repository, attacked);
          const { ours, theirs, rules } = await visit(repository, store, peer);

          const isStricter = rules.some((rule) => STRICTER.has(rule));
          if (isStricter) expect(attacked?.kind).toBe("resign-same-version");
          else expect(ours, attacked?.kind).toEqual(theirs);
          seen[ours[0] === "fresh" ? "fresh" : "refused"] += 1;
          seen.found += ours.filter((answer) => answer.startsWith("[")).length;
          for (const rule of rules) seen.rules.add(rule);

          if (attacked === undefined) continue;
          repository.files.clear();
          for (const [name, bytes] of honestFiles) repository.files.set(name, bytes);
          Object.assign(repository, saved, { timestampFields: {}, snapshotFields: {} });
          Object.assign(repository.keys, honestParts.keys);
          repository.roles.clear();
          // What the attacker signed was perhaps seen; the honest server goes on above it.
          for (const [name, { signed, keys }] of honestParts.roles) {
            const version = Number(signed["version"]) + 60;
            repository.setRole(name, { ...signed, version }, keys);
          }
          repository.snapshotVersion += 2;
          repository.timestampVersion += 3;
          repository.publish();
        }
      } finally {
        peer.remove();
      }
    }),
    // One seed, so that what the histories must reach below is reached each time.
    { numRuns: 40, seed: 20261128 },
  );
  // The histories must reach all sides, or the comparison says nothing.
  expect(seen.fresh).toBeGreaterThan(30);
  expect(seen.refused).toBeGreaterThan(15);
  expect(seen.found).toBeGreaterThan(20);
  expect(seen.rules.size).toBeGreaterThan(6);
});

const online = (fields: object) => (repository: TestRepository) => {
  Object.assign(repository, fields);
  repository.publish();
};
const inTargets = (fields: Record<string, unknown>) => (repository: TestRepository) => {
  repository.setRole("targets", fields, repository.keys.targets);
  repository.publish();
};

/** Files that a legitimate signer alone could make, taken by tuf-js and refused here. */
test.each<readonly [string, string, (repository: TestRepository) => void]>([
  [
    "an expiry of a year alone",
    "metadata-invalid",
    online({ timestampFields: { expires: "2999" } }),
  ],
  [
    "an expiry with an offset",
    "metadata-invalid",
    online({ timestampFields: { expires: "2999-01-01T00:00:00+01:00" } }),
  ],
  [
    "a target of no hash",
    "metadata-invalid",
    inTargets({ targets: { x: { length: 1, hashes: {} } } }),
  ],
  [
    "a target by MD5",
    "hash-unknown",
    inTargets({ targets: { x: { length: 1, hashes: { md5: "ab".repeat(16) } } } }),
  ],
  ["a path that climbs", "path-invalid", inTargets({ targets: { "../x": targetOf("x") } })],
  [
    "a version given twice",
    "json-invalid",
    (repository) => {
      const text = Buffer.from(repository.files.get("timestamp.json") ?? []).toString();
      repository.files.set(
        "timestamp.json",
        utf8(text.replace('"version":1', '"version":1,"version":1')),
      );
    },
  ],
])("tuf-js takes %s, Moult does not", async (_what, rule, change) => {
  const repository = new TestRepository();
  change(repository);
  const path = rule === "path-invalid" ? "../x" : "x";
  const peer = new TufJsClient(repository.first, () => repository.files);
  const updater = peer.open();
  await updater.refresh();
  if (rule === "hash-unknown" || rule === "path-invalid")
    expect(await updater.getTargetInfo(path)).toBeDefined();
  peer.remove();

  const trust = await openTestTrust(repository);
  const result = await trust.refresh(repository.source());
  const answer = result.kind === "fresh" ? await trust.target(repository.source(), path) : result;
  expect(answer).toMatchObject({ kind: "refused", rule });
});

test("tuf-js takes more than * and ? in a pattern, Moult does not", async () => {
  const repository = new TestRepository();
  const [team = newKey()] = teams["one"] ?? [];
  const glob = { name: "one", keys: [team], paths: ["[ab]/{x,y}"] };
  repository.setRole("one", { targets: { "a/x": targetOf("x") } }, [team]);
  inTargets({ delegations: delegationsOf([glob]) })(repository);
  const peer = new TufJsClient(repository.first, () => repository.files);
  expect(await peer.open().getTargetInfo("a/x")).toBeDefined();
  peer.remove();

  const trust = await openTestTrust(repository);
  await trust.refresh(repository.source());
  expect(await trust.target(repository.source(), "a/x")).toEqual({ kind: "not-found" });
});
