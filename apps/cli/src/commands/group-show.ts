import { command } from "../command-line/command.ts";
import { lookupGroup } from "../lookup/lookup-group.ts";
import { connect } from "../session/connect.ts";
import { groupText } from "../show/group-text.ts";
import { printJson } from "../show/print-json.ts";

export const groupShow = command({
  positionals: ["GROUP"],
  details: "Its devices: `moult device list --group GROUP`.",
  options: {},
  example: "moult group show canaries",
  run: async (context, { positionals: [name = ""] }) => {
    const { signal } = context;
    const client = await connect(context);
    const groupId = await lookupGroup(client, name, signal);
    const group = await client.call("showGroup", { params: { groupId } }, { signal });
    if (context.isJson) printJson(context.terminal, group);
    else context.terminal.out(groupText(group));
  },
});
