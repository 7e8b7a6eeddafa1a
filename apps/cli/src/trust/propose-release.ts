import { equalBytes } from "@moult/base";
import { canonicalJson } from "@moult/trust";
import type { CommandContext, OptionValues } from "../command-line/command.ts";
import { channelPlace } from "./channel-role.ts";
import { nextRole, targetsOf } from "./next-files.ts";
import type { ProposedFile } from "./proposed-files.ts";
import { releaseTarget, type ReleaseTarget, type TARGET_OPTIONS } from "./release-target.ts";
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
  const added: ReleaseTarget[] = [];
  for (const file of files)
    added.push(await releaseTarget(file, { product, channel }, current, options, signal));
  return filesWith(repository, role, added);
}

/** The same of files that were looked at before. */
export function filesWith(
  repository: Repository,
  role: string,
  added: readonly ReleaseTarget[],
): readonly ProposedFile[] | undefined {
  const current = targetsOf(repository, role);
  const targets = {
    ...current,
    ...Object.fromEntries(added.map(({ path, target }) => [path, target])),
  };
  const isSame = equalBytes(canonicalJson(targets), canonicalJson(current));
  return isSame ? undefined : [nextRole(repository, role, targets)];
}
