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
    const [first] = answer.reasons;
    // The first reason is the summary in most answers; saying it twice says nothing.
    const isSaid = first !== undefined && first.sentence === answer.summary;
    const ofWhich = isSaid && first.deploymentName !== null ? ` (${first.deploymentName})` : "";
    terminal.out(plainText(`${answer.summary}${ofWhich}`));
    for (const { sentence, deploymentName } of answer.reasons.slice(isSaid ? 1 : 0))
      terminal.out(
        `  ${plainText(deploymentName === null ? sentence : `${deploymentName}: ${sentence}`)}`,
      );
    const { earliest } = answer;
    if (earliest !== null)
      terminal.out(
        `Time alone can change this ${ageText(earliest, Date.now())} (${timeText(earliest)}).`,
      );
  },
});
