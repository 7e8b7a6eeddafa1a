import type { Sha256 } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { publishedContent, publishedFiles } from "./queries.ts";

/** What devices are provisioned with. */
export interface NewestRoot {
  /** The newest root.json as it was signed. */
  readonly text: string;
  /** Of `1.root.json`: names the repository for good. */
  readonly firstSha256: Sha256;
}

/** Throws `state-conflict` while nobody has signed a root: a device would trust nobody. */
export async function newestRoot(db: TenantDb): Promise<NewestRoot> {
  const roots = (await publishedFiles(db)).filter(({ role }) => role === "root");
  const [first] = roots;
  const newest = roots.at(-1);
  const found = newest === undefined ? undefined : await publishedContent(db, newest.file);
  if (first === undefined || found === undefined)
    throw new ApiError(
      "state-conflict",
      "Nobody has signed a root of trust yet, so devices could trust nobody: set up signing first with `moult trust init`.",
    );
  return { text: found.content, firstSha256: first.sha256 };
}
