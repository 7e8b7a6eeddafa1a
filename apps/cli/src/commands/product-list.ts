import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printList } from "../show/print-list.ts";
import { PRODUCT_COLUMNS } from "../show/product-text.ts";

export const productList = command({
  options: {},
  example: "moult product list",
  run: async (context) => {
    const client = await connect(context);
    const reply = await client.call("listProducts", {}, { signal: context.signal });
    printList(
      context,
      reply,
      PRODUCT_COLUMNS,
      "There are no products; `moult product create` makes one.",
    );
  },
});
