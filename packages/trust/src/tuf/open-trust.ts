import { assert, present, type Clock, type Crypto, type InstantMs } from "@moult/base";
import type { VerificationKey } from "../dsse.ts";
import { edgesFor, isTargetPath, type Edge } from "./delegation-paths.ts";
import { unknownHash } from "./file-entry.ts";
import { isoInstantMs } from "./iso-instant.ts";
import {
  SnapshotMetadata,
  TargetsMetadata,
  TimestampMetadata,
  type TargetEntry,
} from "./metadata.ts";
import { bringRole, fetchFile, type Brought, type RoleWanted } from "./bring-role.ts";
import { signersOf, verifyNextRoot, type VerifiedRoot } from "./root-chain.ts";
import { failed, verifyFile, type Failure, type Signers, type Verified } from "./signed-file.ts";
import { snapshotFailure, timestampFailure } from "./rollback.ts";
import { StoredTrust } from "./stored-trust.ts";
import type { RefreshResult, TargetResult, Trust, TrustState, TrustedRole } from "./trust.ts";
import type { TrustSource, TrustStore } from "./trust-ports.ts";
import type { Role, TrustRefusal } from "./trust-rule.ts";
import { verificationKey } from "./tuf-key.ts";

const ROOT_BYTES_MAX = 64 * 1024;
const TIMESTAMP_BYTES_MAX = 16 * 1024;
const SNAPSHOT_BYTES_MAX = 2 * 1024 * 1024;
const TARGETS_BYTES_MAX = 8 * 1024 * 1024;
/** Roots that one refresh walks; the next one goes on from there. At one a month they are twenty years. */
const ROOTS_MAX = 256;
/** Delegated roles that one look-up visits. */
const ROLES_MAX = 32;

export interface TrustOptions {
  readonly store: TrustStore;
  /** The root.json that the device was provisioned with: the one thing that is believed as it stands. */
  readonly provisionedRoot: Uint8Array;
  readonly crypto: Crypto;
  readonly clock: Clock;
}

/**
 * A client of one TUF repository, from what its store holds. It never refuses to open: with a root that cannot be used it
 * answers every call with `anchor-unusable`, so that a device still starts, commits, rolls back and reports.
 */
export async function openTrust(options: TrustOptions): Promise<Trust> {
  const stored = new StoredTrust(options.store, options.crypto);
  const root = await stored.openRoot(options.provisionedRoot);
  return root.kind === "failed"
    ? new ClosedTrust(root)
    : new OpenTrust(root, stored, options.crypto, options.clock);
}

const refused = (role: Role, { rule, detail }: Failure): TrustRefusal => ({
  kind: "refused",
  rule,
  role,
  detail,
});

class ClosedTrust implements Trust {
  readonly #refusal: TrustRefusal;

  constructor({ rule, detail }: Failure) {
    this.#refusal = refused("root", failed("anchor-unusable", `${rule}: ${detail}`));
  }

  refresh(): Promise<RefreshResult> {
    return Promise.resolve(this.#refusal);
  }

  target(): Promise<TargetResult> {
    return Promise.resolve(this.#refusal);
  }

  instructionKeys(): readonly VerificationKey[] {
    return [];
  }

  state(): TrustState {
    return { rootVersion: 0, roles: [] };
  }
}

/** What one successful refresh found, good for the look-ups after it. */
interface Fresh {
  readonly now: InstantMs;
  readonly consistent: boolean;
  readonly snapshot: SnapshotMetadata;
  readonly targets: TargetsMetadata;
}

class OpenTrust implements Trust {
  readonly #stored: StoredTrust;
  readonly #crypto: Crypto;
  readonly #clock: Clock;
  readonly #roles = new Map<Role, TrustedRole>();
  #root: VerifiedRoot;
  #fresh: Fresh | undefined;

  constructor(root: VerifiedRoot, stored: StoredTrust, crypto: Crypto, clock: Clock) {
    this.#root = root;
    this.#stored = stored;
    this.#crypto = crypto;
    this.#clock = clock;
    this.#note("root", root);
  }

  async refresh(source: TrustSource): Promise<RefreshResult> {
    this.#fresh = undefined;
    // One time for the whole refresh (TUF 5.1): a slow server must not age a file while it is judged.
    const now = this.#clock.now();
    const root = await this.#walkRoots(source, now);
    if (root !== undefined) return refused("root", root);
    const timestamp = await this.#refreshTimestamp(source, now);
    if (timestamp.kind === "failed") return refused("timestamp", timestamp);

    const consistent = this.#root.metadata.consistent_snapshot;
    const snapshot = await this.#bring(source, now, {
      role: "snapshot",
      schema: SnapshotMetadata,
      signers: signersOf(this.#root, "snapshot"),
      entry: timestamp.metadata.meta["snapshot.json"],
      bytesMax: SNAPSHOT_BYTES_MAX,
      consistent,
      failureBeside: snapshotFailure,
    });
    if (snapshot.kind === "failed") return refused("snapshot", snapshot);

    const edge = { role: "targets", signers: signersOf(this.#root, "targets") };
    const found = { now, consistent, snapshot: snapshot.metadata };
    const targets = await this.#bringTargets(source, edge, found);
    if (targets.kind === "failed") return refused("targets", targets);
    this.#fresh = { ...found, targets: targets.metadata };
    return { kind: "fresh" };
  }

  /** Pre-order and depth first, each role once, and none beside a terminating one (TUF 5.6.7). */
  async target(source: TrustSource, path: string): Promise<TargetResult> {
    const fresh = this.#fresh;
    if (fresh === undefined)
      return refused("targets", failed("not-refreshed", "The metadata is not up to date."));
    if (!isTargetPath(path))
      return refused("targets", failed("path-invalid", "This cannot be the path of a target."));

    let role: Role = "targets";
    let metadata = fresh.targets;
    let pending: Edge[] = [];
    const visited = new Set([role]);
    for (;;) {
      const entry = Object.hasOwn(metadata.targets, path) ? metadata.targets[path] : undefined;
      if (entry !== undefined) return foundTarget(path, entry, role);
      const { delegations } = metadata;
      const edges = delegations === undefined ? [] : edgesFor(path, delegations, this.#crypto);
      if (edges.some(({ terminating }) => terminating)) pending = [];
      pending.push(...edges.reverse());

      const edge = nextEdge(pending, visited);
      if (edge === undefined) return { kind: "not-found" };
      if (visited.size > ROLES_MAX)
        return refused(edge.role, failed("too-many-roles", `More than ${ROLES_MAX} roles.`));
      visited.add(edge.role);
      const brought = await this.#bringTargets(source, edge, fresh);
      if (brought.kind === "failed") return refused(edge.role, brought);
      ({ role } = edge);
      ({ metadata } = brought);
    }
  }

  instructionKeys(): readonly VerificationKey[] {
    const { keys, "x-moult-instruction": instruction } = this.#root.metadata;
    return (instruction?.keyids ?? []).map((keyid) =>
      present(
        verificationKey(present(keys[keyid], "a trusted root holds its instruction keys")),
        "a trusted root's instruction keys can be used",
      ),
    );
  }

  state(): TrustState {
    return { rootVersion: this.#root.metadata.version, roles: [...this.#roles.values()] };
  }

  /** TUF 5.3: one version after the other, each kept before the next is asked for. */
  async #walkRoots(source: TrustSource, now: InstantMs): Promise<Failure | undefined> {
    for (let walked = 0; ; walked += 1) {
      const file = `${this.#root.metadata.version + 1}.root.json`;
      const bytes = await fetchFile(source, file, ROOT_BYTES_MAX);
      if (bytes.kind === "failed" && bytes.rule === "file-missing") break;
      if (bytes.kind === "failed") return bytes;
      if (walked === ROOTS_MAX)
        return failed("too-many-roots", `More than ${ROOTS_MAX} new roots at once.`);
      const next = verifyNextRoot(bytes.bytes, this.#root, this.#crypto);
      if (next.kind === "failed") return next;
      await this.#stored.advanceRoot(this.#root, next);
      this.#root = next;
      this.#note("root", next);
    }
    return expiredFailure(this.#root, now);
  }

  /** TUF 5.4. An equal version is the one that is kept, whatever came: its content may not change. */
  async #refreshTimestamp(
    source: TrustSource,
    now: InstantMs,
  ): Promise<Verified<TimestampMetadata> | Failure> {
    const signers = signersOf(this.#root, "timestamp");
    const stored = await this.#stored.verified("timestamp", TimestampMetadata, signers);
    const fetched = await fetchFile(source, "timestamp.json", TIMESTAMP_BYTES_MAX);
    if (fetched.kind === "failed") return fetched;
    const offered = verifyFile(fetched.bytes, TimestampMetadata, signers, this.#crypto);
    if (offered.kind === "failed") return offered;
    const rollback = stored === undefined ? undefined : timestampFailure(offered, stored);
    if (rollback !== undefined) return rollback;

    const isNewer = offered.metadata.version !== stored?.metadata.version;
    const timestamp = isNewer ? offered : present(stored, "an equal version is stored");
    const expired = expiredFailure(timestamp, now);
    if (expired !== undefined) return expired;
    if (isNewer) await this.#stored.keep("timestamp", timestamp.bytes);
    this.#note("timestamp", timestamp);
    return timestamp;
  }

  /** The one way by which `targets` and every delegated role become trusted. */
  async #bringTargets(
    source: TrustSource,
    { role, signers }: { readonly role: Role; readonly signers: Signers },
    { now, consistent, snapshot }: Omit<Fresh, "targets">,
  ): Promise<Brought<TargetsMetadata>> {
    const name = `${role}.json`;
    const entry = Object.hasOwn(snapshot.meta, name) ? snapshot.meta[name] : undefined;
    if (entry === undefined)
      return failed("role-not-in-snapshot", "The snapshot does not list this role.");
    const schema = TargetsMetadata;
    const bytesMax = TARGETS_BYTES_MAX;
    return this.#bring(source, now, { role, schema, signers, entry, bytesMax, consistent });
  }

  /** Brings a role, refuses it when it has expired, and only then keeps it. */
  async #bring<Metadata extends { readonly version: number; readonly expires: string }>(
    source: TrustSource,
    now: InstantMs,
    wanted: RoleWanted<Metadata>,
  ): Promise<Brought<Metadata>> {
    const brought = await bringRole(wanted, source, this.#stored, this.#crypto);
    if (brought.kind === "failed") return brought;
    const expired = expiredFailure(brought, now);
    if (expired !== undefined) return expired;
    if (brought.isNew) await this.#stored.keep(wanted.role, brought.bytes);
    this.#note(wanted.role, brought);
    return brought;
  }

  #note(role: Role, { metadata }: { readonly metadata: Expiring }): void {
    const expiresAt = expiryOf(metadata);
    this.#roles.set(role, { role, version: metadata.version, expiresAt });
  }
}

interface Expiring {
  readonly version: number;
  readonly expires: string;
}

const expiryOf = ({ expires }: Expiring): InstantMs =>
  present(isoInstantMs(expires), "metadata that was read has an instant of expiry");

function expiredFailure(
  { metadata }: { readonly metadata: Expiring },
  now: InstantMs,
): Failure | undefined {
  return expiryOf(metadata) > now
    ? undefined
    : failed("expired", `Version ${metadata.version} expired at ${metadata.expires}.`);
}

/** The next role that was not visited, taken off `pending`. */
function nextEdge(pending: Edge[], visited: ReadonlySet<Role>): Edge | undefined {
  for (;;) {
    const edge = pending.pop();
    if (edge === undefined || !visited.has(edge.role)) return edge;
  }
}

function foundTarget(path: string, entry: TargetEntry, role: Role): TargetResult {
  const unknown = unknownHash(entry.hashes);
  if (unknown !== undefined) return refused(role, unknown);
  const { length, hashes, custom } = entry;
  assert(Object.keys(hashes).length > 0, "a target that was read has a hash");
  return { kind: "found", target: { path, length, hashes, custom }, role };
}
