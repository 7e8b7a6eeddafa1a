import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { instant, present } from "@moult/base";
import type { Client } from "@moult/client";
import type { Artifact, ChannelName, ProductName, ReleaseVersion } from "@moult/model";
import {
  named,
  newRole,
  newRoot,
  newTargets,
  signMetadata,
  tufKeyOf,
  type KeySigner,
} from "@moult/signing";
import type { MetadataFile, TargetCustom, TargetsMetadata } from "@moult/trust";

/** A signer whose key is in memory: what it signed outlives it. */
export interface MemorySigner extends KeySigner {
  readonly privateKey: KeyObject;
}

export function memorySigner(): MemorySigner {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = tufKeyOf(publicKey);
  return {
    keyid: key.keyid,
    key,
    privateKey,
    sign: (message) => Promise.resolve(new Uint8Array(sign(null, message, privateKey))),
  };
}

/** The people of one tenant who hold keys, for tests and demonstrations: they sign whatever was uploaded. */
export interface LocalTrust {
  /** Signs and publishes every artifact that no role lists yet. */
  publish(custom?: Partial<TargetCustom>): Promise<void>;
}

/** The newest root that a server has published, as devices are provisioned with it. */
export async function rootOf(client: Client): Promise<string> {
  const { repository } = await client.call("showTrust");
  const { rootVersion } = present(repository, "signing was set up");
  const params = { file: `${rootVersion}.root.json` };
  const { content } = await client.download("showTrustFile", { params });
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

interface Channel {
  readonly product: ProductName;
  readonly channel: ChannelName;
  readonly signer: KeySigner;
  version: number;
  targets: TargetsMetadata["targets"];
}

/** Gives the tenant its root of trust by the operator API, as `moult trust init` does: root needs two of two keys. */
export async function setUpTrust(
  client: Client,
  /** Signed into root besides what it must say. */
  mark: Readonly<Record<string, string>> = {},
): Promise<LocalTrust> {
  const rootSigners = [memorySigner(), memorySigner()];
  const signers = new LocalSigners(client);
  const online = await client.call("showOnlineKeys");
  const one = (key: KeySigner["key"]) => ({ keys: [key], threshold: 1 });
  const root = newRoot(
    {
      root: { keys: rootSigners.map(({ key }) => key), threshold: 2 },
      targets: one(signers.targetsSigner.key),
      snapshot: one(named(online.snapshot)),
      timestamp: one(named(online.timestamp)),
      instruction: [named(online.instruction)],
    },
    issue(1),
  );
  await publishFiles(client, {
    root: await signed({ ...root, ...mark }, rootSigners),
    targets: await signers.targetsFile(),
  });
  // One after the other: each one builds on the versions of the one before.
  let last: Promise<unknown> = Promise.resolve();
  return {
    publish: (custom = {}) => {
      const done = last.then(() => signers.publish(custom));
      last = done.catch(() => undefined);
      return done;
    },
  };
}

class LocalSigners {
  readonly targetsSigner = memorySigner();
  readonly #client: Client;
  readonly #channels: Channel[] = [];
  #targetsVersion = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  /** The next version of the role that hands each channel to its own key. */
  async targetsFile(): Promise<MetadataFile> {
    this.#targetsVersion += 1;
    const roles = this.#channels.map(({ product, channel, signer }) => ({
      product,
      channel,
      keys: [signer.key],
      threshold: 1,
    }));
    return signed(newTargets(roles, issue(this.#targetsVersion)), [this.targetsSigner]);
  }

  async publish(custom: Partial<TargetCustom>): Promise<void> {
    const channelsBefore = this.#channels.length;
    const files: Record<string, MetadataFile> = {};
    for (const [channel, targets] of await this.#listed(custom)) {
      // Also when one went, as on a server that was restored from a backup: what is listed must be there.
      if (pathsOf(targets) === pathsOf(channel.targets)) continue;
      channel.targets = targets;
      channel.version += 1;
      const role = newRole(targets, issue(channel.version));
      files[`${channel.product}.${channel.channel}`] = await signed(role, [channel.signer]);
    }
    if (this.#channels.length > channelsBefore) files["targets"] = await this.targetsFile();
    if (Object.keys(files).length > 0) await publishFiles(this.#client, files);
  }

  /** What each channel shall list: what was listed stays as it was signed. */
  async #listed(
    custom: Partial<TargetCustom>,
  ): Promise<ReadonlyMap<Channel, TargetsMetadata["targets"]>> {
    const listed = new Map<Channel, TargetsMetadata["targets"]>();
    for await (const release of this.#client.all("listReleases")) {
      const channel = this.#channelOf(release);
      const targets = listed.get(channel) ?? {};
      for (const artifact of release.artifacts)
        targets[artifact.path] =
          channel.targets[artifact.path] ?? entryOf(artifact, release.version, custom);
      listed.set(channel, targets);
    }
    return listed;
  }

  #channelOf({ product, channel }: Pick<Channel, "product" | "channel">): Channel {
    const known = this.#channels.find(
      (each) => each.product === product && each.channel === channel,
    );
    if (known !== undefined) return known;
    const added = { product, channel, signer: memorySigner(), version: 0, targets: {} };
    this.#channels.push(added);
    return added;
  }
}

const issue = (version: number) => ({ version, now: instant(Date.now()) });

function entryOf(artifact: Artifact, version: ReleaseVersion, custom: Partial<TargetCustom>) {
  const { device_type: _, ...requires } = artifact.depends;
  const moult: TargetCustom = {
    version,
    hardwareTypes: artifact.hardwareTypes,
    component: "main",
    format: "mender",
    securityCounter: 0,
    requires,
    conflicts: {},
    headSha256: artifact.headSha256,
    payloads: artifact.payloads,
    ...custom,
  };
  const { sizeBytes: length, sha256 } = artifact;
  return { length, hashes: { sha256 }, custom: { moult } };
}

const pathsOf = (targets: TargetsMetadata["targets"]): string =>
  Object.keys(targets).toSorted().join("\n");

async function signed(metadata: object, signers: readonly KeySigner[]): Promise<MetadataFile> {
  let file: MetadataFile = { signatures: [], signed: { ...metadata } };
  for (const signer of signers) file = await signMetadata(file, signer);
  return file;
}

async function publishFiles(
  client: Client,
  files: Readonly<Record<string, MetadataFile>>,
): Promise<void> {
  const proposal = await client.call("createTrustProposal", {
    body: {
      note: "",
      files: Object.entries(files).map(([role, metadata]) => ({ role, metadata })) as never,
    },
  });
  const params = { trustProposalId: proposal.id };
  await client.call("publishTrustProposal", { params });
}
