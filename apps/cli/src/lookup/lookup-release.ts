import type { Client, ItemOf } from "@moult/client";
import { isId, isIdPrefix, pickOne, type Candidate } from "./pick-one.ts";

export type Release = ItemOf<"listReleases">;

/**
 * The release with this id, beginning of an id, or name: `PRODUCT/VERSION`, or `PRODUCT/CHANNEL/VERSION` where several
 * channels have the version.
 */
export async function lookupRelease(
  client: Client,
  text: string,
  signal: AbortSignal,
): Promise<Release> {
  if (isId(text))
    return client.call("showRelease", { params: { releaseId: text.toLowerCase() } }, { signal });
  const [product = "", ...rest] = text.split("/");
  const version = rest.at(-1);
  const channel = rest.length === 2 ? rest[0] : undefined;
  const isName = version !== undefined && rest.length <= 2;
  const query = isName ? { product, version, channel, limit: 500 } : { limit: 500 };
  const found: Candidate<Release>[] = [];
  for await (const release of client.all("listReleases", { query }, { signal }))
    if (isName || (isIdPrefix(text) && release.id.startsWith(text.toLowerCase())))
      found.push({ item: release, label: `${nameOf(release)} (${release.id})`, rank: 0 });
  return pickOne("release", text, found);
}

const nameOf = ({ product, channel, version }: Release): string =>
  `${product}/${channel}/${version}`;
