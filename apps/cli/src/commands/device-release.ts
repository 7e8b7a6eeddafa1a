import { command } from "../command-line/command.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { deviceFacts } from "../show/device-text.ts";
import { printJson } from "../show/print-json.ts";
import { factsText } from "../terminal/table-text.ts";

export const deviceRelease = command({
  positionals: ["DEVICE"],
  options: {},
  example: "moult device release gw-17",
  run: async (context, { positionals: [device = ""] }) => {
    const { signal } = context;
    const client = await connect(context);
    const deviceId = await lookupDevice(client, device, signal);
    const reply = await client.call("releaseDevice", { params: { deviceId } }, { signal });
    if (context.isJson) printJson(context.terminal, reply);
    else context.terminal.out(factsText(deviceFacts(reply)));
  },
});
