import type { FleetEvent } from "@moult/model";
import { command } from "../command-line/command.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { PAGING_OPTIONS, pagingQuery, printPages } from "../show/print-list.ts";
import type { Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

const COLUMNS: readonly Column<FleetEvent>[] = [
  { title: "WHEN", text: ({ at }) => timeText(at) },
  { title: "WHAT", text: ({ sentence }) => sentence },
];

export const eventList = command({
  details: "Newest first.",
  options: {
    device: { type: "string", value: "DEVICE", help: "About this device only" },
    deployment: { type: "string", value: "DEPLOYMENT", help: "About this deployment only" },
    kind: {
      type: "string",
      value: "KIND,...",
      help: "Only these kinds, such as deployment-tripped,stage-advanced",
    },
    by: { type: "string", value: "NAME", help: "Only what this person or key decided" },
    ...PAGING_OPTIONS,
  },
  example: "moult event list --deployment november --kind stage-advanced,deployment-tripped",
  run: async (context, { options }) => {
    const { signal } = context;
    const { device, deployment, kind, by } = options;
    const paging = pagingQuery(options);
    const client = await connect(context);
    const query = {
      ...paging,
      kind,
      by,
      deviceId: device === undefined ? undefined : await lookupDevice(client, device, signal),
      deploymentId:
        deployment === undefined ? undefined : await lookupDeployment(client, deployment, signal),
    };
    const pages = client.pages("listEvents", { query }, { signal });
    await printPages(context, options, pages, COLUMNS, "Nothing happened yet.");
  },
});
