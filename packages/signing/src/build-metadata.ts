import { DAY_MS, type InstantMs } from "@moult/base";
import type { ChannelName, ProductName } from "@moult/model";
import {
  INSTRUCTION_FIELD,
  type RootMetadata,
  type SnapshotMetadata,
  type TargetsMetadata,
  type TimestampMetadata,
} from "@moult/trust";
import type { NamedKey } from "./key-material.ts";

const SPEC_VERSION = "1.0.34";

/** How long a signature holds: what people sign, in years; what the server renews by itself, in days. */
export const LIFETIME_MS = {
  root: 730 * DAY_MS,
  targets: 365 * DAY_MS,
  role: 365 * DAY_MS,
  snapshot: 14 * DAY_MS,
  timestamp: 3 * DAY_MS,
} as const;

/** Keys of which `threshold` must sign. */
export interface KeyGroup {
  readonly keys: readonly NamedKey[];
  readonly threshold: number;
}

interface Issue {
  readonly version: number;
  readonly now: InstantMs;
  /** Instead of the role's own. */
  readonly lifetimeMs?: number;
}

export interface RootContent {
  readonly root: KeyGroup;
  readonly targets: KeyGroup;
  /** Held by the server's signer. */
  readonly snapshot: KeyGroup;
  readonly timestamp: KeyGroup;
  /** Each of them alone may sign what a device shall do. */
  readonly instruction: readonly NamedKey[];
}

export function newRoot(content: RootContent, issue: Issue): RootMetadata {
  const { instruction, ...roles } = content;
  return {
    _type: "root",
    ...common(issue, LIFETIME_MS.root),
    consistent_snapshot: true,
    keys: keysOf([...Object.values(roles).flatMap(({ keys }) => keys), ...instruction]),
    roles: {
      root: roleOf(roles.root),
      targets: roleOf(roles.targets),
      snapshot: roleOf(roles.snapshot),
      timestamp: roleOf(roles.timestamp),
    },
    [INSTRUCTION_FIELD]: { keyids: instruction.map(({ keyid }) => keyid) },
  };
}

/** Who may sign the releases of a product's channel. */
export interface ChannelRole extends KeyGroup {
  readonly product: ProductName;
  readonly channel: ChannelName;
}

/** The top role: it lists no target itself, and hands each channel to its own keys. */
export function newTargets(channels: readonly ChannelRole[], issue: Issue): TargetsMetadata {
  return {
    _type: "targets",
    ...common(issue, LIFETIME_MS.targets),
    targets: {},
    delegations: {
      keys: keysOf(channels.flatMap(({ keys }) => keys)),
      roles: channels.map(({ product, channel, ...group }) => ({
        name: `${product}.${channel}`,
        ...roleOf(group),
        terminating: true,
        paths: [`${product}/${channel}/*/*`],
      })),
    },
  };
}

/** What may be installed from one channel. */
export const newRole = (targets: TargetsMetadata["targets"], issue: Issue): TargetsMetadata => ({
  _type: "targets",
  ...common(issue, LIFETIME_MS.role),
  targets,
});

/** `versions` of `targets` and of every channel's role. */
export const newSnapshot = (
  versions: Readonly<Record<string, number>>,
  issue: Issue,
): SnapshotMetadata => ({
  _type: "snapshot",
  ...common(issue, LIFETIME_MS.snapshot),
  meta: Object.fromEntries(
    Object.entries(versions).map(([role, version]) => [`${role}.json`, { version }]),
  ),
});

export const newTimestamp = (
  snapshot: { readonly version: number; readonly length: number; readonly sha256: string },
  issue: Issue,
): TimestampMetadata => ({
  _type: "timestamp",
  ...common(issue, LIFETIME_MS.timestamp),
  meta: {
    "snapshot.json": {
      version: snapshot.version,
      length: snapshot.length,
      hashes: { sha256: snapshot.sha256 },
    },
  },
});

const common = ({ version, now, lifetimeMs }: Issue, lifetimeOfRoleMs: number) => ({
  spec_version: SPEC_VERSION,
  version,
  expires: expiryText(now + (lifetimeMs ?? lifetimeOfRoleMs)),
});

/** TUF's form: seconds, no fraction. */
const expiryText = (ms: number): string =>
  new Date(Math.floor(ms / 1_000) * 1_000).toISOString().replace(".000Z", "Z");

const keysOf = (keys: readonly NamedKey[]): RootMetadata["keys"] =>
  Object.fromEntries(
    keys.map(({ keyid, keytype, scheme, keyval }) => [keyid, { keytype, scheme, keyval }]),
  );

const roleOf = ({ keys, threshold }: KeyGroup) => ({
  keyids: keys.map(({ keyid }) => keyid),
  threshold,
});
