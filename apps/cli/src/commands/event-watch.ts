import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { integer } from "../command-line/option-value.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { eventLine } from "../show/event-text.ts";
import { noticeText } from "../show/notice-text.ts";

export const eventWatch = command({
  details: "Goes on until Ctrl-C. With --json each line is one event.",
  options: {
    changes: {
      type: "boolean",
      help: "Only what changed, at most once a second; whatever happened in between is left out",
    },
    device: { type: "string", value: "DEVICE", help: "About this device only" },
    deployment: { type: "string", value: "DEPLOYMENT", help: "About this deployment only" },
    after: {
      type: "string",
      value: "SEQUENCE",
      help: "Begin after this event; 0 is the beginning; only new events unless given",
    },
  },
  example: "moult event watch --json --after 0 | jq .body.kind",
  run: async (context, { options }) => {
    const { terminal, signal } = context;
    const after = integer("after", options.after, { min: 0, max: Number.MAX_SAFE_INTEGER });
    const { device, deployment } = options;
    if (options.changes && (device !== undefined || deployment !== undefined))
      throw usageError("--changes is about everything; leave --device and --deployment out.");
    const client = await connect(context);
    const query = {
      after,
      deviceId: device === undefined ? undefined : await lookupDevice(client, device, signal),
      deploymentId:
        deployment === undefined ? undefined : await lookupDeployment(client, deployment, signal),
    };
    const onDisconnected = (): void =>
      terminal.err(terminal.style("dim", "The connection is lost; trying again."));
    if (options.changes) {
      const changes = { query: { after } };
      for await (const notice of client.events("watchChanges", changes, { signal, onDisconnected }))
        terminal.out(context.isJson ? JSON.stringify(notice) : noticeText(notice));
      return;
    }
    for await (const event of client.events("watchEvents", { query }, { signal, onDisconnected }))
      terminal.out(context.isJson ? JSON.stringify(event) : eventLine(event));
  },
});
