import type { DeviceConfiguration } from "@moult/model";
import { command } from "../command-line/command.ts";
import { pairs } from "../command-line/option-value.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { printList } from "../show/print-list.ts";
import type { Column } from "../terminal/table-text.ts";

export const deviceConfigure = command({
  positionals: ["DEVICE"],
  details:
    "Shows the settings that are wanted of a device and those that it reports. Whoever may see devices sees them: they are no place for secrets.",
  options: {
    set: { type: "string", value: "NAME=VALUE", multiple: true, help: "Want it to be set so" },
    unset: { type: "string", value: "NAME", multiple: true, help: "Want nothing of it any more" },
  },
  example: "moult device configure gw-17 --set log-level=debug --unset proxy",
  run: async (context, { options: { set, unset }, positionals: [device = ""] }) => {
    const { signal } = context;
    const body = { set: pairs("set", set), unset: [...unset] };
    const client = await connect(context);
    const params = { deviceId: await lookupDevice(client, device, signal) };
    const reply =
      set.length + unset.length === 0
        ? await client.call("showDeviceConfiguration", { params }, { signal })
        : await client.call("changeDeviceConfiguration", { params, body }, { signal });
    if (context.isJson) printJson(context.terminal, reply);
    else
      printList(
        context,
        { items: settingRows(reply) },
        COLUMNS,
        "Nothing is wanted of its settings, and it reports none.",
      );
  },
});

interface SettingRow {
  readonly name: string;
  readonly wanted: string | undefined;
  readonly reported: string | undefined;
}

const COLUMNS: readonly Column<SettingRow>[] = [
  { title: "SETTING", text: ({ name }) => name },
  { title: "WANTED", text: ({ wanted = "-" }) => wanted },
  { title: "REPORTED", text: ({ reported = "-" }) => reported },
];

function settingRows({ desired, reported }: DeviceConfiguration): readonly SettingRow[] {
  const [wanted, said] = [desired?.settings ?? {}, reported?.settings ?? {}];
  return [...new Set([...Object.keys(wanted), ...Object.keys(said)])]
    .toSorted()
    .map((name) => ({ name, wanted: wanted[name], reported: said[name] }));
}
