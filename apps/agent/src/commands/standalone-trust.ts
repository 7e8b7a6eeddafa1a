import { verifyKeyFromPem } from "@moult/artifact";
import { HardwareType } from "@moult/model";
import { AgentError, isAgentError } from "../agent-error.ts";
import type { LoadedConfig } from "../config.ts";
import { readFactoryInfo } from "../daemon/factory-info.ts";
import { readProvisioning } from "../identity/read-provisioning.ts";
import { readFileIfPresent } from "../storage/durable-file.ts";
import type { CommandInput } from "./command.ts";

/** Whose artifacts this device takes from a person, and what kind of machine it is. */
export interface StandaloneTrust {
  readonly artifactKeys: readonly string[];
  readonly hardwareType: HardwareType;
}

/**
 * From the provisioning, which no command line loosens. A device without one (in a factory) is told by its caller: with
 * neither a key nor an explicit word that none is wanted, nothing is installed.
 */
export async function standaloneTrust(
  loaded: LoadedConfig,
  input: CommandInput,
): Promise<StandaloneTrust> {
  const keyFiles = input.values.get("artifact-key") ?? [];
  const isUnsignedAllowed = input.switches.has("allow-unsigned");
  const [deviceType] = input.values.get("device-type") ?? [];
  const provisioning = await provisioningIfAny(loaded.folders.provisioningFile);
  if (provisioning !== undefined) {
    if (keyFiles.length > 0 || isUnsignedAllowed || deviceType !== undefined)
      throw usage(
        "this device is provisioned: its keys and hardware type are not for the command line",
      );
    const { artifactKeys, hardwareType } = provisioning;
    return { artifactKeys, hardwareType };
  }
  if (keyFiles.length > 0 && isUnsignedAllowed)
    throw usage("--artifact-key and --allow-unsigned contradict each other");
  if (input.positionals.length > 0 && keyFiles.length === 0 && !isUnsignedAllowed)
    throw usage(
      "this device is not provisioned: name the key that must have signed the artifact (--artifact-key FILE), or say --allow-unsigned",
    );
  return {
    artifactKeys: await Promise.all(keyFiles.map(readKey)),
    hardwareType: await hardwareTypeOf(loaded, deviceType),
  };
}

async function provisioningIfAny(path: string) {
  try {
    return (await readProvisioning(path)).provisioning;
  } catch (error) {
    if (isAgentError(error, "provisioning-missing")) return undefined;
    throw error;
  }
}

async function readKey(path: string): Promise<string> {
  const pem = (await readFileIfPresent(path))?.toString("utf8");
  if (pem === undefined) throw usage(`there is no file ${path}`);
  try {
    verifyKeyFromPem(pem);
  } catch (cause) {
    throw new AgentError(
      "usage",
      { reason: `${path} is no key that can verify artifacts` },
      { cause },
    );
  }
  return pem;
}

/** Without a provisioning the image's own word counts (`device_type=` in artifact_info), as Mender has it. */
async function hardwareTypeOf(
  { folders }: LoadedConfig,
  named: string | undefined,
): Promise<HardwareType> {
  const found = named ?? (await readFactoryInfo(folders.artifactInfoFile)).deviceType;
  const parsed = HardwareType.safeParse(found ?? "unknown");
  if (!parsed.success) throw usage(`${found} is no device type`);
  return parsed.data;
}

const usage = (reason: string): AgentError => new AgentError("usage", { reason });
