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
    // The first reason is the summary in most answers; saying it twice says nothing.
    for (const { sentence } of answer.reasons)
      if (sentence !== answer.summary) terminal.out(`  ${plainText(sentence)}`);
    const { earliest } = answer;
    if (earliest !== null)
      terminal.out(
        `Time alone can change this ${ageText(earliest, Date.now())} (${timeText(earliest)}).`,
      );
  },
});
