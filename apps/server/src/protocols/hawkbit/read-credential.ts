import { BlockList, isIPv4, isIPv6 } from "node:net";
import type { FastifyRequest } from "fastify";
import type { ControllerCredential } from "../../device-session/index.ts";

/** A proxy that ends TLS and says whose certificate it saw. Nobody else's word is taken. */
export interface CertificateProxy {
  /** Addresses and networks it connects from. */
  readonly addresses: BlockList;
  /** The header with the certificate's common name, which is the controller's name. */
  readonly nameHeader: string;
  /** The header with the authority's name or digest, several with commas or semicolons between. */
  readonly authorityHeader: string;
  /** Authorities that vouch for devices. */
  readonly authorities: readonly string[];
}

/** How a request says who it is; undefined: not at all, or by a header that nobody may send. */
export function readCredential(
  { headers, socket }: Pick<FastifyRequest, "headers" | "socket">,
  controllerId: string,
  proxy: CertificateProxy | undefined,
): ControllerCredential | undefined {
  const match = /^(Target|Gateway)Token ([\x21-\x7e]{1,256})$/i.exec(headers.authorization ?? "");
  if (match?.[1] !== undefined && match[2] !== undefined) {
    const kind = match[1].toLowerCase() === "target" ? "target-token" : "gateway-token";
    return { kind, token: match[2] };
  }
  if (proxy === undefined || headers.authorization !== undefined) return undefined;
  if (!isFrom(proxy.addresses, socket.remoteAddress ?? "")) return undefined;
  const name = headers[proxy.nameHeader.toLowerCase()];
  const authority = headers[proxy.authorityHeader.toLowerCase()];
  if (name !== controllerId || typeof authority !== "string") return undefined;
  const allowed = proxy.authorities.map((each) => each.toLowerCase());
  const vouched = authority
    .split(/[;,]/)
    .some((each) => allowed.includes(each.trim().toLowerCase()));
  return vouched ? { kind: "certificate" } : undefined;
}

/** The addresses and networks of a setting; what is neither names nobody. */
export function proxyAddresses(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [address = "", prefix] = text.split("/");
    const family = isIPv6(address) ? "ipv6" : isIPv4(address) ? "ipv4" : undefined;
    if (family === undefined) continue;
    if (prefix === undefined) list.addAddress(address, family);
    else if (/^\d{1,3}$/.test(prefix)) list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function isFrom(addresses: BlockList, remote: string): boolean {
  // IPv4 over a socket of both kinds.
  const address = remote.replace(/^::ffff:(?=\d+\.)/, "");
  return addresses.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
