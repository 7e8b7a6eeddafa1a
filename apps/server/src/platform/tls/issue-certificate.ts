import "reflect-metadata";
import { randomBytes, webcrypto, KeyObject } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

// Loaded only when a certificate is to be made: the library is large and the need comes once in two years.

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface IssuedCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A certificate authority of one's own (RFC 5280): ECDSA P-256, may sign server certificates and nothing deeper. */
export async function issueAuthority(name: string, validity: Validity): Promise<IssuedCertificate> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: `CN=${name}`,
    ...validity,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemFileOf(certificate), privateKey: await pemOf(keys.privateKey) };
}

/** A server certificate for `names` (host names and IP addresses), signed by `authority`. */
export async function issueServerCertificate(
  authority: IssuedCertificate,
  names: readonly string[],
  validity: Validity,
): Promise<IssuedCertificate> {
  const keys = await newKeys();
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await webcrypto.subtle.importKey(
    "pkcs8",
    x509.PemConverter.decodeFirst(authority.privateKey),
    ALGORITHM,
    false,
    ["sign"],
  );
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: "CN=Moult server",
    issuer: issuer.subject,
    ...validity,
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certificate: pemFileOf(certificate), privateKey: await pemOf(keys.privateKey) };
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

/** 127 random bits: positive, and no two certificates share one (RFC 5280 section 4.1.2.2). */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString("hex");
}

/** With a line end: files of certificates are put one behind the other. */
const pemFileOf = (certificate: x509.X509Certificate): string => `${certificate.toString("pem")}\n`;

const pemOf = async (key: webcrypto.CryptoKey): Promise<string> =>
  KeyObject.from(key).export({ format: "pem", type: "pkcs8" }) as string;
