import { createHash, randomBytes } from "node:crypto";
import { instant, type InstantMs } from "@moult/base";
import { ChannelName, ProductName } from "@moult/model";
import {
  newRole,
  newRoot,
  newSnapshot,
  newTargets,
  newTimestamp,
  signMetadata,
  type ChannelRole,
  type KeySigner,
  type RootContent,
} from "@moult/signing";
import type { MetadataFile, TargetsMetadata } from "@moult/trust";
import { memorySigner, type MemorySigner } from "../../tools/local/local-trust.ts";

export const PRODUCT = ProductName.parse("gw2");
export const PROD = "gw2.prod";
export const DEV = "gw2.dev";

export type Files = Map<string, Buffer>;
export type Signed = Readonly<Record<string, unknown>>;
type Targets = TargetsMetadata["targets"];

/** Bytes of a metadata file: `signed`, whatever it is, with the signatures of `signers`. */
export async function signedFile(signed: object, signers: readonly KeySigner[]): Promise<Buffer> {
  let file = { signatures: [], signed } as unknown as MetadataFile;
  for (const signer of signers) file = await signMetadata(file, signer);
  return Buffer.from(JSON.stringify(file));
}

/** What a metadata file says, to change it. */
export function contentOf(bytes: Uint8Array): {
  signatures: { keyid: string; sig: string }[];
  signed: Record<string, unknown>;
} {
  return JSON.parse(Buffer.from(bytes).toString("utf8")) as ReturnType<typeof contentOf>;
}

/** The keys that the server holds, and that whoever takes it over holds then. */
export interface OnlineKeys {
  snapshot: KeySigner;
  timestamp: KeySigner;
  instruction: MemorySigner;
}

/** The keys that no server ever has. */
export interface OfflineKeys {
  root: KeySigner[];
  targets: KeySigner[];
  /** By role. */
  readonly roles: Map<string, { keys: KeySigner[]; threshold: number }>;
}

const newOnlineKeys = (): OnlineKeys => ({
  snapshot: memorySigner(),
  timestamp: memorySigner(),
  instruction: memorySigner(),
});

const newOfflineKeys = (): OfflineKeys => ({
  root: [memorySigner(), memorySigner(), memorySigner()],
  targets: [memorySigner()],
  roles: new Map([
    [PROD, { keys: [memorySigner(), memorySigner()], threshold: 2 }],
    [DEV, { keys: [memorySigner()], threshold: 1 }],
  ]),
});

/** How what the online keys sign differs from what an honest server would make them sign. */
export interface Reissue {
  /** Files of targets roles in place of the operator's, by role, with the version that the snapshot shall name. */
  readonly roles?: Readonly<Record<string, { readonly version: number; readonly bytes: Buffer }>>;
  readonly alterSnapshot?: (signed: Signed) => object;
  readonly alterTimestamp?: (signed: Signed) => object;
  /** What is served as the snapshot, after the timestamp was made for `bytes`. */
  readonly swapSnapshot?: (bytes: Buffer) => Buffer;
  readonly snapshotLifetimeMs?: number;
  readonly timestampLifetimeMs?: number;
  readonly snapshotVersion?: number;
  readonly timestampVersion?: number;
}

/**
 * One tenant's TUF repository, as the honest operator and the honest server make it: `release` and `rotate...` need the
 * offline keys, `reissue` the online ones alone. It counts versions for whoever holds the online keys, so that an
 * attacker's signature does not by itself stand in the way of the honest server's next one.
 */
export class Repository {
  readonly online: OnlineKeys;
  readonly offline: OfflineKeys;
  /** Everything that is published, by its name in an address. */
  files: Files = new Map();
  /** What the server hands out: the same, unless the server is evil. */
  served: Files = this.files;
  rootVersion = 0;
  snapshotVersion = 0;
  timestampVersion = 0;
  readonly roleVersions: Record<string, number> = {};
  readonly targets: Record<string, Targets> = { [PROD]: {}, [DEV]: {} };
  /** Milliseconds between this machine's clock and the one that the operator and the server go by. */
  clockAheadMs = 0;

  constructor(online: OnlineKeys = newOnlineKeys(), offline: OfflineKeys = newOfflineKeys()) {
    this.online = { ...online };
    this.offline = {
      root: [...offline.root],
      targets: [...offline.targets],
      roles: new Map(offline.roles),
    };
  }

  get now(): InstantMs {
    return instant(Date.now() + this.clockAheadMs);
  }

  async found(): Promise<this> {
    await this.rotateRoot();
    await this.publishTargets();
    for (const role of this.offline.roles.keys()) await this.publishRole(role);
    await this.renew();
    return this;
  }

  /** The same repository with the same keys, which from here on goes its own way. */
  copy(): Repository {
    const copy = new Repository(this.online, this.offline);
    copy.files = new Map(this.files);
    copy.served = copy.files;
    copy.rootVersion = this.rootVersion;
    copy.snapshotVersion = this.snapshotVersion;
    copy.timestampVersion = this.timestampVersion;
    Object.assign(copy.roleVersions, this.roleVersions);
    for (const [role, targets] of Object.entries(this.targets)) copy.targets[role] = { ...targets };
    return copy;
  }

  get rootContent(): RootContent {
    const group = (keys: readonly KeySigner[], threshold: number) => ({
      keys: keys.map(({ key }) => key),
      threshold,
    });
    const { root, targets } = this.offline;
    return {
      root: group(root, 2),
      targets: group(targets, 1),
      snapshot: group([this.online.snapshot], 1),
      timestamp: group([this.online.timestamp], 1),
      instruction: [this.online.instruction.key],
    };
  }

  /** A new root with the present keys, signed by them and, as it must be, by those of the root before. */
  async rotateRoot(before: readonly KeySigner[] = [], lifetimeMs?: number): Promise<Buffer> {
    this.rootVersion += 1;
    const signed = newRoot(this.rootContent, this.#issue(this.rootVersion, lifetimeMs));
    const bytes = await signedFile(signed, [...this.offline.root.slice(0, 2), ...before]);
    this.files.set(`${this.rootVersion}.root.json`, bytes);
    return bytes;
  }

  get root(): Buffer {
    return this.file(`${this.rootVersion}.root.json`);
  }

  file(name: string): Buffer {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new Error(`the repository has no ${name}`);
    return bytes;
  }

  async publishTargets(
    lifetimeMs?: number,
    alter: (signed: Signed) => object = (signed) => signed,
  ): Promise<void> {
    const version = this.nextVersion("targets");
    const channels: ChannelRole[] = [...this.offline.roles].map(([role, { keys, threshold }]) => ({
      product: PRODUCT,
      channel: ChannelName.parse(role.split(".")[1]),
      keys: keys.map(({ key }) => key),
      threshold,
    }));
    const signed = alter(newTargets(channels, this.#issue(version, lifetimeMs)));
    this.files.set(
      `${version}.targets.json`,
      await signedFile(signed, this.offline.targets.slice(0, 1)),
    );
  }

  async publishRole(role: string, lifetimeMs?: number): Promise<void> {
    const version = this.nextVersion(role);
    const { keys, threshold } = this.keysOf(role);
    const signed = newRole(this.targets[role] ?? {}, this.#issue(version, lifetimeMs));
    this.files.set(`${version}.${role}.json`, await signedFile(signed, keys.slice(0, threshold)));
  }

  keysOf(role: string) {
    const found = this.offline.roles.get(role);
    if (found === undefined) throw new Error(`the repository has no role ${role}`);
    return found;
  }

  /** The bytes of a targets role that hold now. */
  roleFile(role: string): Buffer {
    return this.file(`${this.roleVersions[role] ?? 0}.${role}.json`);
  }

  /** Signs the snapshot and the timestamp anew, as the honest server does at each publication. */
  async renew(lifetimes: Pick<Reissue, "snapshotLifetimeMs" | "timestampLifetimeMs"> = {}) {
    this.files = await this.reissue(lifetimes);
  }

  /** What whoever holds the online keys can publish: the files, with a new snapshot and timestamp. */
  async reissue(how: Reissue = {}): Promise<Files> {
    const files: Files = new Map(this.files);
    const versions = { ...this.roleVersions };
    for (const [role, { version, bytes }] of Object.entries(how.roles ?? {})) {
      versions[role] = version;
      files.set(`${version}.${role}.json`, bytes);
    }
    const same = (signed: Signed): object => signed;
    this.snapshotVersion += 1;
    const snapshotVersion = how.snapshotVersion ?? this.snapshotVersion;
    const snapshot = newSnapshot(versions, this.#issue(snapshotVersion, how.snapshotLifetimeMs));
    const bytes = await signedFile((how.alterSnapshot ?? same)(snapshot), [this.online.snapshot]);
    files.set(
      `${snapshotVersion}.snapshot.json`,
      (how.swapSnapshot ?? ((as: Buffer) => as))(bytes),
    );

    this.timestampVersion += 1;
    const timestamp = newTimestamp(
      { version: snapshotVersion, length: bytes.length, sha256: sha256Of(bytes) },
      this.#issue(how.timestampVersion ?? this.timestampVersion, how.timestampLifetimeMs),
    );
    const signed = (how.alterTimestamp ?? same)(timestamp);
    files.set("timestamp.json", await signedFile(signed, [this.online.timestamp]));
    return files;
  }

  nextVersion(role: string): number {
    const version = (this.roleVersions[role] ?? 0) + 1;
    this.roleVersions[role] = version;
    return version;
  }

  #issue(version: number, lifetimeMs?: number) {
    const now = this.now;
    return lifetimeMs === undefined ? { version, now } : { version, now, lifetimeMs };
  }
}

export const sha256Of = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

/** Content of a size that no compression makes small. */
export const noise = (sizeBytes: number): Buffer => randomBytes(sizeBytes);
