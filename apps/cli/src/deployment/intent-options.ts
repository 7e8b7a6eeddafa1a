import type { Client } from "@moult/client";
import type { DeploymentTarget, Plan, Release } from "@moult/model";
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

interface TargetOptions {
  readonly all: boolean;
  readonly group: string | undefined;
  readonly query: string | undefined;
  readonly device: readonly string[];
}

function checkTarget({ all, group, query, device }: TargetOptions): void {
  const named = [group !== undefined, query !== undefined, device.length > 0];
  if ([all, ...named].filter(Boolean).length !== 1)
    throw usageError("Say to whom: --all, --group GROUP, --query QUERY, or --device DEVICE.");
}

async function targetFrom(
  client: Client,
  { all, group, query, device }: TargetOptions,
  signal: AbortSignal,
): Promise<z.input<typeof DeploymentTarget>> {
  if (all) return { kind: "all" };
  if (query !== undefined) return { kind: "query", query };
  if (group !== undefined)
    return { kind: "group", groupId: await lookupGroup(client, group, signal) };
  const deviceIds = new Set<string>();
  for (const name of device) deviceIds.add(await lookupDevice(client, name, signal));
  if (deviceIds.size !== device.length) throw new CliError("usage", "A device was named twice.");
  return { kind: "devices", deviceIds: [...deviceIds] };
}
