import type { Client } from "@moult/client";
import type { DeploymentTarget, Plan, Release, TargetExclusion } from "@moult/model";
import type * as z from "zod";
import { CliError, usageError } from "../command-line/cli-error.ts";
import type { CommandContext, OptionSpecs, OptionValues } from "../command-line/command.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { lookupGroup } from "../lookup/lookup-group.ts";
import { lookupRelease } from "../lookup/lookup-release.ts";
import { connect } from "../session/connect.ts";
import { PLAN_OPTIONS, planFromOptions } from "./plan-from-options.ts";

/** What says which release goes to whom, and how. */
export const INTENT_OPTIONS = {
  product: { type: "string", value: "PRODUCT", help: "With --release: whose release" },
  release: {
    type: "string",
    value: "VERSION",
    help: "Version of the product, instead of RELEASE",
  },
  all: { type: "boolean", help: "To all devices of the product" },
  group: { type: "string", value: "GROUP", help: "To the devices of this group" },
  query: {
    type: "string",
    value: "QUERY",
    help: "To the devices of which it is true: 'inventory.region = eu'",
  },
  device: { type: "string", value: "DEVICE", multiple: true, help: "To this device" },
  frozen: { type: "boolean", help: "Nobody joins later: the devices are those that are there now" },
  "exclude-group": {
    type: "string",
    value: "GROUP",
    multiple: true,
    help: "Not to the devices of this group, as they are then",
  },
  "exclude-query": { type: "string", value: "QUERY", help: "Not to those of which it is true" },
  "exclude-device": { type: "string", value: "DEVICE", multiple: true, help: "Not to this device" },
  "hold-back": {
    type: "string",
    value: "PERCENT",
    help: "Never to this share of them, drawn at random, to compare the others with",
  },
  ...PLAN_OPTIONS,
} as const satisfies OptionSpecs;

export const INTENT_DETAILS =
  "RELEASE is PRODUCT/VERSION, PRODUCT/CHANNEL/VERSION, an id, or the beginning of one; --product and --release name it too.";

export interface Intent {
  readonly client: Client;
  readonly release: Pick<Release, "id">;
  readonly target: z.input<typeof DeploymentTarget>;
  readonly plan: z.input<typeof Plan>;
}

/** What the options name, looked up on the server; mistakes in them are found before it is asked. */
export async function intentFrom(
  context: CommandContext,
  name: string | undefined,
  options: OptionValues<typeof INTENT_OPTIONS>,
): Promise<Intent> {
  const { signal } = context;
  const releaseName = releaseNameFrom(name, options);
  const plan = await planFromOptions(options);
  checkTarget(options);
  const client = await connect(context);
  const release = await lookupRelease(client, releaseName, signal);
  return { client, release, plan, target: await targetFrom(client, options, signal) };
}

function releaseNameFrom(
  name: string | undefined,
  {
    product,
    release,
  }: { readonly product: string | undefined; readonly release: string | undefined },
): string {
  if (name !== undefined && product === undefined && release === undefined) return name;
  if (name === undefined && release !== undefined)
    return product === undefined ? release : `${product}/${release}`;
  throw usageError("Name the release: RELEASE, or --product PRODUCT --release VERSION.");
}

type TargetOptions = Pick<
  OptionValues<typeof INTENT_OPTIONS>,
  | "all"
  | "group"
  | "query"
  | "device"
  | "frozen"
  | "exclude-group"
  | "exclude-query"
  | "exclude-device"
  | "hold-back"
>;

function checkTarget({ all, group, query, device }: TargetOptions): void {
  const named = [group !== undefined, query !== undefined, device.length > 0];
  if ([all, ...named].filter(Boolean).length !== 1)
    throw usageError("Say to whom: --all, --group GROUP, --query QUERY, or --device DEVICE.");
}

async function targetFrom(
  client: Client,
  options: TargetOptions,
  signal: AbortSignal,
): Promise<z.input<typeof DeploymentTarget>> {
  const { all, group, query, device, frozen } = options;
  const exclude = await exclusionFrom(client, options, signal);
  const terms = {
    ...(frozen ? { membership: "frozen" as const } : {}),
    ...(exclude === undefined ? {} : { exclude }),
    ...holdBackFrom(options["hold-back"]),
  };
  if (all) return { kind: "all", ...terms };
  if (query !== undefined) return { kind: "query", query, ...terms };
  if (group !== undefined)
    return { kind: "group", groupId: await lookupGroup(client, group, signal), ...terms };
  return { kind: "devices", deviceIds: await lookupDevices(client, device, signal), ...terms };
}

const PERCENT_MAX = 90;

function holdBackFrom(text: string | undefined): { readonly holdBackPercent?: number } {
  if (text === undefined) return {};
  const holdBackPercent = Number(text);
  if (!(holdBackPercent > 0 && holdBackPercent <= PERCENT_MAX))
    throw usageError(`--hold-back is a percentage above 0, and at most ${PERCENT_MAX}.`);
  return { holdBackPercent };
}

async function exclusionFrom(
  client: Client,
  options: TargetOptions,
  signal: AbortSignal,
): Promise<z.input<typeof TargetExclusion> | undefined> {
  const query = options["exclude-query"];
  const groupIds: string[] = [];
  for (const group of options["exclude-group"])
    groupIds.push(await lookupGroup(client, group, signal));
  const deviceIds = await lookupDevices(client, options["exclude-device"], signal);
  if (query === undefined && groupIds.length === 0 && deviceIds.length === 0) return undefined;
  return {
    ...(groupIds.length === 0 ? {} : { groupIds }),
    ...(deviceIds.length === 0 ? {} : { deviceIds }),
    ...(query === undefined ? {} : { query }),
  };
}

async function lookupDevices(
  client: Client,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const deviceIds = new Set<string>();
  for (const name of names) deviceIds.add(await lookupDevice(client, name, signal));
  if (deviceIds.size !== names.length) throw new CliError("usage", "A device was named twice.");
  return [...deviceIds];
}
