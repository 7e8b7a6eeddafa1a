import * as z from "zod";
import { TrustProposalId } from "./ids.ts";
import { ChannelName, Instant, ProductName, Sha256 } from "./names.ts";

// A tenant's TUF repository as operators see it (docs/decisions/0013). What stands here is shown and passed on; whoever acts on
// it verifies the bytes with packages/trust.

/** `root`, `targets`, `snapshot`, `timestamp`, or `<product>.<channel>`: neither name has a dot. */
export const TrustRole = z
  .string()
  .max(128)
  .regex(
    /^(?:root|targets|snapshot|timestamp|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?)$/,
    "root, targets, snapshot, timestamp, or <product>.<channel>",
  );
export type TrustRole = z.infer<typeof TrustRole>;

/** The role that lists what may be installed from a channel. */
export const roleOfChannel = (product: ProductName, channel: ChannelName): TrustRole =>
  `${product}.${channel}`;

/** The channel that a role is for; undefined for the four roles that every repository has. */
export function channelOfRole(
  role: string,
): { readonly product: ProductName; readonly channel: ChannelName } | undefined {
  const [product, channel, ...rest] = role.split(".");
  const parsed = z.tuple([ProductName, ChannelName]).safeParse([product, channel]);
  if (!parsed.success || rest.length > 0) return undefined;
  return { product: parsed.data[0], channel: parsed.data[1] };
}

/** The name that a metadata file is fetched by (TUF 1.0.34, section 6.2: consistent snapshots). */
export const trustFileName = (role: TrustRole, version: number): string =>
  role === "timestamp" ? "timestamp.json" : `${version}.${role}.json`;

/** A key in TUF's own form (section 4.2). */
export const TrustKey = z.object({
  keytype: z.string().max(64),
  scheme: z.string().max(64),
  keyval: z.object({ public: z.string().max(8_192) }),
});
export type TrustKey = z.infer<typeof TrustKey>;

/** Opaque: never derived again from the key. */
const KeyId = z.string().min(1).max(256);

export const TrustSignature = z.object({
  keyid: KeyId,
  /** Hexadecimal. */
  sig: z.string().max(4_096),
});
export type TrustSignature = z.infer<typeof TrustSignature>;

/** A metadata file as JSON; what is not named here is signed as well, and kept. */
export const TrustMetadata = z.object({
  signatures: z.array(TrustSignature).max(32),
  signed: z.looseObject({
    _type: z.string().max(32),
    version: z.int().min(1),
    expires: z.string().max(64),
  }),
});
export type TrustMetadata = z.infer<typeof TrustMetadata>;

/** How near the end of a role's validity is; past it devices install nothing new. */
export const TrustWarning = z.enum(["expires-90d", "expires-30d", "expires-7d", "expired"]);
export type TrustWarning = z.infer<typeof TrustWarning>;

/** A role as it is published now. */
export const TrustRoleStatus = z.object({
  name: TrustRole,
  /** Both null for the four roles that every repository has. */
  product: ProductName.nullable(),
  channel: ChannelName.nullable(),
  version: z.int().min(1),
  expiresAt: Instant,
  threshold: z.int().min(1),
  keyids: z.array(KeyId),
  /** Snapshot and timestamp are renewed by the server's signer; the others only by people with keys. */
  isOnline: z.boolean(),
  targetCount: z.int().min(0),
  warning: TrustWarning.nullable(),
});
export type TrustRoleStatus = z.infer<typeof TrustRoleStatus>;

/** A key of the signer's, and whether the published root knows it for this use. */
export const OnlineKeyStatus = z.object({
  use: z.enum(["snapshot", "timestamp", "instruction"]),
  keyid: KeyId,
  isInRoot: z.boolean(),
});
export type OnlineKeyStatus = z.infer<typeof OnlineKeyStatus>;

/** The tenant's repository: `none` until its first root is published. */
export const TrustStatus = z.object({
  state: z.enum(["none", "ready"]),
  repository: z
    .object({
      rootVersion: z.int().min(1),
      /** Of the newest root's file: compare it with what a device was provisioned with. */
      rootSha256: Sha256,
      /** Of `1.root.json`. */
      firstRootSha256: Sha256,
    })
    .nullable(),
  roles: z.array(TrustRoleStatus),
  /** Keys of root and of the delegations, each once. */
  keys: z.array(TrustKey.extend({ keyid: KeyId })),
  /** Null when the signer does not answer. */
  onlineKeys: z.array(OnlineKeyStatus).nullable(),
  openProposals: z.int().min(0),
});
export type TrustStatus = z.infer<typeof TrustStatus>;

/** A published metadata file. */
export const TrustFile = z.object({
  file: z.string(),
  role: TrustRole,
  version: z.int().min(1),
  sizeBytes: z.int().min(1),
  sha256: Sha256,
  expiresAt: Instant,
  publishedAt: Instant,
});
export type TrustFile = z.infer<typeof TrustFile>;

export const TrustProposalState = z.enum(["open", "publishing", "published", "withdrawn"]);
export type TrustProposalState = z.infer<typeof TrustProposalState>;

/** One file of a proposal. The server keeps signatures that hold, and counts them when it publishes; signers look for themselves. */
export const TrustProposalFile = z.object({
  role: TrustRole,
  version: z.int().min(1),
  expiresAt: Instant,
  signatures: z.array(z.object({ keyid: KeyId, addedBy: z.string(), addedAt: Instant })),
});
export type TrustProposalFile = z.infer<typeof TrustProposalFile>;

/** Metadata that waits for its signatures. */
export const TrustProposal = z.object({
  id: TrustProposalId,
  state: TrustProposalState,
  note: z.string(),
  createdBy: z.string(),
  createdAt: Instant,
  closedAt: Instant.nullable(),
  files: z.array(TrustProposalFile),
});
export type TrustProposal = z.infer<typeof TrustProposal>;

/** Whether offline keys have signed an artifact as something to install. `proposed`: an open proposal lists it. */
export const ArtifactTrust = z.object({
  state: z.enum(["unsigned", "proposed", "published"]),
  /** The role that lists it, or would. */
  role: TrustRole,
  /** The role's version that lists it; null unless published. */
  roleVersion: z.int().min(1).nullable(),
});
export type ArtifactTrust = z.infer<typeof ArtifactTrust>;
