import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { productText } from "../show/product-text.ts";

export const productShow = command({
  positionals: ["NAME"],
  options: {},
  example: "moult product show gw2",
  run: async (context, { positionals: [product = ""] }) => {
    const client = await connect(context);
    const reply = await client.call(
      "showProduct",
      { params: { product } },
      { signal: context.signal },
    );
    if (context.isJson) printJson(context.terminal, reply);
    else context.terminal.out(productText(reply));
  },
});
