import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { groupText } from "../show/group-text.ts";
import { printJson } from "../show/print-json.ts";

export const groupCreate = command({
  positionals: ["NAME"],
  options: {
    product: {
      type: "string",
      value: "PRODUCT",
      required: true,
      help: "Whose devices it can hold",
    },
    query: {
      type: "string",
      value: "QUERY",
      help: "Its devices are those of which this is true; without it, those put into it",
    },
  },
  example: "moult group create europe --product gw2 --query 'inventory.region = eu'",
  run: async (context, { options: { product, query }, positionals: [name = ""] }) => {
    const client = await connect(context);
    const group = await client.call(
      "createGroup",
      { body: { name, product, query } },
      { signal: context.signal },
    );
    if (context.isJson) printJson(context.terminal, group);
    else context.terminal.out(groupText(group));
  },
});
