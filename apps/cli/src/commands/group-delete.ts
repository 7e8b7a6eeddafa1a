import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { lookupGroup } from "../lookup/lookup-group.ts";
import { connect } from "../session/connect.ts";
import { printDeleted } from "../show/print-deleted.ts";

export const groupDelete = command({
  positionals: ["GROUP"],
  details: "Its devices stay.",
  options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
  example: "moult group delete canaries",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { signal } = context;
    const client = await connect(context);
    const groupId = await lookupGroup(client, name, signal);
    await confirm(context, options.yes, `Delete the group ${name} (${groupId})?`);
    await client.call("deleteGroup", { params: { groupId } }, { signal });
    printDeleted(context, "group", groupId);
  },
});
