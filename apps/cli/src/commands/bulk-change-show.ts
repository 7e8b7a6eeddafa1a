import { untilFinished } from "../actions/change-many.ts";
import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { bulkChangeText } from "../show/bulk-change-text.ts";
import { printJson } from "../show/print-json.ts";

export const bulkChangeShow = command({
  positionals: ["ID"],
  options: { watch: { type: "boolean", help: "Stay until it is finished" } },
  example: "moult bulk-change show 019a3b1e-5a3e-7c9e-8f4e-0d6a3f0c8a11 --watch",
  run: async (context, { options: { watch }, positionals: [bulkChangeId = ""] }) => {
    const { signal, terminal, isJson } = context;
    const client = await connect(context);
    const found = await client.call("showBulkChange", { params: { bulkChangeId } }, { signal });
    const change = watch ? await untilFinished(context, client, found) : found;
    if (isJson) printJson(terminal, change);
    else terminal.out(bulkChangeText(change));
  },
});
