import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { connect } from "../session/connect.ts";
import { printDeleted } from "../show/print-deleted.ts";

export const apiKeyDelete = command({
  positionals: ["ID"],
  options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
  example: "moult api-key delete 4f2a --yes",
  run: async (context, { options, positionals: [keyId = ""] }) => {
    const client = await connect(context);
    await confirm(context, options.yes, `Delete the API key ${keyId}? What uses it stops working.`);
    await client.call("deleteApiKey", { params: { keyId } }, { signal: context.signal });
    printDeleted(context, "API key", keyId);
  },
});
