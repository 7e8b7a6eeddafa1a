import type { ControllerGateway } from "@moult/model";
import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printList } from "../show/print-list.ts";
import type { Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

const COLUMNS: readonly Column<ControllerGateway>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "PRODUCT", text: ({ product }) => product },
  { title: "HARDWARE TYPE", text: ({ hardwareType }) => hardwareType },
  { title: "LABEL", text: ({ label }) => label },
  { title: "DEVICES", text: ({ controllerIds }) => `${controllerIds.length}`, isNumber: true },
  { title: "CREATED", text: ({ createdAt }) => timeText(createdAt) },
];

export const controllerGatewayList = command({
  options: {},
  example: "moult controller-gateway list",
  run: async (context) => {
    const client = await connect(context);
    const { items } = await client.call("listControllerGateways", {}, { signal: context.signal });
    printList(context, { items }, COLUMNS, "There are no gateway tokens.");
  },
});
