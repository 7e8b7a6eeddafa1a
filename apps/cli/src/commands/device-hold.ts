import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { durationSeconds } from "../command-line/option-value.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { deviceFacts } from "../show/device-text.ts";
import { printJson } from "../show/print-json.ts";
import { factsText } from "../terminal/table-text.ts";

export const deviceHold = command({
  positionals: ["DEVICE"],
  details: "Nothing is taken back that it has begun to install.",
  options: {
    note: { type: "string", value: "TEXT", help: "Why, for whoever asks" },
    for: {
      type: "string",
      value: "TIME",
      help: "Until it is released unless told; 90m, 24h, 7d",
    },
  },
  example: "moult device hold gw-17 --note 'on the bench of the lab' --for 7d",
  run: async (context, { options, positionals: [device = ""] }) => {
    const { signal } = context;
    const { note } = options;
    if (note === undefined) throw usageError("Say why, with --note.");
    const forSeconds = durationSeconds("for", options.for);
    const client = await connect(context);
    const deviceId = await lookupDevice(client, device, signal);
    const body = { note, ...(forSeconds === undefined ? {} : { forSeconds }) };
    const reply = await client.call("holdDevice", { params: { deviceId }, body }, { signal });
    if (context.isJson) printJson(context.terminal, reply);
    else context.terminal.out(factsText(deviceFacts(reply)));
  },
});
