import { command } from "../command-line/command.ts";
import { oneOf } from "../command-line/option-value.ts";
import { DEVICE_FILTER_OPTIONS, deviceFilter } from "../lookup/device-filter.ts";
import { connect } from "../session/connect.ts";
import { DEVICE_COLUMNS, attributeColumns } from "../show/device-text.ts";
import { PAGING_OPTIONS, pagingQuery, printPages } from "../show/print-list.ts";

const SORTS = ["newest", "oldest", "name", "seen"] as const;

export const deviceList = command({
  options: {
    ...DEVICE_FILTER_OPTIONS,
    sort: { type: "string", value: "ORDER", help: `One of ${SORTS.join(", ")}` },
    columns: {
      type: "string",
      value: "NAMES",
      help: "Inventory attributes to show, with commas between",
    },
    ...PAGING_OPTIONS,
  },
  details: "`moult device attributes` tells which attributes there are.",
  example: "moult device list --product gw2 --contact silent --columns region,site",
  run: async (context, { options }) => {
    const { signal } = context;
    const { columns } = options;
    const sort = oneOf("sort", options.sort, SORTS);
    const paging = pagingQuery(options, 200);
    const client = await connect(context);
    const filter = await deviceFilter(client, options, signal);
    const query = { ...filter, sort, columns, ...paging };
    const pages = client.pages("listDevices", { query }, { signal });
    const shown = [...DEVICE_COLUMNS, ...attributeColumns(columns)];
    await printPages(context, options, pages, shown, "There are no such devices.");
  },
});
