import { contextWords, type KnownContext } from "@moult/model";
import { command } from "../command-line/command.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { deviceFacts } from "../show/device-text.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";
import { factsText } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

export const deviceShow = command({
  positionals: ["DEVICE"],
  details:
    "DEVICE is a name, an identity value such as a serial number, an id, or the beginning of one.",
  options: {},
  example: "moult device show gw-17",
  run: async (context, { positionals: [name = ""] }) => {
    const { signal } = context;
    const client = await connect(context);
    const deviceId = await lookupDevice(client, name, signal);
    const device = await client.call("showDevice", { params: { deviceId } }, { signal });
    if (context.isJson) {
      printJson(context.terminal, device);
      return;
    }
    const inventory = Object.entries(device.inventory).map(
      ([attribute, value]) => [`  ${plainText(attribute)}`, value] as const,
    );
    const history = device.history.map(
      ({ artifactName, since, until }) =>
        [
          `  ${plainText(artifactName)}`,
          `${timeText(since)} to ${until === null ? "now" : timeText(until)}`,
        ] as const,
    );
    context.terminal.out(
      [
        factsText([...deviceFacts(device), ["Circumstances", contextText(device.context)]]),
        ...(inventory.length === 0 ? [] : [`Inventory\n${factsText(inventory)}`]),
        ...(history.length === 0 ? [] : [`Ran\n${factsText(history)}`]),
      ].join("\n\n"),
    );
  },
});

function contextText(context: KnownContext | null): string | undefined {
  if (context === null) return undefined;
  const { since, unknown } = context;
  const words = `${contextWords(context) || "nothing known"}, since ${timeText(since)}`;
  return unknown === undefined ? words : `${words}\n${plainText(unknown)}`;
}
