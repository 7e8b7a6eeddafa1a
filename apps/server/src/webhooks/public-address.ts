import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** IANA's special-purpose registries: this machine, its networks, the cloud's metadata, and ways round to IPv4. */
const INTERNAL: readonly (readonly [network: string, prefix: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
  ["::", 96],
  ["::ffff:0:0", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2001::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 9],
  ["ff00::", 8],
];

// One for each: in a common one, the networks that IPv4 is mapped into would hold every IPv4 address.
const internal = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, prefix] of INTERNAL) {
  const family = network.includes(":") ? "ipv6" : "ipv4";
  internal[family].addSubnet(network, prefix, family);
}

/** Whether an address leads out into the internet; what is no address leads nowhere. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 6 ? "ipv6" : "ipv4";
  return !internal[family].check(address, family);
}

interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/**
 * The address of a host, to connect to as it is: asked again, a name may lead elsewhere. Undefined when any of its addresses
 * is an internal one, unless those are allowed.
 */
export async function resolvedAddress(
  hostname: string,
  allowPrivate: boolean,
): Promise<ResolvedAddress | undefined> {
  const addresses = await lookup(hostname.replace(/^\[|\]$/g, ""), { all: true });
  const isAllowed = allowPrivate || addresses.every(({ address }) => isPublicAddress(address));
  return isAllowed ? addresses[0] : undefined;
}
