import { command } from "../command-line/command.ts";
import { lookupRelease } from "../lookup/lookup-release.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { safeguardText } from "../show/safeguard-text.ts";

export const safeguardCreate = command({
  positionals: ["RELEASE"],
  details:
    "No deployment offers the release to devices of which the query is true, until the safeguard is lifted. What was offered is taken back where the device does not install yet.",
  options: {
    query: { type: "string", value: "QUERY", required: true, help: "Which devices" },
    note: {
      type: "string",
      value: "TEXT",
      required: true,
      help: "What happens on them, for whoever asks why they wait",
    },
  },
  example:
    "moult safeguard create gw2/1.4.0 --query 'inventory.modem = EC25' --note 'The modem is not found after the update'",
  run: async (context, { options: { query, note }, positionals: [name = ""] }) => {
    const { signal } = context;
    const client = await connect(context);
    const { id: releaseId } = await lookupRelease(client, name, signal);
    const input = { params: { releaseId }, body: { query, note } };
    const safeguard = await client.call("createSafeguard", input, { signal });
    if (context.isJson) printJson(context.terminal, safeguard);
    else context.terminal.out(safeguardText(safeguard));
  },
});
