import { X509Certificate, createPrivateKey, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { AppError, DAY_MS, type Clock, type Log } from "@moult/base";
import { readTextIfPresent, writeFileDurably } from "../durable-file.ts";
import type { IssuedCertificate } from "./issue-certificate.ts";

class TlsError extends AppError<
  "certificate-unreadable" | "certificate-and-key-differ" | "authority-unusable"
> {}

export type TlsPlace =
  /** Plain HTTP: behind a proxy that ends TLS, or for tests. */
  | { readonly mode: "off" }
  /** Certificates of one's own. */
  | { readonly mode: "files"; readonly certificateFile: string; readonly keyFile: string }
  /** A local authority in `folder`, made at first start, that vouches for `names`. */
  | { readonly mode: "local"; readonly folder: string; readonly names: readonly string[] };

export interface Tls {
  /** PEM: the server's certificate, and after it those that vouch for it, if they are known. */
  readonly certificate: string;
  readonly privateKey: string;
  /** What devices and people must trust; null when the certificate is somebody else's. */
  readonly certificateAuthority: string | null;
}

const AUTHORITY_DAYS = 20 * 365;
/** Devices of a private authority stay away for long; a server certificate outlives that and is renewed in good time. */
const SERVER_DAYS = 2 * 365;
const RENEW_BEFORE_DAYS = 180;
/** A device without a battery-backed clock wakes up in the past; certificates already hold then, back to this. */
const BACKDATED_DAYS = 3 * 365;

/** Reads or makes what the server proves itself with; null for plain HTTP. Called again, it renews what nears its end. */
export async function openTls(place: TlsPlace, clock: Clock, log: Log): Promise<Tls | null> {
  switch (place.mode) {
    case "off":
      return null;
    case "files":
      return fromFiles(place.certificateFile, place.keyFile);
    case "local":
      return local(place.folder, place.names, clock, log);
  }
}

async function fromFiles(certificateFile: string, keyFile: string): Promise<Tls> {
  try {
    const [certificate, privateKey] = await Promise.all([
      readFile(certificateFile, "utf8"),
      readFile(keyFile, "utf8"),
    ]);
    assertPair({ certificate, privateKey }, certificateFile);
    return { certificate, privateKey, certificateAuthority: null };
  } catch (cause) {
    if (cause instanceof TlsError) throw cause;
    throw new TlsError("certificate-unreadable", { certificateFile, keyFile }, { cause });
  }
}

async function local(
  folder: string,
  names: readonly string[],
  clock: Clock,
  log: Log,
): Promise<Tls> {
  const authority = await openAuthority(folder, clock, log);
  const kept = await readPair(folder, "server");
  if (kept !== undefined && isUsable(kept, authority, names, clock))
    return presented(kept, authority);

  const { issueServerCertificate } = await import("./issue-certificate.ts");
  const issued = await issueServerCertificate(authority, names, validity(clock, SERVER_DAYS));
  await writePair(folder, "server", issued);
  log.info("server-certificate-issued", { names });
  return presented(issued, authority);
}

/** The authority goes along, so that a person who meets the server can compare its fingerprint before trusting it. */
function presented(
  { certificate, privateKey }: IssuedCertificate,
  authority: IssuedCertificate,
): Tls {
  return {
    certificate: `${certificate.trimEnd()}\n${authority.certificate}`,
    privateKey,
    certificateAuthority: authority.certificate,
  };
}

/** The authority is never replaced: every device was provisioned with it. */
async function openAuthority(folder: string, clock: Clock, log: Log): Promise<IssuedCertificate> {
  const kept = await readPair(folder, "authority");
  if (kept !== undefined) {
    assertPair(kept, join(folder, "authority.pem"));
    return kept;
  }
  if (
    (await readTextIfPresent(join(folder, "authority.pem"))) !== undefined ||
    (await readTextIfPresent(join(folder, "server.pem"))) !== undefined
  )
    throw new TlsError("authority-unusable", {
      folder,
      hint: "part of the local authority is missing; restore the folder from a backup, because devices trust that authority alone",
    });
  const { issueAuthority } = await import("./issue-certificate.ts");
  const name = `Moult local authority ${randomBytes(4).toString("hex")}`;
  const issued = await issueAuthority(name, validity(clock, AUTHORITY_DAYS));
  await writePair(folder, "authority", issued);
  log.info("certificate-authority-made", {
    name,
    fingerprint: new X509Certificate(issued.certificate).fingerprint256,
  });
  return issued;
}

function validity(clock: Clock, days: number): { notBefore: Date; notAfter: Date } {
  const now = clock.now();
  return {
    notBefore: new Date(now - BACKDATED_DAYS * DAY_MS),
    notAfter: new Date(now + days * DAY_MS),
  };
}

function isUsable(
  kept: IssuedCertificate,
  authority: IssuedCertificate,
  names: readonly string[],
  clock: Clock,
): boolean {
  const certificate = new X509Certificate(kept.certificate);
  return (
    certificate.verify(new X509Certificate(authority.certificate).publicKey) &&
    certificate.validToDate.getTime() - clock.now() > RENEW_BEFORE_DAYS * DAY_MS &&
    names.every((name) => covers(certificate, name))
  );
}

const covers = (certificate: X509Certificate, name: string): boolean =>
  (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;

function assertPair({ certificate, privateKey }: IssuedCertificate, path: string): void {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey)))
    throw new TlsError("certificate-and-key-differ", { path });
}

/** The private key is written first: a certificate on the disk has its key beside it. */
async function writePair(folder: string, name: string, pair: IssuedCertificate): Promise<void> {
  await writeFileDurably(join(folder, `${name}-key.pem`), pair.privateKey, 0o600);
  await writeFileDurably(join(folder, `${name}.pem`), pair.certificate, 0o644);
}

async function readPair(folder: string, name: string): Promise<IssuedCertificate | undefined> {
  const [certificate, privateKey] = await Promise.all([
    readTextIfPresent(join(folder, `${name}.pem`)),
    readTextIfPresent(join(folder, `${name}-key.pem`)),
  ]);
  if (certificate === undefined || privateKey === undefined) return undefined;
  return { certificate, privateKey };
}
