import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { deviceFacts } from "../show/device-text.ts";
import { printJson } from "../show/print-json.ts";
import { factsText } from "../terminal/table-text.ts";

export const deviceRename = command({
  positionals: ["DEVICE", "[NAME]"],
  options: { "no-name": { type: "boolean", help: "Take its name away" } },
  example: "moult device rename 00:11:22:33:44:55 gw-17",
  run: async (context, { options, positionals: [device = "", name] }) => {
    const { signal } = context;
    if ((name === undefined) !== options["no-name"]) throw usageError("Give a name, or --no-name.");
    const client = await connect(context);
    const deviceId = await lookupDevice(client, device, signal);
    const input = { params: { deviceId }, body: { name: name ?? null } };
    const reply = await client.call("renameDevice", input, { signal });
    if (context.isJson) printJson(context.terminal, reply);
    else context.terminal.out(factsText(deviceFacts(reply)));
  },
});
