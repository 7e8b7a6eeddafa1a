import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOUR_MS, instant, seededRandom, type Clock } from "@moult/base";
import type {
  Artifact,
  ChannelName,
  OnlineKeys,
  ProductName,
  ReleaseVersion,
  TrustProposal,
  TrustProposalId,
  TrustRole,
} from "@moult/model";
import {
  newRole,
  newRoot,
  newTargets,
  signMetadata,
  tufKeyOf,
  type KeyGroup,
  type KeySigner,
  type NamedKey,
} from "@moult/signing";
import type { MetadataFile, TargetsMetadata, TrustStore } from "@moult/trust";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { SignerClient, type Signer } from "../platform/signer-client.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, type TestDatabase } from "../platform/test-database.fixture.ts";
import { createTrustHandlers, type TrustHandlers } from "./operations.ts";

/** The signer is a process of its own and has the machine's clock, so its tests have it too. */
export const wallClock: Clock = { now: () => instant(Date.now()) };

export function testSigner(): KeySigner {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = tufKeyOf(publicKey);
  return { keyid: key.keyid, key, sign: async (message) => sign(null, message, privateKey) };
}

const groupOf = (keys: readonly NamedKey[], threshold = 1): KeyGroup => ({ keys, threshold });

/** A real signer process on the test's database. */
export function startSigner(store: TestDatabase): {
  signer: SignerClient;
  end: () => Promise<void>;
} {
  const keyFolder = mkdtempSync(join(tmpdir(), "moult-signer-"));
  const { place } = store;
  const signer = new SignerClient({
    keyFolder,
    database: place.kind === "sqlite" ? place.path : place.url,
    installsPerMinute: 100,
    log: silentLog,
    random: seededRandom(1),
  });
  return {
    signer,
    end: async () => {
      await signer.stop();
      rmSync(keyFolder, { recursive: true, force: true });
    },
  };
}

export interface TargetFields {
  readonly path: string;
  readonly length: number;
  readonly hashes: { readonly sha256: string };
  readonly custom: unknown;
}

/** An artifact as its signers describe it. */
export const targetOf = (artifact: Artifact, version: ReleaseVersion): TargetFields => ({
  path: artifact.path,
  length: artifact.sizeBytes,
  hashes: { sha256: artifact.sha256 },
  custom: {
    moult: {
      version,
      hardwareTypes: artifact.hardwareTypes,
      component: "main",
      format: "mender",
      securityCounter: 0,
      requires: {},
      conflicts: {},
      headSha256: artifact.headSha256,
      payloads: artifact.payloads,
    },
  },
});

/** The people of one tenant who hold keys, and what they do with them. */
export class TestSigners {
  readonly root = [testSigner(), testSigner(), testSigner()];
  readonly targets = testSigner();
  channelKeys: readonly KeySigner[] = [testSigner()];
  readonly handlers: TrustHandlers;
  readonly #db: TenantDb;

  constructor(db: TenantDb, signer: Pick<Signer, "onlineKeys" | "renew" | "notePublished">) {
    this.#db = db;
    this.handlers = createTrustHandlers({ clock: wallClock, signer });
  }

  async rootFile(online: OnlineKeys, version = 1, signers = this.root): Promise<MetadataFile> {
    const content = {
      root: groupOf(
        this.root.map(({ key }) => key),
        2,
      ),
      targets: groupOf([this.targets.key]),
      snapshot: groupOf([online.snapshot]),
      timestamp: groupOf([online.timestamp]),
      instruction: [online.instruction],
    };
    return signed(newRoot(content, { version, now: wallClock.now() }), signers);
  }

  targetsFile(
    product: ProductName,
    version = 1,
    change: (metadata: TargetsMetadata) => unknown = (metadata) => metadata,
  ): Promise<MetadataFile> {
    const channel = "prod" as ChannelName;
    const keys = this.channelKeys.map(({ key }) => key);
    const metadata = newTargets([{ product, channel, ...groupOf(keys, keys.length) }], {
      version,
      now: wallClock.now(),
    });
    return signed(change(metadata), [this.targets]);
  }

  roleFile(
    targets: readonly TargetFields[],
    version = 1,
    signers: readonly KeySigner[] = this.channelKeys,
    lifetimeMs = 24 * HOUR_MS,
  ): Promise<MetadataFile> {
    const entries = Object.fromEntries(targets.map(({ path, ...target }) => [path, target]));
    return signed(newRole(entries, { version, now: wallClock.now(), lifetimeMs }), signers);
  }

  async propose(files: Readonly<Record<TrustRole, MetadataFile>>): Promise<TrustProposalId> {
    const { id } = await this.handlers.createTrustProposal(asOperator(this.#db), {
      params: undefined,
      query: undefined,
      body: {
        note: "",
        files: Object.entries(files).map(([role, metadata]) => ({
          role,
          metadata: metadata as never,
        })),
      },
    });
    return id;
  }

  publish(trustProposalId: TrustProposalId): Promise<TrustProposal> {
    return this.handlers.publishTrustProposal(asOperator(this.#db), {
      params: { trustProposalId },
      query: undefined,
      body: undefined,
    });
  }

  async proposeAndPublish(
    files: Readonly<Record<TrustRole, MetadataFile>>,
  ): Promise<TrustProposal> {
    return this.publish(await this.propose(files));
  }

  sign(file: MetadataFile, signer: KeySigner): Promise<MetadataFile> {
    return signMetadata(file, signer);
  }

  /** The first proposal of every tenant. */
  async setUp(product: ProductName, online: OnlineKeys): Promise<void> {
    await this.proposeAndPublish({
      root: await this.rootFile(online),
      targets: await this.targetsFile(product),
    });
  }
}

async function signed(metadata: unknown, signers: readonly KeySigner[]): Promise<MetadataFile> {
  let file: MetadataFile = { signatures: [], signed: metadata as Record<string, unknown> };
  for (const signer of signers) file = await signMetadata(file, signer);
  return file;
}

/** What a device keeps, until the test is over. */
export function memoryStore(): TrustStore {
  const entries = new Map<string, Uint8Array>();
  return {
    read: async (entry) => entries.get(entry),
    write: async (entry, bytes) => void entries.set(entry, bytes),
    remove: async (entry) => void entries.delete(entry),
  };
}
