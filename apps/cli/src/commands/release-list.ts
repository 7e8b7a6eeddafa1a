import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { PAGING_OPTIONS, pagingQuery, printPages } from "../show/print-list.ts";
import { RELEASE_COLUMNS } from "../show/release-text.ts";

export const releaseList = command({
  options: {
    product: { type: "string", value: "PRODUCT", help: "Of this product only" },
    channel: { type: "string", value: "CHANNEL", help: "Of this channel only" },
    version: { type: "string", value: "VERSION", help: "Of this version only" },
    ...PAGING_OPTIONS,
  },
  example: "moult release list --product gw2",
  run: async (context, { options }) => {
    const { product, channel, version } = options;
    const query = { product, channel, version, ...pagingQuery(options) };
    const client = await connect(context);
    const pages = client.pages("listReleases", { query }, { signal: context.signal });
    await printPages(context, options, pages, RELEASE_COLUMNS, "There are no such releases.");
  },
});
