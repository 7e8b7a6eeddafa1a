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
  },
  example: "moult group create canaries --product gw2",
  run: async (context, { options: { product }, positionals: [name = ""] }) => {
    const client = await connect(context);
    const group = await client.call(
      "createGroup",
      { body: { name, product } },
      { signal: context.signal },
    );
    if (context.isJson) printJson(context.terminal, group);
    else context.terminal.out(groupText(group));
  },
});
