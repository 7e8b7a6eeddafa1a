import { X509Certificate } from "node:crypto";
import tls from "node:tls";
import { CliError } from "../command-line/cli-error.ts";
import { readText } from "../files/read-text.ts";

/** Reads a PEM certificate. */
export async function readAuthority(path: string): Promise<string> {
  const text = await readText(path);
  if (certificateFrom(text) !== undefined) return text;
  throw new CliError("file-invalid", `${path} is not a certificate in PEM.`);
}

/**
 * From here on this process believes only `authority`, so that no other one can vouch for the server. Node's own `fetch`
 * then needs no agent of ours.
 */
export function trustOnly(authority: string): void {
  if (typeof tls.setDefaultCACertificates !== "function")
    throw new CliError(
      "node-too-old",
      "A certificate authority of your own needs Node 24.5 or later.",
    );
  tls.setDefaultCACertificates([authority]);
}

/** SHA-256 of the certificate, as the server prints it and browsers show it: `AB:CD:...`. */
export function fingerprintText(authority: string): string {
  const certificate = certificateFrom(authority);
  if (certificate === undefined)
    throw new CliError("file-invalid", "This is not a certificate in PEM.");
  return certificate.fingerprint256;
}

/** Whether a person gave this fingerprint, with or without colons, in either case. */
export const isSameFingerprint = (left: string, right: string): boolean =>
  bare(left) === bare(right) && bare(left).length === 64;

const bare = (fingerprint: string): string =>
  fingerprint
    .replace(/^sha-?256:/i, "")
    .replace(/[:\s]/g, "")
    .toLowerCase();

/**
 * The authority that the server itself presents: the self-signed end of its chain. Undefined when the chain has none.
 * Nothing is verified here; whoever uses it compares its fingerprint, and then connects again with verification.
 */
export async function presentedAuthority(
  server: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { hostname, port } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, "");
  const isName = !/^[\d.]+$|:/.test(host);
  const socket = tls.connect({
    host,
    port: port === "" ? 443 : Number(port),
    ...(isName ? { servername: host } : {}),
    rejectUnauthorized: false,
  });
  const onAbort = (): void => {
    socket.destroy(new Error("aborted"));
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
      socket.once("secureConnect", resolve).once("error", reject);
    });
    let certificate = socket.getPeerX509Certificate();
    for (let depth = 0; depth < 10 && certificate !== undefined; depth += 1) {
      if (certificate.checkIssued(certificate)) return certificate.toString();
      certificate = certificate.issuerCertificate;
    }
    return undefined;
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

function certificateFrom(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
