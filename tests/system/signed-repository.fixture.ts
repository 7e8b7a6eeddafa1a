import { createHash } from "node:crypto";
import { inspectArtifact } from "@moult/artifact";
import { instant, present, utf8 } from "@moult/base";
import { ChannelName, ProductName } from "@moult/model";
import {
  newRole,
  newRoot,
  newSnapshot,
  newTargets,
  newTimestamp,
  signMetadata,
  type KeySigner,
} from "@moult/signing";
import type { MetadataFile, TargetCustom, TargetsMetadata } from "@moult/trust";
import { memorySigner, type MemorySigner } from "../../tools/local/local-trust.ts";

/** One file to install and what is signed about it. */
interface SignedTarget {
  readonly path: string;
  readonly content: Uint8Array;
  readonly custom: Partial<TargetCustom>;
}

export interface RepositoryOptions {
  readonly product?: string;
  readonly channels?: readonly string[];
}

/**
 * A tenant's TUF repository with all its keys in memory: root needs two of two, each channel has a key of its own. What was
 * changed is signed when it is next asked for.
 */
export class SignedRepository {
  readonly rootSigners = [memorySigner(), memorySigner()];
  readonly targetsSigner = memorySigner();
  readonly channelSigners: ReadonlyMap<string, MemorySigner>;
  /** The keys a server holds. */
  readonly online = { snapshot: memorySigner(), timestamp: memorySigner() };
  instruction = memorySigner();
  /** When everything signed from now on is signed; the lifetimes count from here. */
  signedAt = (): number => Date.now();
  readonly #product: string;
  readonly #files = new Map<string, Uint8Array>();
  readonly #targets = new Map<string, SignedTarget[]>();
  readonly #versions = { root: 0, targets: 0, snapshot: 0, timestamp: 0 };
  readonly #roleVersions = new Map<string, number>();
  #isStale = true;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ product = "gw2", channels = ["prod", "dev"] }: RepositoryOptions = {}) {
    this.#product = product;
    this.channelSigners = new Map(channels.map((channel) => [channel, memorySigner()]));
  }

  /** The newest root, as devices are provisioned with it. */
  async root(): Promise<string> {
    await this.#publish();
    return this.#textOf(`${this.#versions.root}.root.json`);
  }

  /** Lists a file: what is not said about it is read from it. */
  list(path: string, content: Uint8Array, custom: Partial<TargetCustom> = {}): void {
    const [, channel = ""] = path.split("/");
    const others = (this.#targets.get(channel) ?? []).filter((target) => target.path !== path);
    this.#targets.set(channel, [...others, { path, content, custom }]);
    this.#isStale = true;
  }

  /** Takes every file of a channel off its list. */
  unlist(channel: string): void {
    this.#targets.set(channel, []);
    this.#isStale = true;
  }

  /** Signs everything anew, also when nothing changed. */
  renew(): void {
    this.#isStale = true;
  }

  /** The next root, with another key for instructions. */
  async rotateInstructionKey(): Promise<void> {
    await this.#publish();
    this.instruction = memorySigner();
    await this.#signRoot();
  }

  /** A file by the name that clients ask for; undefined when there is none. */
  async file(name: string): Promise<Uint8Array | undefined> {
    await this.#publish();
    return this.#files.get(name);
  }

  /** Puts other bytes in a file's place, as an evil server would. */
  async replace(name: string, bytes: Uint8Array | undefined): Promise<void> {
    await this.#publish();
    if (bytes === undefined) this.#files.delete(name);
    else this.#files.set(name, bytes);
  }

  /** Everything a client could ask for, by name: for a folder that travels with a file. */
  async files(): Promise<ReadonlyMap<string, Uint8Array>> {
    await this.#publish();
    return new Map(this.#files);
  }

  #publish(): Promise<void> {
    const run = async (): Promise<void> => {
      if (this.#versions.root === 0) {
        await this.#signRoot();
        await this.#signTargets();
      }
      if (!this.#isStale) return;
      this.#isStale = false;
      for (const [channel, signer] of this.channelSigners) await this.#signRole(channel, signer);
      await this.#signOnline();
    };
    const done = this.#last.then(run);
    this.#last = done;
    return done;
  }

  async #signRoot(): Promise<void> {
    const { rootSigners, targetsSigner, online, instruction } = this;
    const one = (signer: KeySigner) => ({ keys: [signer.key], threshold: 1 });
    const root = newRoot(
      {
        root: { keys: rootSigners.map(({ key }) => key), threshold: 2 },
        targets: one(targetsSigner),
        snapshot: one(online.snapshot),
        timestamp: one(online.timestamp),
        instruction: [instruction.key],
      },
      this.#issue(++this.#versions.root),
    );
    await this.#put(`${root.version}.root.json`, root, rootSigners);
  }

  async #signTargets(): Promise<void> {
    const channels = [...this.channelSigners].map(([channel, { key }]) => ({
      product: ProductName.parse(this.#product),
      channel: ChannelName.parse(channel),
      keys: [key],
      threshold: 1,
    }));
    const targets = newTargets(channels, this.#issue(++this.#versions.targets));
    await this.#put(`${targets.version}.targets.json`, targets, [this.targetsSigner]);
  }

  async #signRole(channel: string, signer: KeySigner): Promise<void> {
    const name = `${this.#product}.${channel}`;
    const version = (this.#roleVersions.get(name) ?? 0) + 1;
    this.#roleVersions.set(name, version);
    const entries: TargetsMetadata["targets"] = {};
    for (const target of this.#targets.get(channel) ?? [])
      entries[target.path] = await entryOf(target);
    await this.#put(`${version}.${name}.json`, newRole(entries, this.#issue(version)), [signer]);
  }

  async #signOnline(): Promise<void> {
    const versions = { targets: this.#versions.targets, ...Object.fromEntries(this.#roleVersions) };
    const snapshot = newSnapshot(versions, this.#issue(++this.#versions.snapshot));
    const name = `${snapshot.version}.snapshot.json`;
    await this.#put(name, snapshot, [this.online.snapshot]);
    const bytes = present(this.#files.get(name), "the snapshot was just signed");
    const timestamp = newTimestamp(
      { version: snapshot.version, length: bytes.length, sha256: sha256Of(bytes) },
      this.#issue(++this.#versions.timestamp),
    );
    await this.#put("timestamp.json", timestamp, [this.online.timestamp]);
  }

  #issue(version: number) {
    return { version, now: instant(this.signedAt()) };
  }

  async #put(name: string, signed: object, signers: readonly KeySigner[]): Promise<void> {
    let file: MetadataFile = { signatures: [], signed: { ...signed } };
    for (const signer of signers) file = await signMetadata(file, signer);
    this.#files.set(name, utf8(JSON.stringify(file)));
  }

  #textOf(name: string): string {
    return Buffer.from(present(this.#files.get(name), "it was signed")).toString("utf8");
  }
}

async function entryOf({ path, content, custom }: SignedTarget) {
  const [, , version = ""] = path.split("/");
  const moult = {
    version,
    hardwareTypes: ["gw2-rev-a"],
    component: "main",
    format: "mender",
    securityCounter: 0,
    requires: {},
    conflicts: {},
    ...(await partsOf(content)),
    ...custom,
  };
  return { length: content.length, hashes: { sha256: sha256Of(content) }, custom: { moult } };
}

/** What a signer reads from an artifact; some tests sign what is none. */
async function partsOf(content: Uint8Array): Promise<object> {
  try {
    const { head, files } = await inspectArtifact(chunksOf(content));
    const payloads = head.payloads.map(({ index, type }) => ({
      type,
      files: files
        .filter(({ payloadIndex }) => payloadIndex === index)
        .map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 })),
    }));
    return { headSha256: head.sha256, hardwareTypes: head.deviceTypes, payloads };
  } catch {
    return { headSha256: sha256Of(content), payloads: [] };
  }
}

async function* chunksOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
