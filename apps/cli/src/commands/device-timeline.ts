import type { FleetEvent } from "@moult/model";
import { command } from "../command-line/command.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { PAGING_OPTIONS, pagingQuery, printPages } from "../show/print-list.ts";
import type { Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

const COLUMNS: readonly Column<FleetEvent>[] = [
  { title: "WHEN", text: ({ at }) => timeText(at) },
  { title: "WHAT", text: ({ sentence }) => sentence },
  { title: "DEPLOYMENT", text: ({ deploymentName }) => deploymentName ?? "" },
];

export const deviceTimeline = command({
  positionals: ["DEVICE"],
  options: PAGING_OPTIONS,
  example: "moult device timeline gw-17 --limit 20",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { signal } = context;
    const query = pagingQuery(options);
    const client = await connect(context);
    const deviceId = await lookupDevice(client, name, signal);
    const pages = client.pages("listDeviceTimeline", { params: { deviceId }, query }, { signal });
    await printPages(context, options, pages, COLUMNS, "Nothing happened to it yet.");
  },
});
