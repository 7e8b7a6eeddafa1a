import { command, type Command } from "../command-line/command.ts";
import { EXIT } from "../command-line/exit-code.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { lookupGroup } from "../lookup/lookup-group.ts";
import { connect } from "../session/connect.ts";
import { groupText } from "../show/group-text.ts";
import { printJson } from "../show/print-json.ts";
import { MANY_DETAILS, MANY_OPTIONS, changeMany, chosenFilter } from "./change-many.ts";

/** A command that puts devices into a group or takes them out. Of those that are named all, or none when one is not found. */
export const changeMembers = (action: {
  readonly operation: "addToGroup" | "removeFromGroup";
  readonly kind: "add-to-group" | "remove-from-group";
  readonly example: string;
}): Command =>
  command({
    positionals: ["GROUP", "[DEVICE...]"],
    details: MANY_DETAILS,
    options: MANY_OPTIONS,
    example: action.example,
    run: async (context, { options, positionals: [name = "", ...devices] }) => {
      const { signal } = context;
      const client = await connect(context);
      const filter = await chosenFilter(context, client, options, devices);
      const groupId = await lookupGroup(client, name, signal);
      if (filter !== undefined)
        return changeMany(context, client, filter, { kind: action.kind, groupId }, options.yes);
      const deviceIds: string[] = [];
      for (const device of devices) deviceIds.push(await lookupDevice(client, device, signal));
      const input = { params: { groupId }, body: { deviceIds } };
      const group = await client.call(action.operation, input, { signal });
      if (context.isJson) printJson(context.terminal, group);
      else context.terminal.out(groupText(group));
      return EXIT.ok;
    },
  });
