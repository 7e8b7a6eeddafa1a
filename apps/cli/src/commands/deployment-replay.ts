import type { ChainReplay } from "@moult/model";
import { command } from "../command-line/command.ts";
import { EXIT } from "../command-line/exit-code.ts";
import { replayWholeChain } from "../deployment/chain-pieces.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";
import { timeText } from "../terminal/time-text.ts";

export const deploymentReplay = command({
  positionals: ["DEPLOYMENT"],
  details:
    "Decides every offer, stage and trip of the deployment again, by the facts that stand in its chain, with the planner that the server has now, and shows what would be decided otherwise. It fails when there is such a thing. Check the chain as well (verify-chain): facts that somebody changed decide as they were changed.",
  options: {},
  example: "moult deployment replay 'gw2 1.4.0'",
  run: async (context, { positionals: [name = ""] }) => {
    const { signal, terminal, isJson } = context;
    const client = await connect(context);
    const deploymentId = await lookupDeployment(client, name, signal);
    const replayed = await replayWholeChain(client, deploymentId, signal);
    if (isJson) printJson(terminal, { deploymentId, ...replayed });
    else for (const line of replayText(replayed)) terminal.out(line);
    return replayed.others.length === 0 ? EXIT.ok : EXIT.failed;
  },
});

function replayText({
  same,
  notDecided,
  others,
}: Pick<ChainReplay, "same" | "notDecided" | "others">): readonly string[] {
  const words = (count: number): string => `${count} ${count === 1 ? "entry" : "entries"}`;
  return [
    ...others.flatMap((other) => [
      `${other.number}  ${timeText(other.at)}  ${other.event}${other.deviceId === null ? "" : `  device ${other.deviceId}`}`,
      ...(other.notReplayable === null ? [] : [`    ${plainText(other.notReplayable)}`]),
      ...other.differences.map(
        ({ path, recorded, now }) =>
          `    ${path === "" ? "decided" : plainText(path)}: ${plainText(recorded ?? "nothing")} then, ${plainText(now ?? "nothing")} now`,
      ),
    ]),
    `${words(same)} decided as then, ${words(others.length)} otherwise or not at all; ${words(notDecided)} by people and devices.`,
  ];
}
