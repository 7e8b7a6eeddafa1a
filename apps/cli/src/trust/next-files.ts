import { instant } from "@moult/base";
import {
  newRole,
  newRoot,
  newTargets,
  type ChannelRole,
  type KeyGroup,
  type RootContent,
} from "@moult/signing";
import type { TargetsMetadata } from "@moult/trust";
import { CliError, usageError } from "../command-line/cli-error.ts";
import { channelPlace } from "./channel-role.ts";
import type { ProposedFile } from "./proposed-files.ts";
import { keysOf, rootContentOf, type Repository } from "./repository.ts";

const issueAfter = (version: number) => ({ version: version + 1, now: instant(Date.now()) });

const proposed = (role: string, signed: object): ProposedFile => ({
  role,
  file: { signatures: [], signed: { ...signed } },
});

/** The next root: as it is, but for `changes`, and valid for as long as a new one. */
export function nextRoot({ root }: Repository, changes: Partial<RootContent>): ProposedFile {
  const content = { ...rootContentOf(root.metadata), ...changes };
  return proposed("root", newRoot(content, issueAfter(root.metadata.version)));
}

export const nextTargets = (
  { targets }: Repository,
  channels: readonly ChannelRole[],
): ProposedFile => proposed("targets", newTargets(channels, issueAfter(targets.metadata.version)));

export const nextRole = (
  { roles }: Repository,
  name: string,
  targets: TargetsMetadata["targets"],
): ProposedFile =>
  proposed(name, newRole(targets, issueAfter(roles.get(name)?.metadata.version ?? 0)));

/** Who may sign each channel now. */
export function channelsOf({ targets }: Repository): readonly ChannelRole[] {
  const { delegations } = targets.metadata;
  return (delegations?.roles ?? []).map((role) => {
    const { product, channel } = channelPlace(role.name.replace(".", "/"));
    return { product, channel, ...keysOf(delegations?.keys ?? {}, role) };
  });
}

export const roleNameOf = ({ product, channel }: ChannelRole): string => `${product}.${channel}`;

/** What may be installed from a channel now. Throws `not-found` for one that nobody may sign. */
export function targetsOf(repository: Repository, name: string): TargetsMetadata["targets"] {
  if (!channelsOf(repository).some((channel) => roleNameOf(channel) === name))
    throw new CliError("not-found", `Nobody may sign releases of ${name.replace(".", "/")} yet.`, {
      hint: "`moult trust role create` decides who may.",
    });
  return repository.roles.get(name)?.metadata.targets ?? {};
}

/**
 * Gives a role another set of keys. What stands below the role was signed by the old ones, so it is issued anew, to be
 * signed by the new ones.
 */
export function withKeys(
  repository: Repository,
  change: ReadonlyMap<string, KeyGroup>,
): readonly ProposedFile[] {
  const files: ProposedFile[] = [];
  const root = change.get("root");
  const targets = change.get("targets");
  for (const [role, { keys, threshold }] of change)
    if (threshold > keys.length)
      throw usageError(
        `${role} would have ${keys.length} keys, and ${threshold} must sign.`,
        "Name a key in its place, or a lower --threshold.",
      );
  if (root !== undefined || targets !== undefined)
    files.push(
      nextRoot(repository, {
        ...(root === undefined ? {} : { root }),
        ...(targets === undefined ? {} : { targets }),
      }),
    );
  const before = channelsOf(repository);
  const changed = before.filter((channel) => change.has(roleNameOf(channel)));
  if (targets !== undefined || changed.length > 0)
    files.push(
      nextTargets(
        repository,
        before.map((channel) => ({ ...channel, ...change.get(roleNameOf(channel)) })),
      ),
    );
  for (const channel of changed) {
    const name = roleNameOf(channel);
    files.push(nextRole(repository, name, targetsOf(repository, name)));
  }
  return files;
}

/** The keys of root, targets or a channel now. */
export function groupOf(repository: Repository, role: string): KeyGroup {
  const { root } = repository;
  if (role === "root" || role === "targets")
    return keysOf(root.metadata.keys, root.metadata.roles[role]);
  const channel = channelsOf(repository).find((each) => roleNameOf(each) === role);
  if (channel === undefined)
    throw new CliError("not-found", `There is no role ${role}.`, {
      hint: "`moult trust status` lists them.",
    });
  return channel;
}
