import { createHash } from "node:crypto";
import { instant, present } from "@moult/base";
import type { Client } from "@moult/client";
import type { NamedKey } from "@moult/signing";
import { nodeCrypto } from "@moult/node-crypto";
import {
  INSTRUCTION_FIELD,
  MetadataFile,
  RootMetadata,
  TargetsMetadata,
  openTrust,
  parseStrictJson,
  type DelegatedRole,
  type Signed,
  type Trust,
  type TrustState,
} from "@moult/trust";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { serverSource } from "./server-source.ts";
import type { TrustFolder } from "./trust-folder.ts";

/** One verified metadata file. */
interface VerifiedFile<Metadata> {
  readonly metadata: Metadata;
  /** With every field that was signed. */
  readonly signed: Signed;
}

/** The repository as this person's own root of trust verifies it, whoever sent it. */
export interface Repository {
  readonly root: VerifiedFile<RootMetadata>;
  readonly rootBytes: Uint8Array;
  readonly targets: VerifiedFile<TargetsMetadata>;
  /** Of the channels, by name; a role that was delegated and never published is missing. */
  readonly roles: ReadonlyMap<string, VerifiedFile<TargetsMetadata>>;
  /** Versions and expiries of every role that was verified, the server's own among them. */
  readonly state: TrustState;
  /** Why parts of it were not taken, in sentences. */
  readonly problems: readonly string[];
}

/**
 * Verifies what the server has against the local root of trust. Expiry is not judged here: whoever renews a role that has
 * expired must get in; `review` names it.
 */
export async function openRepository(
  { signal }: CommandContext,
  client: Client,
  folder: TrustFolder,
): Promise<Repository> {
  const provisionedRoot = await folder.anchor();
  if (provisionedRoot === undefined) throw noAnchor();
  const clock = { now: () => instant(0) };
  const trust = await openTrust({
    store: folder.store,
    provisionedRoot,
    crypto: nodeCrypto,
    clock,
  });
  const source = serverSource(client, signal);
  const result = await trust.refresh(source);
  if (result.kind === "refused")
    throw new CliError(
      "trust-refused",
      `What the server has for ${result.role} does not follow from your root of trust (${result.rule}): ${result.detail}`,
      { hint: `Nothing was signed. Your root of trust is ${folder.path}.` },
    );

  const rootBytes = await rootOf(trust, folder, provisionedRoot);
  const targets = fileOf(await folder.store.read("targets"), TargetsMetadata);
  const roles = new Map<string, VerifiedFile<TargetsMetadata>>();
  const problems: string[] = [];
  for (const { name } of targets.metadata.delegations?.roles ?? []) {
    // A path that no artifact has, under the role: on its way the role itself is verified.
    const looked = await trust.target(source, `${name.replace(".", "/")}/0/0`);
    if (looked.kind !== "refused")
      roles.set(name, fileOf(await folder.store.read(name), TargetsMetadata));
    else if (looked.rule !== "role-not-in-snapshot")
      problems.push(`${name} was refused (${looked.rule}): ${looked.detail}`);
  }
  const root = fileOf(rootBytes, RootMetadata);
  return { root, rootBytes, targets, roles, state: trust.state(), problems };
}

const noAnchor = (): CliError =>
  new CliError("trust-missing", "There is no root of trust on this machine.", {
    hint: "`moult trust init` makes one for a new server; `moult trust join` takes over one that a colleague gives you.",
  });

/** The trusted root's bytes: the newest that was kept, or the anchor. */
async function rootOf(trust: Trust, folder: TrustFolder, anchor: Uint8Array): Promise<Uint8Array> {
  const { rootVersion } = trust.state();
  for (const bytes of [await folder.store.read("root"), anchor])
    if (bytes !== undefined && fileOf(bytes, RootMetadata).metadata.version === rootVersion)
      return bytes;
  throw new CliError("file-invalid", `${folder.path} has lost the newest root.`, {
    hint: "Run the command again.",
  });
}

/** A file that was verified a moment ago. */
function fileOf<Schema extends typeof RootMetadata | typeof TargetsMetadata>(
  bytes: Uint8Array | undefined,
  schema: Schema,
) {
  const { signed } = MetadataFile.parse(
    parseStrictJson(present(bytes, "what was verified is in the store")),
  );
  return { metadata: schema.parse(signed), signed } as VerifiedFile<
    Schema extends typeof RootMetadata ? RootMetadata : TargetsMetadata
  >;
}

export const sha256Of = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

/** The keys of a role, under the names that its metadata gives them. */
export const keysOf = (
  keys: RootMetadata["keys"],
  { keyids, threshold }: { readonly keyids: readonly string[]; readonly threshold: number },
): { readonly keys: readonly NamedKey[]; readonly threshold: number } => ({
  keys: keyids.flatMap((keyid) => {
    const key = keys[keyid];
    return key === undefined ? [] : [{ keyid, ...key }];
  }),
  threshold,
});

/** Everything that a root says, ready to be changed and built anew. */
export const rootContentOf = (root: RootMetadata) => ({
  root: keysOf(root.keys, root.roles.root),
  targets: keysOf(root.keys, root.roles.targets),
  snapshot: keysOf(root.keys, root.roles.snapshot),
  timestamp: keysOf(root.keys, root.roles.timestamp),
  instruction: keysOf(root.keys, { keyids: root[INSTRUCTION_FIELD]?.keyids ?? [], threshold: 1 })
    .keys,
});

export const delegationOf = (targets: TargetsMetadata, name: string): DelegatedRole | undefined =>
  targets.delegations?.roles?.find((role) => role.name === name);
