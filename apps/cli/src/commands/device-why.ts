import type { WaitReason } from "@moult/model";
import { command } from "../command-line/command.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";
import { ageText, timeText } from "../terminal/time-text.ts";

export const deviceWhy = command({
  positionals: ["DEVICE"],
  options: {},
  example: "moult device why gw-17",
  run: async (context, { positionals: [name = ""] }) => {
    const { terminal, signal } = context;
    const client = await connect(context);
    const deviceId = await lookupDevice(client, name, signal);
    const answer = await client.call("explainDevice", { params: { deviceId } }, { signal });
    if (context.isJson) {
      printJson(terminal, answer);
      return;
    }
    terminal.out(plainText(answer.summary));
    for (const reason of answer.reasons)
      terminal.out(terminal.style("dim", `  ${reasonText(reason)}`));
    const { earliest } = answer;
    if (earliest !== null)
      terminal.out(
        `Time alone can change this ${ageText(earliest, Date.now())} (${timeText(earliest)}).`,
      );
  },
});

/** The reason as the server gave it: its kind and its facts. The words are in the summary. */
function reasonText({ kind, ...facts }: WaitReason): string {
  const parts = Object.entries(facts).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return plainText([kind, ...parts].join(" "));
}
