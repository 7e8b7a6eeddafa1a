import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { DeviceIdentity } from "@moult/model";
import { AgentError } from "../agent-error.ts";
import { problemsOf, type AgentConfig } from "../config.ts";
import { keyValueLines, runProgram } from "../platform/run-program.ts";
import { systemCode } from "../storage/durable-file.ts";

const SCRIPT_TIMEOUT_MS = 60_000;
const NETWORK_CARDS = "/sys/class/net";
/** Ethernet in Linux's `if_arp.h`; loopback and tunnels have other numbers. */
const ARPHRD_ETHER = "1";

/** What tells this device from others: as configured, else its first network card's address. Throws `identity-unavailable`. */
export async function readIdentity(identity: AgentConfig["identity"]): Promise<DeviceIdentity> {
  if (identity === undefined) return { mac: await firstMacAddress() };
  if ("attributes" in identity) return identity.attributes;

  const { script } = identity;
  const result = await runProgram(script, [], SCRIPT_TIMEOUT_MS);
  if (result.kind === "failed")
    throw new AgentError("identity-unavailable", { script, reason: result.reason });
  if (result.exitCode !== 0)
    throw new AgentError("identity-unavailable", { script, exitCode: result.exitCode });
  const parsed = DeviceIdentity.safeParse(Object.fromEntries(keyValueLines(result.stdout)));
  if (!parsed.success)
    throw new AgentError("identity-unavailable", { script, problems: problemsOf(parsed.error) });
  return parsed.data;
}

/** The address of the Ethernet card with the lowest index, as Mender's default identity script chooses it. */
async function firstMacAddress(): Promise<string> {
  const cards = await Promise.all((await listCards()).map(readCard));
  const [first] = cards
    .flatMap((card) => card ?? [])
    .toSorted((left, right) => left.index - right.index);
  if (first === undefined)
    throw new AgentError("identity-unavailable", {
      reason: "no network card; set `identity` in agent.json",
    });
  return first.address;
}

async function listCards(): Promise<readonly string[]> {
  try {
    return await readdir(NETWORK_CARDS);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return [];
    throw new AgentError("identity-unavailable", { reason: systemCode(cause) }, { cause });
  }
}

/** Undefined for what is no Ethernet card, or went away while it was looked at. */
async function readCard(
  name: string,
): Promise<{ readonly index: number; readonly address: string } | undefined> {
  const read = async (file: string): Promise<string> =>
    (await readFile(join(NETWORK_CARDS, name, file), "utf8")).trim();
  try {
    const [type, index, address] = await Promise.all([
      read("type"),
      read("ifindex"),
      read("address"),
    ]);
    const isUsable = type === ARPHRD_ETHER && address !== "" && address !== "00:00:00:00:00:00";
    return isUsable ? { index: Number(index), address } : undefined;
  } catch {
    return undefined;
  }
}
