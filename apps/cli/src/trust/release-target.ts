import { inspectArtifact, type ArtifactSummary } from "@moult/artifact";
import {
  ChannelName,
  HardwareType,
  ProductName,
  ReleaseVersion,
  Sha256,
  artifactPath,
} from "@moult/model";
import { TargetCustom, targetCustom, type TargetsMetadata } from "@moult/trust";
import type * as z from "zod";
import { usageError } from "../command-line/cli-error.ts";
import type { OptionSpecs, OptionValues } from "../command-line/command.ts";
import { integer, pairs } from "../command-line/option-value.ts";
import { fileBytes } from "../files/file-bytes.ts";

/** What the signers of a release say beside what is in the file. */
export const TARGET_OPTIONS = {
  "security-counter": {
    type: "string",
    value: "NUMBER",
    help: "Devices go back to nothing below it; the highest of the channel unless told",
  },
  conflicts: {
    type: "string",
    value: "NAME=VALUE",
    multiple: true,
    help: "Not for a device that provides this",
  },
  "min-agent": { type: "string", value: "VERSION", help: "Oldest agent that may install it" },
  "not-before": { type: "string", value: "INSTANT", help: "Not to be installed earlier" },
} as const satisfies OptionSpecs;

type TargetValues = OptionValues<typeof TARGET_OPTIONS>;
type Targets = TargetsMetadata["targets"];

export interface ReleaseTarget {
  readonly path: string;
  readonly target: Targets[string];
}

/** The target that a local file is: read whole and verified here, whatever a server says of it. */
export async function releaseTarget(
  file: string,
  place: { readonly product: string; readonly channel: string },
  current: Targets,
  options: TargetValues,
  signal: AbortSignal,
): Promise<ReleaseTarget> {
  const summary = await inspectArtifact(fileBytes(file, signal), { augmented: "refuse" });
  const custom = customOf(summary, current, options);
  const path = artifactPath(
    named(ProductName, "product", place.product),
    named(ChannelName, "channel", place.channel),
    custom.version,
    named(Sha256, "digest", summary.sha256),
  );
  return {
    path,
    target: {
      length: summary.sizeBytes,
      hashes: { sha256: summary.sha256 },
      custom: { moult: custom },
    },
  };
}

function customOf(
  { head, files }: ArtifactSummary,
  current: Targets,
  options: TargetValues,
): TargetCustom {
  const { device_type: _hardware, ...requires } = head.depends;
  const minAgent = options["min-agent"];
  const notBefore = instantOf(options["not-before"]);
  return {
    version: named(ReleaseVersion, "artifact name", head.artifactName),
    hardwareTypes: head.deviceTypes.map((type) => named(HardwareType, "hardware type", type)),
    component: "main",
    format: "mender",
    securityCounter:
      integer("security-counter", options["security-counter"], { min: 0, max: 2 ** 31 }) ??
      highestCounter(current),
    requires: Object.fromEntries(
      Object.entries(requires).map(([name, values]) => [name, [...values]]),
    ),
    conflicts: conflictsOf(options.conflicts),
    ...(minAgent === undefined
      ? {}
      : { minAgent: named(TargetCustom.shape.minAgent.unwrap(), "--min-agent", minAgent) }),
    ...(notBefore === undefined ? {} : { notBefore }),
    headSha256: named(Sha256, "digest", head.sha256),
    payloads: head.payloads.map(({ index, type }) => ({
      type,
      files: files
        .filter(({ payloadIndex }) => payloadIndex === index)
        .map(({ name, sizeBytes, sha256 }) => ({
          name,
          sizeBytes,
          sha256: named(Sha256, "digest", sha256),
        })),
    })),
  };
}

/** A release that says nothing of it is as good against going back as the best one before it. */
const highestCounter = (targets: Targets): number =>
  Math.max(0, ...Object.values(targets).map((each) => targetCustom(each)?.securityCounter ?? 0));

function conflictsOf(options: readonly string[]): Record<string, string[]> {
  const conflicts: Record<string, string[]> = {};
  for (const option of options)
    for (const [name, value] of Object.entries(pairs("conflicts", [option])))
      (conflicts[name] ??= []).push(value);
  return conflicts;
}

function instantOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && Number.isFinite(ms)) return new Date(ms).toISOString();
  throw usageError(`--not-before is an instant such as 2027-01-31T06:00:00Z, not "${text}".`);
}

function named<Schema extends z.ZodType>(
  schema: Schema,
  what: string,
  text: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw usageError(
    `"${text}" cannot be a ${what}: ${parsed.error.issues[0]?.message ?? "invalid"}.`,
  );
}
