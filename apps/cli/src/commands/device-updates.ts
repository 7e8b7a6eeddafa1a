import type { Assignment } from "@moult/model";
import { command } from "../command-line/command.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { assignmentCause, assignmentState } from "../show/assignment-text.ts";
import { PAGING_OPTIONS, pagingQuery, printPages } from "../show/print-list.ts";
import type { Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

const COLUMNS: readonly Column<Assignment>[] = [
  { title: "OFFERED", text: ({ offeredAt }) => timeText(offeredAt) },
  { title: "DEPLOYMENT", text: ({ deploymentId }) => deploymentId },
  { title: "STATE", text: assignmentState },
  { title: "ATTEMPTS", text: ({ attempts }) => String(attempts.length), isNumber: true },
  { title: "CAUSE", text: assignmentCause },
];

export const deviceUpdates = command({
  positionals: ["DEVICE"],
  options: PAGING_OPTIONS,
  example: "moult device updates gw-17",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { signal } = context;
    const query = pagingQuery(options);
    const client = await connect(context);
    const deviceId = await lookupDevice(client, name, signal);
    const pages = client.pages(
      "listDeviceAssignments",
      { params: { deviceId }, query },
      { signal },
    );
    await printPages(context, options, pages, COLUMNS, "It was never offered an update.");
  },
});
