import type { DeploymentTarget } from "@moult/model";
import type * as z from "zod";
import type { Client } from "@moult/client";
import { CliError, usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { durationSeconds } from "../command-line/option-value.ts";
import { PLAN_OPTIONS, planFromOptions } from "../deployment/plan-from-options.ts";
import { watchDeployment } from "../deployment/watch-deployment.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { lookupGroup } from "../lookup/lookup-group.ts";
import { lookupRelease } from "../lookup/lookup-release.ts";
import { connect } from "../session/connect.ts";
import { deploymentText } from "../show/deployment-facts.ts";
import { printJson } from "../show/print-json.ts";

export const deploymentCreate = command({
  positionals: ["[RELEASE]"],
  details:
    "RELEASE is PRODUCT/VERSION, PRODUCT/CHANNEL/VERSION, an id, or the beginning of one; --product and --release name it too.",
  options: {
    product: { type: "string", value: "PRODUCT", help: "With --release: whose release" },
    release: {
      type: "string",
      value: "VERSION",
      help: "Version of the product, instead of RELEASE",
    },
    all: { type: "boolean", help: "To all devices of the product" },
    group: { type: "string", value: "GROUP", help: "To the devices of this group" },
    device: { type: "string", value: "DEVICE", multiple: true, help: "To this device" },
    name: { type: "string", value: "TEXT", help: "Name of the deployment" },
    ...PLAN_OPTIONS,
    watch: { type: "boolean", help: "Then watch it: see `moult deployment watch`" },
    timeout: { type: "string", value: "TIME", help: "With --watch: how long, such as 30m" },
  },
  example:
    "moult deployment create gw2/1.4.0 --group canaries --stages 10,50,100 --error-stop 3,10%",
  run: async (context, { options, positionals: [name] }) => {
    const { terminal, signal } = context;
    const releaseName = releaseNameFrom(name, options);
    const plan = await planFromOptions(options);
    const timeout = durationSeconds("timeout", options.timeout);
    checkTarget(options);
    const client = await connect(context);
    const release = await lookupRelease(client, releaseName, signal);
    const target = await targetFrom(client, options, signal);
    const deployment = await client.call(
      "createDeployment",
      {
        body: {
          releaseId: release.id,
          target,
          plan,
          ...(options.name === undefined ? {} : { name: options.name }),
        },
      },
      { signal },
    );
    if (deployment.plan.stages.some(({ errorStop }) => errorStop === undefined))
      terminal.err("Note: a stage has no error stop; failures there do not stop the deployment.");
    if (options.watch) return watchDeployment(context, client, deployment.id, timeout);
    if (context.isJson) printJson(terminal, deployment);
    else terminal.out(deploymentText(deployment, terminal));
    return undefined;
  },
});

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
  readonly device: readonly string[];
}

function checkTarget({ all, group, device }: TargetOptions): void {
  const given = [all, group !== undefined, device.length > 0].filter(Boolean).length;
  if (given !== 1) throw usageError("Say to whom: --all, --group GROUP, or --device DEVICE.");
}

async function targetFrom(
  client: Client,
  { all, group, device }: TargetOptions,
  signal: AbortSignal,
): Promise<z.input<typeof DeploymentTarget>> {
  if (all) return { kind: "all" };
  if (group !== undefined)
    return { kind: "group", groupId: await lookupGroup(client, group, signal) };
  const deviceIds = new Set<string>();
  for (const name of device) deviceIds.add(await lookupDevice(client, name, signal));
  if (deviceIds.size !== device.length) throw new CliError("usage", "A device was named twice.");
  return { kind: "devices", deviceIds: [...deviceIds] };
}
