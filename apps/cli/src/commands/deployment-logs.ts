import type { Client } from "@moult/client";
import type { Assignment, Attempt } from "@moult/model";
import { command } from "../command-line/command.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { causeText } from "../show/event-text.ts";
import { printJson } from "../show/print-json.ts";
import { plainLines, plainText } from "../terminal/plain-text.ts";

export const deploymentLogs = command({
  positionals: ["DEPLOYMENT"],
  details: "What devices logged in attempts that did not succeed.",
  options: {
    device: { type: "string", value: "DEVICE", help: "Of this device only" },
  },
  example: "moult deployment logs 'gw2 1.4.0' --device gw-17",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { terminal, signal } = context;
    const client = await connect(context);
    const deploymentId = await lookupDeployment(client, name, signal);
    const deviceId =
      options.device === undefined ? undefined : await lookupDevice(client, options.device, signal);

    const items: unknown[] = [];
    let shown = 0;
    const input = { params: { deploymentId }, query: { limit: 500 } };
    for await (const assignment of client.all("listAssignments", input, { signal })) {
      if (deviceId !== undefined && assignment.deviceId !== deviceId) continue;
      for (const attempt of assignment.attempts.filter(({ hasLog }) => hasLog)) {
        const log = await readLog(client, assignment, attempt, signal);
        shown += 1;
        if (context.isJson)
          items.push({
            assignmentId: assignment.id,
            deviceId: assignment.deviceId,
            ...attempt,
            log,
          });
        else terminal.out(logText(assignment, attempt, log));
      }
    }
    if (context.isJson) printJson(terminal, { items });
    else if (shown === 0) terminal.err("There are no logs.");
  },
});

async function readLog(
  client: Client,
  { id: assignmentId }: Assignment,
  { attempt }: Attempt,
  signal: AbortSignal,
): Promise<string> {
  const params = { assignmentId, attempt };
  const { content } = await client.download("showAttemptLog", { params }, { signal });
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of content) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

function logText(
  { deviceName }: Assignment,
  { attempt, outcome, code, detail }: Attempt,
  log: string,
): string {
  const end = `${outcome ?? "not ended"}${causeText(code, detail)}`;
  const title = plainText(`== ${deviceName}, attempt ${attempt}: ${end}`);
  return `${title}\n${plainLines(log).trimEnd()}\n`;
}
