import * as z from "zod";
import { pagesOf, type PeerLink } from "./peer-link.ts";

const PAGE_ITEMS = 200;

/** Everything in a list of hawkBit's, a page at a time. */
export async function* hawkbitPages<Schema extends z.ZodType>(
  link: PeerLink,
  path: string,
  item: Schema,
  query = "",
): AsyncGenerator<z.infer<Schema>> {
  const pages = pagesOf(
    link,
    (index) => `${path}?offset=${index * PAGE_ITEMS}&limit=${PAGE_ITEMS}${query}`,
    async (page) => (await link.get({ path: page }, z.object({ content: z.array(item) }))).content,
  );
  for await (const items of pages) yield* items;
}
