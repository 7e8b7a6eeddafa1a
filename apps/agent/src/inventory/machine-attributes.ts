import { readFileSync } from "node:fs";
import { arch, cpus, hostname, networkInterfaces, release, totalmem } from "node:os";
import { ZONE_ATTRIBUTE } from "@moult/model";
import { AGENT_VERSION } from "../agent-version.ts";
import { timeZoneName } from "./time-zone.ts";

/**
 * Facts that every device can tell without a script; names as Mender's own inventory scripts use them where they exist, so
 * that a fleet of both has one column. Nothing here changes by itself while the device runs, except its addresses: an
 * attribute that changed with every look would be sent with every check-in.
 */
export function machineAttributes(): Readonly<Record<string, string>> {
  const model = cpus()[0]?.model.trim();
  const system = systemName();
  const zone = timeZoneName(process.env);
  return {
    "moult.agent": AGENT_VERSION,
    hostname: hostname(),
    kernel: `Linux ${release()}`,
    architecture: arch(),
    mem_total_kB: String(Math.floor(totalmem() / 1024)),
    ...(model === undefined || model === "" ? {} : { cpu_model: model }),
    ...(system === undefined ? {} : { os: system }),
    ...(zone === undefined ? {} : { [ZONE_ATTRIBUTE]: zone }),
    ...networkAttributes(),
  };
}

function networkAttributes(): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    const outside = addresses.filter((address) => !address.internal);
    const [first] = outside;
    if (first === undefined) continue;
    attributes[`mac_${name}`] = first.mac;
    // Link-local and temporary IPv6 addresses say little and change often; the IPv4 ones are what people look for.
    const ipv4 = outside
      .filter(({ family }) => family === "IPv4")
      .flatMap(({ cidr }) => cidr ?? []);
    if (ipv4.length > 0) attributes[`ipv4_${name}`] = ipv4.join(", ");
  }
  return attributes;
}

/** `PRETTY_NAME` of os-release(5). */
function systemName(): string | undefined {
  try {
    const text = readFileSync("/etc/os-release", "utf8");
    return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(text)?.[1];
  } catch {
    return undefined;
  }
}
