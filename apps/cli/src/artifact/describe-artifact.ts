import { basename } from "node:path";
import type { ArtifactDescription, PayloadDescription, ScriptDescription } from "@moult/artifact";
import type { OptionSpecs, OptionValues } from "../command-line/command.ts";
import { pairs } from "../command-line/option-value.ts";
import { readText } from "../files/read-text.ts";
import { describePayload, PAYLOAD_OPTIONS } from "./describe-payload.ts";

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
  const payload = await describePayload(options, files, signal);
  const scripts: ScriptDescription[] = [];
  for (const path of options.script)
    scripts.push({ name: basename(path), content: Buffer.from(await readText(path)) });
  return {
    artifactName: options.name,
    deviceTypes: options["hardware-type"],
    ...(options.group === undefined ? {} : { artifactGroup: options.group }),
    ...(options["depends-name"].length === 0 ? {} : { dependsOnNames: options["depends-name"] }),
    ...(options["depends-group"].length === 0 ? {} : { dependsOnGroups: options["depends-group"] }),
    payloads: [{ ...payload, ...relations(options, payload.softwareName) }],
    scripts,
  };
}

/** What it provides, depends on and clears; what is given goes before Mender's defaults. */
function relations(options: Options, softwareName: string): Partial<PayloadDescription> {
  const provides = pairs("provides", options.provides);
  const depends: Record<string, string[]> = {};
  for (const pair of options.depends)
    for (const [name, value] of Object.entries(pairs("depends", [pair])))
      (depends[name] ??= []).push(value);
  const { clears } = options;
  const given = { provides, ...(Object.keys(depends).length === 0 ? {} : { depends }) };
  const clearing = clears.length === 0 ? {} : { clearsProvides: clears };
  if (options["no-default-provides"]) return { ...given, ...clearing };
  // The defaults of Mender's tool are named after the type; another name needs the same two lines with that name.
  if (softwareName === options.type) return { ...given, ...clearing, hasToolDefaults: true };
  return {
    ...given,
    provides: { [`rootfs-image.${softwareName}.version`]: options.name, ...provides },
    clearsProvides: [`rootfs-image.${softwareName}.*`, ...clears],
  };
}
