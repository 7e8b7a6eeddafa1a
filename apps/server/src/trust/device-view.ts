import { utf8, type Clock } from "@moult/base";
import { channelOfRole, type TrustRole } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { openTrust, type TrustSource, type TrustStore } from "@moult/trust";
import type { Renewal } from "../platform/signer-client.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { invalid } from "./check-proposal.ts";
import { anyContent } from "./publishing-queries.ts";

type Renewed = Extract<Renewal, { kind: "renewed" }>;

/**
 * Looks at what is about to be published as a device does that has only the first root: throws `trust-invalid` with the rule
 * by which it would refuse. `roles` are those that change; each of them must be reached and taken.
 */
export async function demandTakenByDevices(
  db: TenantDb,
  { snapshot, timestamp }: Renewed,
  roles: readonly TrustRole[],
  clock: Clock,
): Promise<void> {
  const source: TrustSource = {
    fetch: async (file) => {
      const online =
        file === "timestamp.json"
          ? timestamp
          : snapshot !== null && file === `${snapshot.version}.snapshot.json`
            ? snapshot
            : undefined;
      const content = online?.content ?? (await anyContent(db, file));
      return content === undefined ? undefined : utf8(content);
    },
  };
  const provisionedRoot = await source.fetch("1.root.json", Number.MAX_SAFE_INTEGER);
  if (provisionedRoot === undefined) throw invalid("root: there is no version 1.");
  const trust = await openTrust({
    store: forgetful(),
    provisionedRoot,
    crypto: nodeCrypto,
    clock,
  });
  const refreshed = await trust.refresh(source);
  if (refreshed.kind === "refused") throw refusedByDevices(refreshed);
  for (const role of roles) {
    const channel = channelOfRole(role);
    if (channel === undefined) continue;
    const looked = await trust.target(source, `${channel.product}/${channel.channel}/any/any`);
    if (looked.kind === "refused") throw refusedByDevices(looked);
  }
}

const refusedByDevices = ({
  role,
  rule,
  detail,
}: {
  readonly role: string;
  readonly rule: string;
  readonly detail: string;
}) => invalid(`Devices would refuse it: ${role}: ${rule}: ${detail}`);

function forgetful(): TrustStore {
  const entries = new Map<string, Uint8Array>();
  return {
    read: async (entry) => entries.get(entry),
    write: async (entry, bytes) => void entries.set(entry, bytes),
    remove: async (entry) => void entries.delete(entry),
  };
}
