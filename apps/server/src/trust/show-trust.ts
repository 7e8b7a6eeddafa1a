import type { InstantMs } from "@moult/base";
import type {
  OnlineKeys,
  OnlineKeyStatus,
  TrustKey,
  TrustRoleStatus,
  TrustStatus,
} from "@moult/model";
import * as z from "zod";
import { isoFrom } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { countOpenProposals } from "./proposal-queries.ts";
import { publishedContent, publishedFiles, publishedRoles, type PublishedRole } from "./queries.ts";
import { isOnlineRole, warningOf } from "./role-expiry.ts";

const Envelope = z.object({ signed: z.unknown() });
const Keys = z.record(
  z.string(),
  z.object({ keytype: z.string(), scheme: z.string(), keyval: z.object({ public: z.string() }) }),
);
const SignedRoot = z.object({
  keys: Keys,
  roles: z.record(z.string(), z.object({ keyids: z.array(z.string()) })),
  "x-moult-instruction": z.object({ keyids: z.array(z.string()) }).optional(),
});
const SignedTargets = z.object({ delegations: z.object({ keys: Keys }).optional() });

/** The tenant's repository as it is published; `onlineKeys` are what the signer says its keys are, if it answers. */
export async function showTrust(
  db: TenantDb,
  onlineKeys: OnlineKeys | undefined,
  now: InstantMs,
): Promise<TrustStatus> {
  const roles = await publishedRoles(db);
  const files = await publishedFiles(db);
  const roots = files.filter(({ role }) => role === "root");
  const [first] = roots;
  const newest = roots.at(-1);
  const root = await signedOf(db, newest?.file, SignedRoot);
  const targets = await signedOf(
    db,
    files.findLast(({ role }) => role === "targets")?.file,
    SignedTargets,
  );
  return {
    state: newest === undefined ? "none" : "ready",
    repository:
      first === undefined || newest === undefined
        ? null
        : {
            rootVersion: newest.version,
            rootSha256: newest.sha256,
            firstRootSha256: first.sha256,
          },
    roles: roles.map((role) => statusOf(role, now)),
    keys: keysOf({ ...targets?.delegations?.keys, ...root?.keys }),
    onlineKeys: onlineKeys === undefined ? null : onlineStatus(onlineKeys, root),
    openProposals: await countOpenProposals(db),
  };
}

function statusOf(
  { role, product, channel, version, expiresAt, threshold, keyids, targetCount }: PublishedRole,
  now: InstantMs,
): TrustRoleStatus {
  const isOnline = isOnlineRole(role);
  return {
    name: role,
    product,
    channel,
    version,
    expiresAt: isoFrom(expiresAt),
    threshold,
    keyids: [...keyids],
    isOnline,
    targetCount,
    warning: warningOf({ expiresAt, isOnline }, now),
  };
}

async function signedOf<Signed>(
  db: TenantDb,
  file: string | undefined,
  schema: z.ZodType<Signed>,
): Promise<Signed | undefined> {
  const found = file === undefined ? undefined : await publishedContent(db, file);
  if (found === undefined) return undefined;
  return schema.parse(Envelope.parse(JSON.parse(found.content)).signed);
}

const keysOf = (keys: Readonly<Record<string, TrustKey>>): TrustStatus["keys"] =>
  Object.entries(keys).map(([keyid, key]) => ({ keyid, ...key }));

function onlineStatus(
  onlineKeys: OnlineKeys,
  root: z.infer<typeof SignedRoot> | undefined,
): OnlineKeyStatus[] {
  const namedFor = (use: OnlineKeyStatus["use"]): readonly string[] =>
    (use === "instruction" ? root?.["x-moult-instruction"] : root?.roles[use])?.keyids ?? [];
  return (["snapshot", "timestamp", "instruction"] as const).map((use) => {
    const { keyid } = onlineKeys[use];
    return { use, keyid, isInRoot: namedFor(use).includes(keyid) };
  });
}
