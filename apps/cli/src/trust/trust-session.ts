import type { Client } from "@moult/client";
import type { CommandContext } from "../command-line/command.ts";
import { connectTo } from "../session/connect.ts";
import { openRepository, type Repository } from "./repository.ts";
import { trustFolderOf, type LocalKey, type TrustFolder } from "./trust-folder.ts";

/** A server, and what this machine trusts of it. */
export interface TrustPlace {
  readonly client: Client;
  readonly folder: TrustFolder;
  readonly keys: readonly LocalKey[];
}

export interface TrustSession extends TrustPlace {
  readonly repository: Repository;
}

export async function openTrustPlace(context: CommandContext): Promise<TrustPlace> {
  const { client, server } = await connectTo(context);
  const folder = trustFolderOf(context.environment, server);
  return { client, folder, keys: await folder.keys() };
}

/** With the repository verified; what of it was refused is said. */
export async function openTrustSession(context: CommandContext): Promise<TrustSession> {
  const place = await openTrustPlace(context);
  const repository = await openRepository(context, place.client, place.folder);
  for (const problem of repository.problems) context.terminal.err(problem);
  return { ...place, repository };
}
