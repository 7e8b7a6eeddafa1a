import { createHash, createPublicKey } from "node:crypto";
import { verifyKeyFromPem } from "@moult/artifact";
import { CliError } from "../command-line/cli-error.ts";
import { readText } from "./read-text.ts";

/** PEM public keys that may sign artifacts, each checked here so that a wrong file is named. */
export async function readPublicKeys(paths: readonly string[]): Promise<string[]> {
  const keys: string[] = [];
  for (const path of paths) {
    const pem = await readText(path);
    try {
      verifyKeyFromPem(pem);
    } catch (cause) {
      throw new CliError("file-invalid", `${path} is not a public key that can verify artifacts.`, {
        hint: "It must be PEM: RSA of 2048 bits or more, or ECDSA P-256. `moult artifact keygen` makes one.",
        cause,
      });
    }
    keys.push(pem.trim());
  }
  return keys;
}

/** What devices are preauthorised by: SHA-256 of the DER SubjectPublicKeyInfo of a PEM public key. */
export async function readKeyFingerprint(path: string): Promise<string> {
  const pem = await readText(path);
  if (pem.includes("PRIVATE KEY"))
    throw new CliError("file-invalid", `${path} is a private key.`, {
      hint: "It never leaves the device; name its public key.",
    });
  try {
    const der = createPublicKey(pem).export({ type: "spki", format: "der" });
    return createHash("sha256").update(der).digest("hex");
  } catch (cause) {
    throw new CliError("file-invalid", `${path} is not a public key in PEM.`, { cause });
  }
}
