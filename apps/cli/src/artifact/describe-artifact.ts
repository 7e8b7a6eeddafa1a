import { basename } from "node:path";
import type { ArtifactDescription, PayloadDescription, ScriptDescription } from "@moult/artifact";
import type { OptionSpecs, OptionValues } from "../command-line/command.ts";
import { usageError } from "../command-line/cli-error.ts";
import { pairs } from "../command-line/option-value.ts";
import { readText } from "../files/read-text.ts";
import { describePayload, PAYLOAD_OPTIONS } from "./describe-payload.ts";
import { readJsonObject, readPayloadPlan, type PayloadPlan } from "./payload-plan.ts";

/** Options that say what goes into an artifact. */
export const DESCRIPTION_OPTIONS = {
  name: {
    type: "string",
    value: "NAME",
    required: true,
    help: "Artifact name; the release's version",
  },
  "hardware-type": {
    type: "string",
    value: "TYPE",
    required: true,
    multiple: true,
    help: "Kind of machine that it fits",
  },
  ...PAYLOAD_OPTIONS,
  payload: {
    type: "string",
    value: "FILE",
    multiple: true,
    help: "JSON file that describes a further payload; all are one release",
  },
  group: { type: "string", value: "NAME", help: "Artifact group that it provides" },
  "depends-name": {
    type: "string",
    value: "NAME",
    multiple: true,
    help: "Artifact that must run now",
  },
  "depends-group": {
    type: "string",
    value: "NAME",
    multiple: true,
    help: "Artifact group that must be there",
  },
  depends: {
    type: "string",
    value: "NAME=VALUE",
    multiple: true,
    help: "What the device must provide; several values of a name are alternatives",
  },
  provides: {
    type: "string",
    value: "NAME=VALUE",
    multiple: true,
    help: "What the device provides after it",
  },
  clears: {
    type: "string",
    value: "PATTERN",
    multiple: true,
    help: "What the device no longer provides after it; * stands for anything",
  },
  "software-name": {
    type: "string",
    value: "NAME",
    help: "Names the version it provides, rootfs-image.NAME.version; the payload type unless told",
  },
  "no-default-provides": {
    type: "boolean",
    help: "Provide and clear only what is given here",
  },
  script: {
    type: "string",
    value: "FILE",
    multiple: true,
    help: "State script, named like ArtifactInstall_Enter_05_name",
  },
} as const satisfies OptionSpecs;

type Options = OptionValues<typeof DESCRIPTION_OPTIONS>;

/** The artifact that the options and the payload files describe. */
export async function describeArtifact(
  options: Options,
  files: readonly string[],
  signal: AbortSignal,
): Promise<ArtifactDescription> {
  const plans = await plansOf(options, files);
  const payloads: PayloadDescription[] = [];
  for (const plan of plans) {
    const payload = await describePayload(plan, signal);
    payloads.push({ ...payload, ...relations(options.name, plan, payload.softwareName) });
  }
  const scripts: ScriptDescription[] = [];
  for (const path of options.script)
    scripts.push({ name: basename(path), content: Buffer.from(await readText(path)) });
  return {
    artifactName: options.name,
    deviceTypes: options["hardware-type"],
    ...(options.group === undefined ? {} : { artifactGroup: options.group }),
    ...(options["depends-name"].length === 0 ? {} : { dependsOnNames: options["depends-name"] }),
    ...(options["depends-group"].length === 0 ? {} : { dependsOnGroups: options["depends-group"] }),
    payloads,
    scripts,
  };
}

/** The payload that the options describe, if they do, and those of the files, in their order. */
async function plansOf(
  options: Options,
  files: readonly string[],
): Promise<readonly PayloadPlan[]> {
  const described: PayloadPlan[] = [];
  for (const path of options.payload) described.push(await readPayloadPlan(path));
  const { type } = options;
  if (type !== undefined) return [await planFromOptions(options, type, files), ...described];
  if (described.length === 0) throw usageError("An artifact needs --type TYPE, or --payload FILE.");
  const stray = PAYLOAD_OPTION_NAMES.find((name) => isGiven(options[name]));
  if (stray !== undefined) throw usageError(`--${stray} is for the payload of --type TYPE.`);
  if (files.length > 0)
    throw usageError(
      "FILEs are for the payload of --type TYPE; those of --payload name their own.",
    );
  return described;
}

const PAYLOAD_OPTION_NAMES = [
  "meta-data",
  "dir",
  "dest-dir",
  "file-name",
  "permissions",
  "app-name",
  "project-name",
  "command",
  "unit",
  "health-url",
  "depends",
  "provides",
  "clears",
  "software-name",
  "no-default-provides",
] as const;

const isGiven = (value: string | boolean | readonly string[] | undefined): boolean =>
  value !== undefined && value !== false && (!Array.isArray(value) || value.length > 0);

async function planFromOptions(
  options: Options,
  type: string,
  files: readonly string[],
): Promise<PayloadPlan> {
  const depends: Record<string, string[]> = {};
  for (const pair of options.depends)
    for (const [name, value] of Object.entries(pairs("depends", [pair])))
      (depends[name] ??= []).push(value);
  const metaData = options["meta-data"];
  return {
    type,
    files: [...files],
    metaData: metaData === undefined ? undefined : await readJsonObject(metaData),
    dir: options.dir,
    destDir: options["dest-dir"],
    fileName: options["file-name"],
    permissions: options.permissions,
    appName: options["app-name"],
    projectName: options["project-name"],
    command: [...options.command],
    unit: options.unit,
    healthUrl: options["health-url"],
    softwareName: options["software-name"],
    provides: pairs("provides", options.provides),
    depends,
    clears: [...options.clears],
    noDefaultProvides: options["no-default-provides"],
  };
}

/** What it provides, depends on and clears; what is given goes before Mender's defaults. */
function relations(
  artifactName: string,
  { type, provides, depends, clears, noDefaultProvides }: PayloadPlan,
  softwareName: string,
): Partial<PayloadDescription> {
  const given = { provides, ...(Object.keys(depends).length === 0 ? {} : { depends }) };
  const clearing = clears.length === 0 ? {} : { clearsProvides: clears };
  if (noDefaultProvides) return { ...given, ...clearing };
  // The defaults of Mender's tool are named after the type; another name needs the same two lines with that name.
  if (softwareName === type) return { ...given, ...clearing, hasToolDefaults: true };
  return {
    ...given,
    provides: { [`rootfs-image.${softwareName}.version`]: artifactName, ...provides },
    clearsProvides: [`rootfs-image.${softwareName}.*`, ...clears],
  };
}
