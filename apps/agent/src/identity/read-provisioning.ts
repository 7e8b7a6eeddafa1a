import { X509Certificate, createPublicKey, type KeyObject } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { verifyKeyFromPem } from "@moult/artifact";
import { Provisioning } from "@moult/device-protocol";
import type { VerificationKey } from "@moult/trust";
import { AgentError } from "../agent-error.ts";
import { problemsOf } from "../config.ts";
import {
  makeFolder,
  readFileIfPresent,
  systemCode,
  writeFileDurably,
} from "../storage/durable-file.ts";

/** A provisioning whose keys were all looked at. */
export interface CheckedProvisioning {
  readonly provisioning: Provisioning;
  readonly instructionKeys: readonly VerificationKey[];
}

/**
 * The device's provisioning. Whoever may not be trusted cannot be told from whoever may without it, so a missing or
 * damaged file, or a single key that cannot be used, stops the agent: it never goes on with less.
 */
export async function readProvisioning(path: string): Promise<CheckedProvisioning> {
  const content = await readFileIfPresent(path);
  if (content === undefined) throw new AgentError("provisioning-missing", { path });
  return checkProvisioning(path, content);
}

/** Writes the provisioning in `source` to `path`. One that is there already is replaced only when `replace` says so. */
export async function installProvisioning(
  source: { readonly path: string; readonly content: Buffer },
  path: string,
  replace: boolean,
): Promise<CheckedProvisioning> {
  const checked = checkProvisioning(source.path, source.content);
  if (!replace && (await exists(path)) && !(await isSame(path, source.content)))
    throw new AgentError("provisioning-exists", { path });
  await makeFolder(dirname(path), 0o755);
  await writeFileDurably(path, source.content, { mode: 0o600 });
  return checked;
}

function checkProvisioning(path: string, content: Buffer): CheckedProvisioning {
  const invalid = (problems: readonly string[], cause?: unknown) =>
    new AgentError("provisioning-invalid", { path, problems }, { cause });

  let value: unknown;
  try {
    value = JSON.parse(content.toString("utf8"));
  } catch {
    // The parser's message quotes the file, and the file holds the enrolment token.
    throw invalid(["it is not JSON"]);
  }
  const parsed = Provisioning.safeParse(value);
  if (!parsed.success) throw invalid(problemsOf(parsed.error));

  const provisioning = parsed.data;
  const instructionKeys = provisioning.instructionKeys.map((pem, index): VerificationKey => {
    const key = publicKey(pem);
    if (key?.asymmetricKeyType !== "ed25519")
      throw invalid([`instructionKeys.${index}: not a PEM public key for Ed25519`]);
    return { scheme: "ed25519", publicKey: key.export({ format: "der", type: "spki" }) };
  });
  provisioning.artifactKeys.forEach((pem, index) => {
    try {
      verifyKeyFromPem(pem);
    } catch (cause) {
      throw invalid(
        [`artifactKeys.${index}: not a PEM public key that can verify artifacts`],
        cause,
      );
    }
  });
  const authority = provisioning.server.certificateAuthority;
  if (authority !== undefined && !areCertificates(authority))
    throw invalid(["server.certificateAuthority: not one or more PEM certificates"]);
  return { provisioning, instructionKeys };
}

/** Node takes text without a certificate for an empty list, which would show only as a failed connection. */
function areCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block)).length > 0;
  } catch {
    return false;
  }
}

function publicKey(pem: string): KeyObject | undefined {
  // Node would take the public half of a private key; one on a device is a leak and a mistake.
  if (pem.includes("PRIVATE")) return undefined;
  try {
    return createPublicKey({ key: pem, format: "pem" });
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return false;
    throw new AgentError(
      "file-failed",
      { path, doing: "read", reason: systemCode(cause) },
      { cause },
    );
  }
}

async function isSame(path: string, content: Buffer): Promise<boolean> {
  return (await readFileIfPresent(path))?.equals(content) === true;
}
