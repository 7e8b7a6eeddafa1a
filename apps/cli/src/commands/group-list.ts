import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { GROUP_COLUMNS } from "../show/group-text.ts";
import { printList } from "../show/print-list.ts";

export const groupList = command({
  options: { product: { type: "string", value: "PRODUCT", help: "Of this product only" } },
  example: "moult group list --product gw2",
  run: async (context, { options: { product } }) => {
    const client = await connect(context);
    const reply = await client.call(
      "listGroups",
      { query: { product } },
      { signal: context.signal },
    );
    printList(
      context,
      reply,
      GROUP_COLUMNS,
      "There are no groups; `moult group create` makes one.",
    );
  },
});
