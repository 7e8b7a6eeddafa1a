import { DeviceState } from "@moult/model";
import { command } from "../command-line/command.ts";
import { oneOf } from "../command-line/option-value.ts";
import { lookupGroup } from "../lookup/lookup-group.ts";
import { connect } from "../session/connect.ts";
import { DEVICE_COLUMNS } from "../show/device-text.ts";
import { PAGING_OPTIONS, pagingQuery, printPages } from "../show/print-list.ts";

export const deviceList = command({
  options: {
    product: { type: "string", value: "PRODUCT", help: "Of this product only" },
    state: { type: "string", value: "STATE", help: `One of ${DeviceState.options.join(", ")}` },
    group: { type: "string", value: "GROUP", help: "In this group only" },
    "hardware-type": { type: "string", value: "TYPE", help: "Of this hardware type only" },
    running: { type: "string", value: "NAME", help: "That run the artifact of this name" },
    search: { type: "string", value: "TEXT", help: "With this in their name, identity or id" },
    ...PAGING_OPTIONS,
  },
  example: "moult device list --product gw2 --state pending",
  run: async (context, { options }) => {
    const { signal } = context;
    const { product, group, running, search } = options;
    const state = oneOf("state", options.state, DeviceState.options);
    const paging = pagingQuery(options);
    const client = await connect(context);
    const query = {
      product,
      state,
      running,
      search,
      hardwareType: options["hardware-type"],
      groupId: group === undefined ? undefined : await lookupGroup(client, group, signal),
      ...paging,
    };
    const pages = client.pages("listDevices", { query }, { signal });
    await printPages(context, options, pages, DEVICE_COLUMNS, "There are no such devices.");
  },
});
