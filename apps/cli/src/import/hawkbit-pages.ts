import * as z from "zod";
import type { PeerLink } from "./peer-link.ts";

const PAGE_ITEMS = 200;

/** Everything in a list of hawkBit's, a page at a time. */
export async function* hawkbitPages<Schema extends z.ZodType>(
  link: PeerLink,
  path: string,
  item: Schema,
  query = "",
): AsyncGenerator<z.infer<Schema>> {
  for (let offset = 0; ; offset += PAGE_ITEMS) {
    const { content } = await link.get(
      { path: `${path}?offset=${offset}&limit=${PAGE_ITEMS}${query}` },
      z.object({ content: z.array(item) }),
    );
    yield* content;
    if (content.length < PAGE_ITEMS) return;
  }
}
