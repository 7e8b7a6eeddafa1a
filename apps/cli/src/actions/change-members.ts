import { command, type Command } from "../command-line/command.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { lookupGroup } from "../lookup/lookup-group.ts";
import { connect } from "../session/connect.ts";
import { groupText } from "../show/group-text.ts";
import { printJson } from "../show/print-json.ts";

/** A command that puts devices into a group or takes them out: all of them, or none when one is not found. */
export const changeMembers = (action: {
  readonly operation: "addToGroup" | "removeFromGroup";
  readonly example: string;
}): Command =>
  command({
    positionals: ["GROUP", "DEVICE..."],
    options: {},
    example: action.example,
    run: async (context, { positionals: [name = "", ...devices] }) => {
      const { signal } = context;
      const client = await connect(context);
      const groupId = await lookupGroup(client, name, signal);
      const deviceIds: string[] = [];
      for (const device of devices) deviceIds.push(await lookupDevice(client, device, signal));
      const input = { params: { groupId }, body: { deviceIds } };
      const group = await client.call(action.operation, input, { signal });
      if (context.isJson) printJson(context.terminal, group);
      else context.terminal.out(groupText(group));
    },
  });
