import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { BULK_CHANGE_COLUMNS } from "../show/bulk-change-text.ts";
import { PAGING_OPTIONS, pagingQuery, printPages } from "../show/print-list.ts";

export const bulkChangeList = command({
  options: PAGING_OPTIONS,
  example: "moult bulk-change list",
  run: async (context, { options }) => {
    const query = pagingQuery(options);
    const client = await connect(context);
    const pages = client.pages("listBulkChanges", { query }, { signal: context.signal });
    await printPages(context, options, pages, BULK_CHANGE_COLUMNS, "There was no such change yet.");
  },
});
