import {
  channelOfRole,
  type ArtifactId,
  type ProductName,
  type Sha256,
  type TrustRole,
} from "@moult/model";
import { RootMetadata, TargetsMetadata, targetCustom, type DelegatedRole } from "@moult/trust";
import type * as z from "zod";
import { invalid } from "./check-proposal.ts";

/** An artifact as a target is held against it. */
export interface KnownArtifact {
  readonly id: ArtifactId;
  readonly sha256: Sha256;
  readonly sizeBytes: number;
  readonly version: string;
}

/** What the tenant has, for the rules about what may be published. */
export interface PublishingFacts {
  readonly products: ReadonlySet<ProductName>;
  readonly artifacts: ReadonlyMap<string, KnownArtifact>;
}

/** A proposed file as it was read: what it says is believed only after its signatures were verified. */
export type PublishableFile =
  | { readonly role: "root"; readonly root: RootMetadata }
  | { readonly role: TrustRole; readonly targets: TargetsMetadata };

/** Throws `trust-invalid` for what is no metadata of its role. */
export function readPublishable(role: TrustRole, signed: unknown): PublishableFile {
  return role === "root"
    ? { role, root: read(RootMetadata, role, signed) }
    : { role, targets: read(TargetsMetadata, role, signed) };
}

function read<Metadata>(schema: z.ZodType<Metadata>, role: TrustRole, signed: unknown): Metadata {
  const parsed = schema.safeParse(signed);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`${role}: ${issue?.path.map(String).join(".")}: ${issue?.message}.`);
}

/**
 * The rules of a Moult repository beyond TUF's own, which its devices need not know: every channel has one role of its own
 * that lists artifacts that are here, and nothing else lists anything. Throws `trust-invalid` with the rule that was broken.
 */
export function checkPublishable(
  file: PublishableFile,
  delegated: readonly DelegatedRole[],
  facts: PublishingFacts,
): void {
  if ("root" in file) checkRoot(file.root);
  else if (file.role === "targets") checkTargets(file.targets, facts);
  else checkChannel(file.role, file.targets, delegated, facts);
}

function checkRoot(root: RootMetadata): void {
  if (!root.consistent_snapshot)
    throw invalid("root: consistent_snapshot must be true, or an update of it could be seen half.");
}

function checkTargets(
  { targets, delegations }: TargetsMetadata,
  { products }: PublishingFacts,
): void {
  if (Object.keys(targets).length > 0)
    throw invalid("targets: lists no artifact itself; the roles of channels do.");
  if (delegations?.succinct_roles !== undefined)
    throw invalid("targets: delegates to channels by name, not by hash.");
  for (const { name, terminating, paths } of delegations?.roles ?? []) {
    const channel = channelOfRole(name);
    if (channel === undefined) throw invalid(`targets: "${name}" is no <product>.<channel>.`);
    if (!products.has(channel.product))
      throw invalid(`targets: there is no product "${channel.product}".`);
    const pattern = `${channel.product}/${channel.channel}/*/*`;
    if (!terminating || paths?.length !== 1 || paths[0] !== pattern)
      throw invalid(`targets: ${name} must be terminating and have the one path ${pattern}.`);
  }
}

function checkChannel(
  role: TrustRole,
  { targets, delegations }: TargetsMetadata,
  delegated: readonly DelegatedRole[],
  { artifacts }: PublishingFacts,
): void {
  if (!delegated.some(({ name }) => name === role))
    throw invalid(`${role}: targets does not delegate to it.`);
  if (delegations !== undefined) throw invalid(`${role}: delegates to nobody.`);
  for (const [path, target] of Object.entries(targets)) {
    const artifact = artifacts.get(path);
    if (!path.startsWith(`${role.replace(".", "/")}/`))
      throw invalid(`${role}: ${path} is another channel's.`);
    if (artifact === undefined)
      throw invalid(`${role}: there is no artifact ${path}; upload it first, or leave it out.`);
    if (target.length !== artifact.sizeBytes)
      throw invalid(
        `${role}: ${path} has ${artifact.sizeBytes} bytes, and ${target.length} were signed.`,
      );
    if (target.hashes["sha256"] !== artifact.sha256)
      throw invalid(`${role}: ${path} has another SHA-256 than the one that was signed.`);
    const custom = targetCustom(target);
    if (custom === undefined)
      throw invalid(`${role}: ${path} does not say what it is for as devices read it.`);
    if (custom.version !== artifact.version)
      throw invalid(`${role}: ${path} is ${artifact.version}, and ${custom.version} was signed.`);
  }
}
