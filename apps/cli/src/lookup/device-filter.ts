import type { Client, Input } from "@moult/client";
import { DeviceContact, DeviceState } from "@moult/model";
import type { OptionSpecs, OptionValues } from "../command-line/command.ts";
import { oneOf, pairs } from "../command-line/option-value.ts";
import { lookupGroup } from "./lookup-group.ts";

/** Options that say which devices are meant; the same for every command that takes them. */
export const DEVICE_FILTER_OPTIONS = {
  product: { type: "string", value: "PRODUCT", help: "Of this product only" },
  state: { type: "string", value: "STATE", help: `One of ${DeviceState.options.join(", ")}` },
  group: { type: "string", value: "GROUP", help: "In this group only" },
  "hardware-type": { type: "string", value: "TYPE", help: "Of this hardware type only" },
  running: { type: "string", value: "NAME", help: "That run the artifact of this name" },
  contact: { type: "string", value: "CONTACT", help: `One of ${DeviceContact.options.join(", ")}` },
  updating: { type: "string", value: "YES|NO", help: "That are in an update, or are not" },
  undecided: {
    type: "string",
    value: "KEY|IDENTITY",
    help: "Of which another key asks to be theirs, or two machines share the identity",
  },
  attribute: {
    type: "string",
    value: "NAME=VALUE",
    multiple: true,
    help: "That report exactly this; several hold together",
  },
  query: {
    type: "string",
    value: "QUERY",
    help: "Of which it is true: 'inventory.os = linux AND running < 2.0'",
  },
  search: { type: "string", value: "TEXT", help: "With this in their name, identity or id" },
} as const satisfies OptionSpecs;

type FilterValues = OptionValues<typeof DEVICE_FILTER_OPTIONS>;
type DeviceFilter = NonNullable<Input<"countMatchingDevices">["query"]>;

/** The filter that the options make, as the API takes it; undefined when none is given. */
export async function deviceFilter(
  client: Client,
  options: FilterValues,
  signal: AbortSignal,
): Promise<DeviceFilter | undefined> {
  const { product, group, running, query, search, attribute } = options;
  const updating = oneOf("updating", options.updating, ["yes", "no"]);
  pairs("attribute", attribute);
  const filter = {
    product,
    state: oneOf("state", options.state, DeviceState.options),
    contact: oneOf("contact", options.contact, DeviceContact.options),
    hardwareType: options["hardware-type"],
    running,
    updating:
      updating === undefined
        ? undefined
        : updating === "yes"
          ? ("true" as const)
          : ("false" as const),
    undecided: oneOf("undecided", options.undecided, ["key", "identity"]),
    attribute: attribute.length === 0 ? undefined : [...attribute],
    query,
    search,
    groupId: group === undefined ? undefined : await lookupGroup(client, group, signal),
  };
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : (Object.fromEntries(given) as DeviceFilter);
}
