import type { Running } from "@moult/model";
import { keyValueLines } from "../platform/run-program.ts";
import { readFileIfPresent } from "../storage/durable-file.ts";

/** What the factory image says of itself. */
export interface FactoryInfo {
  readonly running: Running;
  /** What kind of machine this is, when the image says so; a provisioning's word counts more. */
  readonly deviceType: string | undefined;
}

/** A device whose image names no artifact runs this, until its first update. */
const UNNAMED = "unknown";

/** Reads `artifact_info`: `artifact_name=…` and whatever else the image provides, one `name=value` a line. */
export async function readFactoryInfo(path: string): Promise<FactoryInfo> {
  const content = await readFileIfPresent(path);
  const values = Object.fromEntries(keyValueLines(content?.toString("utf8") ?? ""));
  const { device_type: deviceType, ...provides } = values;
  const artifactName = values["artifact_name"] ?? UNNAMED;
  return {
    running: { artifactName, provides: { ...provides, artifact_name: artifactName } },
    deviceType,
  };
}
