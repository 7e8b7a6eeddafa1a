import { equalBytes } from "@moult/base";
import { canonicalJson } from "@moult/trust";
import type { CommandContext, OptionValues } from "../command-line/command.ts";
import { channelPlace } from "./channel-role.ts";
import { nextRole, targetsOf } from "./next-files.ts";
import type { ProposedFile } from "./proposed-files.ts";
import { releaseTarget, type TARGET_OPTIONS } from "./release-target.ts";
import type { Repository } from "./repository.ts";

/** The channel's next list, with these local files in it; undefined when it has them already. */
export async function releaseFiles(
  { signal }: CommandContext,
  repository: Repository,
  files: readonly string[],
  place: { readonly product: string; readonly channel: string | undefined },
  options: OptionValues<typeof TARGET_OPTIONS>,
): Promise<readonly ProposedFile[] | undefined> {
  const { product, channel, role } = channelPlace(`${place.product}/${place.channel ?? "prod"}`);
  const current = targetsOf(repository, role);
  let targets = current;
  for (const file of files) {
    const added = await releaseTarget(file, { product, channel }, current, options, signal);
    targets = { ...targets, [added.path]: added.target };
  }
  const isSame = equalBytes(canonicalJson(targets), canonicalJson(current));
  return isSame ? undefined : [nextRole(repository, role, targets)];
}
