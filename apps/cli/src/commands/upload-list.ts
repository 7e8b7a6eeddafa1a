import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printList } from "../show/print-list.ts";
import { UPLOAD_COLUMNS } from "../show/upload-text.ts";

export const uploadList = command({
  details:
    "What `moult release upload` began and did not finish is kept for a day, and the same command goes on with it. What ended is listed for a day, too.",
  options: {},
  example: "moult upload list",
  run: async (context) => {
    const client = await connect(context);
    const reply = await client.call("listUploads", {}, { signal: context.signal });
    printList(context, reply, UPLOAD_COLUMNS, "You have no uploads.");
  },
});
