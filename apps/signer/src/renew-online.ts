import { createHash } from "node:crypto";
import { utf8, type Clock, type Crypto } from "@moult/base";
import { channelOfRole, type OnlineFile, type TenantId } from "@moult/model";
import {
  LIFETIME_MS,
  newSnapshot,
  newTimestamp,
  signMetadata,
  type KeySigner,
} from "@moult/signing";
import {
  SnapshotMetadata,
  isoInstantMs,
  openTrust,
  type MetadataFile,
  type Trust,
  type TrustSource,
} from "@moult/trust";
import * as z from "zod";
import type { KeptTenants } from "./kept-tenants.ts";
import { createMemoryStore } from "./memory-store.ts";
import { roleOfFile, type TrustTables, type Which } from "./trust-tables.ts";

export interface OnlineSignerDeps {
  readonly keys: { readonly snapshot: KeySigner; readonly timestamp: KeySigner };
  readonly tables: TrustTables;
  readonly tenants: KeptTenants;
  readonly crypto: Crypto;
  readonly clock: Clock;
}

export type Renewal =
  | {
      readonly kind: "renewed";
      /** Null when the one that is published holds on. */
      readonly snapshot: OnlineFile | null;
      readonly timestamp: OnlineFile;
    }
  | { readonly kind: "refused"; readonly reason: string };

const refused = (reason: string): Renewal => ({ kind: "refused", reason });
const SignedSnapshot = z.object({ signed: SnapshotMetadata });
/** Online metadata is made anew when half of its life is over. */
const isHalfOver = (expiresAtMs: number, lifetimeMs: number, nowMs: number): boolean =>
  expiresAtMs - nowMs < lifetimeMs / 2;

/**
 * Makes a tenant's snapshot and timestamp of what its tables hold, and gives them out only when a device, starting from the
 * first root that this signer ever saw, would take them with every role that they name. So whoever asks gets a signature
 * over nothing but what the tenant's offline keys have signed.
 *
 * No role is signed for in a lower version than before: tables that were set back cannot set devices back. Versions of
 * snapshot and timestamp are the seconds since 1970, or one more than the last when that is not enough. So they grow
 * although both the tables and this folder were restored from a backup, as long as the clock goes on.
 */
export function createOnlineSigner(
  deps: OnlineSignerDeps,
): (tenantId: TenantId, which: Which) => Promise<Renewal> {
  const { tables, tenants, clock } = deps;
  return async (tenantId, which) => {
    const versions = await tables.newestVersions(tenantId, which);
    const kept = tenants.find(tenantId);
    const firstRoot = await tables.content(tenantId, "root", 1, which);
    if (firstRoot === undefined) return refused("there is no root");
    if (kept !== undefined && kept.firstRoot !== firstRoot)
      return refused("the first root is not the one that this signer knows");
    for (const [role, version] of Object.entries(kept?.versions ?? {}))
      if ((versions.get(role) ?? 0) < version && !isOnline(role))
        return refused(`${role} is at version ${versions.get(role) ?? 0} and was at ${version}`);

    const now = clock.now();
    const nextVersion = (role: string): number =>
      Math.max(
        (versions.get(role) ?? 0) + 1,
        (kept?.versions[role] ?? 0) + 1,
        Math.floor(now / 1_000),
      );
    const offline = [...versions].filter(([role]) => role !== "root" && !isOnline(role));
    const files = await signedFiles(deps, tenantId, Object.fromEntries(offline), nextVersion);
    const refusal = await refusalOf(deps, { tenantId, which, firstRoot, offline }, files);
    if (refusal !== undefined) return refused(refusal);

    const { snapshot, timestamp } = files;
    // What is staged may never be published: only what is counts from now on.
    const published = await tables.newestVersions(tenantId, "published");
    if (published.has("root"))
      tenants.keep(tenantId, {
        firstRoot,
        versions: {
          ...kept?.versions,
          ...Object.fromEntries(published),
          timestamp: timestamp.version,
          snapshot: snapshot.version,
        },
      });
    return {
      kind: "renewed",
      snapshot: snapshot.isNew ? snapshot.file : null,
      timestamp: timestamp.file,
    };
  };
}

const isOnline = (role: string): boolean => role === "snapshot" || role === "timestamp";

interface SignedFiles {
  readonly snapshot: {
    readonly version: number;
    readonly file: OnlineFile;
    readonly isNew: boolean;
  };
  readonly timestamp: { readonly version: number; readonly file: OnlineFile };
}

async function signedFiles(
  deps: OnlineSignerDeps,
  tenantId: TenantId,
  offline: Readonly<Record<string, number>>,
  nextVersion: (role: string) => number,
): Promise<SignedFiles> {
  const { keys, clock } = deps;
  const now = clock.now();
  const published = await standingSnapshot(deps, tenantId, offline);
  const version = published?.version ?? nextVersion("snapshot");
  const snapshot =
    published ?? (await signedFile(newSnapshot(offline, { version, now }), keys.snapshot));
  const bytes = utf8(snapshot.content);
  const timestampVersion = nextVersion("timestamp");
  const timestamp = await signedFile(
    newTimestamp(
      { version, length: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") },
      { version: timestampVersion, now },
    ),
    keys.timestamp,
  );
  return {
    snapshot: { version, file: snapshot, isNew: published === undefined },
    timestamp: { version: timestampVersion, file: timestamp },
  };
}

async function signedFile(
  signed: { readonly version: number; readonly expires: string },
  signer: KeySigner,
): Promise<OnlineFile> {
  const file: MetadataFile = { signatures: [], signed: { ...signed } };
  const content = JSON.stringify(await signMetadata(file, signer));
  return { version: signed.version, content, expiresAtMs: isoInstantMs(signed.expires) ?? 0 };
}

/** The published snapshot, when it names what is to be named and by today's key, and half of its life is ahead. */
async function standingSnapshot(
  { tables, keys, clock }: OnlineSignerDeps,
  tenantId: TenantId,
  offline: Readonly<Record<string, number>>,
): Promise<OnlineFile | undefined> {
  const version = await tables.publishedVersion(tenantId, "snapshot");
  if (version === undefined) return undefined;
  const content = await tables.content(tenantId, "snapshot", version, "published");
  if (content === undefined || !content.includes(keys.snapshot.keyid)) return undefined;
  const read = SignedSnapshot.safeParse(JSON.parse(content));
  if (!read.success) return undefined;
  const { meta, expires } = read.data.signed;
  const expiresAtMs = isoInstantMs(expires) ?? 0;
  const names = Object.keys(meta);
  const isSame =
    names.length === Object.keys(offline).length &&
    Object.entries(offline).every(([role, of]) => meta[`${role}.json`]?.version === of);
  return isSame && !isHalfOver(expiresAtMs, LIFETIME_MS.snapshot, clock.now())
    ? { version, content, expiresAtMs }
    : undefined;
}

/** What is signed for. */
interface Repository {
  readonly tenantId: TenantId;
  readonly which: Which;
  readonly firstRoot: string;
  readonly offline: readonly (readonly [role: string, version: number])[];
}

/** Why a device would not take the files, or undefined when it takes them. */
async function refusalOf(
  { tables, crypto, clock }: OnlineSignerDeps,
  { tenantId, which, firstRoot, offline }: Repository,
  { snapshot, timestamp }: SignedFiles,
): Promise<string | undefined> {
  const source: TrustSource = {
    fetch: async (file) => {
      if (file === "timestamp.json") return utf8(timestamp.file.content);
      const wanted = roleOfFile(file);
      if (wanted === undefined) return undefined;
      if (wanted.role === "snapshot")
        return wanted.version === snapshot.version ? utf8(snapshot.file.content) : undefined;
      const content = await tables.content(tenantId, wanted.role, wanted.version, which);
      return content === undefined ? undefined : utf8(content);
    },
  };
  const trust = await openTrust({
    store: createMemoryStore(),
    provisionedRoot: utf8(firstRoot),
    crypto,
    clock,
  });
  const refreshed = await trust.refresh(source);
  if (refreshed.kind === "refused")
    return `${refreshed.role}: ${refreshed.rule}: ${refreshed.detail}`;
  for (const [role] of offline) {
    const refusal = await roleRefusal(trust, source, role);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** A role whose time is over holds up nobody else's; devices refuse what it lists until it is signed again. */
async function roleRefusal(
  trust: Trust,
  source: TrustSource,
  role: string,
): Promise<string | undefined> {
  const channel = channelOfRole(role);
  if (channel === undefined) return undefined;
  const looked = await trust.target(source, `${channel.product}/${channel.channel}/any/any`);
  return looked.kind === "refused" && looked.rule !== "expired"
    ? `${looked.role}: ${looked.rule}: ${looked.detail}`
    : undefined;
}
