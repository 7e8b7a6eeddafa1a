import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { lookupGroup } from "../lookup/lookup-group.ts";
import { connect } from "../session/connect.ts";
import { groupText } from "../show/group-text.ts";
import { printJson } from "../show/print-json.ts";

export const groupChange = command({
  positionals: ["GROUP"],
  details: "Unfinished deployments to the group go by its new query from then on.",
  options: {
    name: { type: "string", value: "NAME", help: "What it is called from now on" },
    query: { type: "string", value: "QUERY", help: "Which devices are in it from now on" },
  },
  example: "moult group change europe --query 'inventory.region = eu AND running < 2.0'",
  run: async (context, { options: { name, query }, positionals: [text = ""] }) => {
    if (name === undefined && query === undefined)
      throw usageError("Nothing to change was given: --name or --query.");
    const { signal } = context;
    const client = await connect(context);
    const groupId = await lookupGroup(client, text, signal);
    const body = { name, query };
    const group = await client.call("changeGroup", { params: { groupId }, body }, { signal });
    if (context.isJson) printJson(context.terminal, group);
    else context.terminal.out(groupText(group));
  },
});
