import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { instant, utf8, type Clock } from "@moult/base";
import { nodeCrypto } from "@moult/node-crypto";
import { canonicalJson } from "./canonical-json.ts";
import { openTrust } from "./open-trust.ts";
import type { Trust } from "./trust.ts";
import type { TrustSource, TrustStore } from "./trust-ports.ts";
import { tufKeyid, type TufKey } from "./tuf-key.ts";

/** When all tests happen. */
export const NOW = instant(Date.UTC(2026, 10, 28, 12));
export const FAR = "2999-01-01T00:00:00Z";
export const PAST = "2026-11-28T12:00:00Z";

export interface TestKey {
  readonly keyid: string;
  readonly key: TufKey;
  sign(message: Uint8Array): string;
}

export function newKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const key = { keytype: "ed25519", scheme: "ed25519", keyval: { public: raw.toString("hex") } };
  return testKey(key, privateKey);
}

export function testKey(key: TufKey, privateKey: KeyObject): TestKey {
  const algorithm = privateKey.asymmetricKeyType === "ed25519" ? null : "sha256";
  return {
    keyid: tufKeyid(key, nodeCrypto),
    key,
    sign: (message) => sign(algorithm, message, privateKey).toString("hex"),
  };
}

type Json = Record<string, unknown>;

/** The text of a metadata file. Signs whatever it is given: attacks sign too. */
export function signedFile(signed: unknown, keys: readonly TestKey[]): Uint8Array {
  const message = canonicalJson(signed);
  const signatures = keys.map((key) => ({ keyid: key.keyid, sig: key.sign(message) }));
  return utf8(JSON.stringify({ signatures, signed }));
}

const keyMap = (keys: readonly TestKey[]): Json =>
  Object.fromEntries(keys.map(({ keyid, key }) => [keyid, key]));
const roleKeys = (keys: readonly TestKey[], threshold = 1): Json => ({
  keyids: keys.map(({ keyid }) => keyid),
  threshold,
});

export interface TestDelegation {
  readonly name: string;
  readonly keys: readonly TestKey[];
  readonly paths?: readonly string[];
  readonly path_hash_prefixes?: readonly string[];
  readonly terminating?: boolean;
  readonly threshold?: number;
}

const HEAD = { spec_version: "1.0.34", expires: FAR };

export const targetOf = (content: string, custom?: unknown): Json => ({
  length: utf8(content).length,
  hashes: { sha256: createHash("sha256").update(content).digest("hex") },
  ...(custom === undefined ? {} : { custom }),
});

export const delegationsOf = (delegations: readonly TestDelegation[]): Json => ({
  keys: keyMap(delegations.flatMap(({ keys }) => keys)),
  roles: delegations.map(({ keys, threshold, terminating, ...rest }) => ({
    ...rest,
    ...roleKeys(keys, threshold),
    terminating: terminating ?? false,
  })),
});

/** A repository whose every file can be made anew, honestly or not: change a field, then publish. */
export class TestRepository {
  readonly keys = {
    root: [newKey(), newKey(), newKey()] as TestKey[],
    targets: [newKey()],
    snapshot: [newKey()],
    timestamp: [newKey()] as TestKey[],
    instruction: [newKey()],
  };
  readonly files = new Map<string, Uint8Array>();
  readonly requests: string[] = [];
  /** Targets and delegations by role; `publish` gives each change a version. */
  readonly roles = new Map<string, { signed: Json; keys: readonly TestKey[] }>();
  rootVersion = 0;
  snapshotVersion = 0;
  timestampVersion = 0;
  /** Added to what is signed. */
  rootFields: Json = {};
  snapshotFields: Json = {};
  timestampFields: Json = {};
  hashes = false;
  first = new Uint8Array();

  constructor() {
    this.publishRoot();
    this.first = new Uint8Array(this.files.get("1.root.json") ?? []);
    this.setRole("targets", {}, this.keys.targets);
    this.publish();
  }

  /** Signed by `signers`: the keys that count before and after it. */
  publishRoot(signers: readonly TestKey[] = this.keys.root): void {
    this.rootVersion += 1;
    this.files.set(`${this.rootVersion}.root.json`, signedFile(this.rootSigned(), signers));
  }

  rootSigned(): Json {
    const { root, targets, snapshot, timestamp, instruction } = this.keys;
    return {
      _type: "root",
      ...HEAD,
      version: this.rootVersion,
      consistent_snapshot: true,
      keys: keyMap([...root, ...targets, ...snapshot, ...timestamp, ...instruction]),
      roles: {
        root: roleKeys(root, 2),
        targets: roleKeys(targets),
        snapshot: roleKeys(snapshot),
        timestamp: roleKeys(timestamp),
      },
      "x-moult-instruction": { keyids: instruction.map(({ keyid }) => keyid) },
      ...this.rootFields,
    };
  }

  /** A new version of a targets role. */
  setRole(role: string, fields: Json, keys: readonly TestKey[]): void {
    const version = Number(this.roles.get(role)?.signed["version"] ?? 0) + 1;
    const signed = { _type: "targets", ...HEAD, targets: {}, version, ...fields };
    this.roles.set(role, { signed, keys });
    this.files.set(this.#fileOf(role, signed.version), signedFile(signed, keys));
  }

  /** New snapshot and timestamp over the roles as they are. */
  publish(): void {
    this.snapshotVersion += 1;
    this.timestampVersion += 1;
    const meta = Object.fromEntries(
      [...this.roles].map(([role, { signed }]) => {
        const version = Number(signed["version"]);
        return [`${role}.json`, this.#entry(version, this.#fileOf(role, version))];
      }),
    );
    const signed = { _type: "snapshot", ...HEAD, version: this.snapshotVersion, meta };
    this.files.set(
      `${this.snapshotVersion}.snapshot.json`,
      signedFile({ ...signed, ...this.snapshotFields }, this.keys.snapshot),
    );
    this.publishTimestamp();
  }

  publishTimestamp(): void {
    const version = this.snapshotVersion;
    const meta = { "snapshot.json": this.#entry(version, `${version}.snapshot.json`) };
    const signed = { _type: "timestamp", ...HEAD, version: this.timestampVersion, meta };
    this.files.set(
      "timestamp.json",
      signedFile({ ...signed, ...this.timestampFields }, this.keys.timestamp),
    );
  }

  /** What `restore` needs. */
  saved(): Pick<TestRepository, "keys" | "roles"> {
    const keys = { ...this.keys };
    for (const [role, list] of Object.entries(this.keys))
      keys[role as keyof typeof keys] = [...list];
    return { keys, roles: new Map(this.roles) };
  }

  /** The honest repository as it goes on after an attack: everything once more, under versions far ahead. */
  restore({ keys, roles }: Pick<TestRepository, "keys" | "roles">, rootVersion: number): void {
    this.files.clear();
    Object.assign(this, { hashes: false, rootFields: {}, snapshotFields: {}, timestampFields: {} });
    Object.assign(this.keys, keys);
    this.rootVersion = rootVersion;
    this.publishRoot();
    this.roles.clear();
    for (const [role, { signed, keys: signers }] of roles)
      this.setRole(role, { ...signed, version: 100 }, signers);
    this.snapshotVersion = 100;
    this.timestampVersion = 100;
    this.publish();
  }

  source(): TrustSource {
    return {
      fetch: async (file) => {
        this.requests.push(file);
        return this.files.get(file);
      },
    };
  }

  #entry(version: number, file: string): Json {
    const bytes = this.files.get(file);
    if (!this.hashes || bytes === undefined) return { version };
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { version, length: bytes.length, hashes: { sha256 } };
  }

  #fileOf(role: string, version: number): string {
    return `${version}.${encodeURIComponent(role)}.json`;
  }
}

/** The path of the one artifact in `moultRepository`, and who signs its role. */
export const PATH = "gw2/prod/2.0/a.mender";
export const team: readonly TestKey[] = [newKey()];

/** A repository as Moult lays it out: one delegated role, one artifact. */
export function moultRepository(): TestRepository {
  const repository = new TestRepository();
  const delegation = { name: "gw2.prod", keys: team, paths: ["gw2/prod/*/*"], terminating: true };
  repository.setRole("gw2.prod", { targets: { [PATH]: targetOf("two", { moult: {} }) } }, team);
  repository.setRole(
    "targets",
    { delegations: delegationsOf([delegation]) },
    repository.keys.targets,
  );
  repository.publish();
  return repository;
}

/** A store in memory that loses power at a chosen write: before it, or in the middle of it. */
export class MemoryStore implements TrustStore {
  readonly entries = new Map<string, Uint8Array>();
  writes = 0;
  /** The write or removal at which power is lost, from 1; 0 for never. */
  cutAt = 0;
  cut: "before" | "torn" = "before";

  async read(entry: string): Promise<Uint8Array | undefined> {
    return this.entries.get(entry);
  }

  async write(entry: string, bytes: Uint8Array): Promise<void> {
    this.writes += 1;
    if (this.writes === this.cutAt) {
      if (this.cut === "torn") this.entries.set(entry, bytes.slice(0, bytes.length >> 1));
      throw new PowerCut();
    }
    this.entries.set(entry, bytes);
  }

  async remove(entry: string): Promise<void> {
    this.writes += 1;
    if (this.writes === this.cutAt) throw new PowerCut();
    this.entries.delete(entry);
  }
}

export class PowerCut extends Error {
  override readonly name = "PowerCut";
}

export function openTestTrust(
  repository: TestRepository,
  store: TrustStore = new MemoryStore(),
  clock: Clock = { now: () => NOW },
  provisionedRoot: Uint8Array = repository.first,
): Promise<Trust> {
  return openTrust({ store, provisionedRoot, crypto: nodeCrypto, clock });
}
