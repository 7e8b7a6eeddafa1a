import { verifyKeyFromPem } from "@moult/artifact";
import { instant, type Log } from "@moult/base";
import { HardwareType } from "@moult/model";
import type { TrustSource } from "@moult/trust";
import { AgentError } from "../agent-error.ts";
import { RELEASED_AT_MS } from "../clock/time-floor.ts";
import type { LoadedConfig } from "../config.ts";
import { readFactoryInfo } from "../daemon/factory-info.ts";
import { openTrustOf } from "../daemon/open-device-trust.ts";
import { provisioningIfAny } from "../identity/read-provisioning.ts";
import { readFileIfPresent } from "../storage/durable-file.ts";
import type { Admission } from "../trust/admission.ts";
import { factoryAdmission } from "../trust/factory-admission.ts";
import type { CommandInput } from "./command.ts";

/** Updates of a server are not begun here. */
const NOWHERE: TrustSource = { fetch: () => Promise.resolve(undefined) };

/** Whose artifacts this device takes from a person, and what kind of machine it is. */
export interface StandaloneTrust {
  readonly artifactKeys: readonly string[];
  readonly hardwareType: HardwareType;
  readonly admission: Admission;
}

/**
 * From the provisioning: signed metadata must vouch for a file, unless somebody at the device says for this once that they
 * need not. A device without one (in a factory) knows nobody whose signature would mean anything and is told by its
 * caller: with neither a key nor an explicit word that none is wanted, nothing is installed.
 */
export async function standaloneTrust(
  loaded: LoadedConfig,
  input: CommandInput,
  log: Log,
): Promise<StandaloneTrust> {
  const keyFiles = input.values.get("artifact-key") ?? [];
  const isUnsignedAllowed = input.switches.has("allow-unsigned");
  const [deviceType] = input.values.get("device-type") ?? [];
  const trusted = await provisioningIfAny(loaded.folders.provisioningFile);
  if (trusted !== undefined) {
    if (keyFiles.length > 0 || deviceType !== undefined)
      throw usage(
        "this device is provisioned: its keys and hardware type are not for the command line",
      );
    const { artifactKeys, hardwareType } = trusted.provisioning;
    const opened = await openTrustOf(loaded, trusted, () => instant(RELEASED_AT_MS), log);
    const random = { fraction: () => Math.random() };
    return { artifactKeys, hardwareType, admission: opened.admission(() => NOWHERE, random) };
  }
  if (input.values.has("trust"))
    throw usage("this device is not provisioned: it has no root to verify metadata by");
  if (keyFiles.length > 0 && isUnsignedAllowed)
    throw usage("--artifact-key and --allow-unsigned contradict each other");
  if (input.positionals.length > 0 && keyFiles.length === 0 && !isUnsignedAllowed)
    throw usage(
      "this device is not provisioned: name the key that must have signed the artifact (--artifact-key FILE), or say --allow-unsigned",
    );
  return {
    artifactKeys: await Promise.all(keyFiles.map(readKey)),
    hardwareType: await hardwareTypeOf(loaded, deviceType),
    admission: factoryAdmission,
  };
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
