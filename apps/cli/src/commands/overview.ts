import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { overviewText } from "../show/overview-text.ts";
import { printJson } from "../show/print-json.ts";

export const overview = command({
  options: { product: { type: "string", value: "PRODUCT", help: "Of this product only" } },
  example: "moult overview",
  run: async (context, { options: { product } }) => {
    const { terminal, signal } = context;
    const client = await connect(context);
    const shown = await client.call("showOverview", { query: { product } }, { signal });
    if (context.isJson) printJson(terminal, shown);
    else terminal.out(overviewText(shown, terminal));
  },
});
