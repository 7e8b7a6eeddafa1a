import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printList } from "../show/print-list.ts";

export const deviceAttributes = command({
  positionals: ["[NAME]"],
  details: "Without NAME the names that devices report, with it the most frequent values.",
  options: {
    product: { type: "string", value: "PRODUCT", help: "Of this product's devices only" },
    search: { type: "string", value: "TEXT", help: "Values with this in them" },
  },
  example: "moult device attributes region",
  run: async (context, { options: { product, search }, positionals: [name] }) => {
    const { signal } = context;
    const client = await connect(context);
    if (name === undefined) {
      const reply = await client.call("listInventoryNames", { query: { product } }, { signal });
      printList(
        context,
        reply,
        [
          { title: "NAME", text: (item) => item.name },
          { title: "DEVICES", text: (item) => String(item.deviceCount), isNumber: true },
        ],
        "No device reports attributes.",
      );
      return;
    }
    const query = { name, product, search };
    const reply = await client.call("listInventoryValues", { query }, { signal });
    printList(
      context,
      reply,
      [
        { title: "VALUE", text: (item) => item.value },
        { title: "DEVICES", text: (item) => String(item.deviceCount), isNumber: true },
      ],
      "No device reports it.",
    );
  },
});
