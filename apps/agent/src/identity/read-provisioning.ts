import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { verifyKeyFromPem } from "@moult/artifact";
import { Provisioning } from "@moult/device-protocol";
import { utf8 } from "@moult/base";
import { inspectRoot } from "../trust/inspect-root.ts";
import { AgentError, isAgentError } from "../agent-error.ts";
import { problemsOf, type AgentFolders } from "../config.ts";
import { areCertificates } from "./certificates.ts";
import { storeMovedServer } from "./moved-server.ts";
import {
  makeFolder,
  readFileIfPresent,
  systemCode,
  writeFileDurably,
} from "../storage/durable-file.ts";
import { whileWritable } from "../storage/kept-place.ts";

/** A provisioning whose root and keys were all looked at. */
export interface CheckedProvisioning {
  readonly provisioning: Provisioning;
  /** The bytes of its root, which everything this device believes is verified from. */
  readonly root: Uint8Array;
  readonly rootVersion: number;
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

/** As `readProvisioning`; undefined while there is none. */
export async function provisioningIfAny(path: string): Promise<CheckedProvisioning | undefined> {
  try {
    return await readProvisioning(path);
  } catch (error) {
    if (isAgentError(error, "provisioning-missing")) return undefined;
    throw error;
  }
}

/** Writes the provisioning in `source` to `path`. One that is there already is replaced only when `replace` says so. */
export async function installProvisioning(
  source: { readonly path: string; readonly content: Buffer },
  { provisioningFile: path, identityDir }: Pick<AgentFolders, "provisioningFile" | "identityDir">,
  replace: boolean,
): Promise<CheckedProvisioning> {
  const checked = await checkProvisioning(source.path, source.content);
  const isChange = !(await isSame(path, source.content));
  if (isChange && !replace && (await exists(path)))
    throw new AgentError("provisioning-exists", { path });
  // Somebody at the device names its server anew; where a release had moved it to is over.
  if (isChange) await storeMovedServer(identityDir, undefined);
  await whileWritable(dirname(path), async () => {
    await makeFolder(dirname(path), 0o755);
    await writeFileDurably(path, source.content, { mode: 0o600 });
  });
  return checked;
}

async function checkProvisioning(path: string, content: Buffer): Promise<CheckedProvisioning> {
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
  const root = utf8(provisioning.root);
  const inspected = await inspectRoot(root);
  if (inspected.kind === "unusable") throw invalid([`root: ${inspected.reason}`]);
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
  return { provisioning, root, rootVersion: inspected.version };
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
