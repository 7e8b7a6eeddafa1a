import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { connect } from "../session/connect.ts";
import { printDeleted } from "../show/print-deleted.ts";

export const preauthorisationDelete = command({
  positionals: ["ID"],
  options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
  example: "moult preauthorisation delete 3d6f0b0e-7a52-4b7e-9a0e-2f3f5f0a1b2c",
  run: async (context, { options, positionals: [preauthorisationId = ""] }) => {
    const client = await connect(context);
    await confirm(context, options.yes, `Withdraw the preauthorisation ${preauthorisationId}?`);
    await client.call(
      "deletePreauthorisation",
      { params: { preauthorisationId } },
      { signal: context.signal },
    );
    printDeleted(context, "preauthorisation", preauthorisationId);
  },
});
