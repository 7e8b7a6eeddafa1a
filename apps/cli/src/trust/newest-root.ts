import { createHash } from "node:crypto";
import type { Client } from "@moult/client";
import { usageError } from "../command-line/cli-error.ts";

/** A root of trust as a server has it: whoever puts it on devices compares its digest. */
export interface NewestRoot {
  readonly text: string;
  readonly version: number;
  readonly sha256: string;
}

const ROOT_BYTES_MAX = 64 * 1024;

/** The newest root that the server has published. */
export async function newestRoot(client: Client, signal: AbortSignal): Promise<NewestRoot> {
  const { repository } = await client.call("showTrust", {}, { signal });
  if (repository === null)
    throw usageError(
      "Nobody has signed a root of trust yet, so devices could trust nobody.",
      "Set up signing first: moult trust init",
    );
  const version = repository.rootVersion;
  const params = { file: `${version}.root.json` };
  const { content } = await client.download("showTrustFile", { params }, { signal });
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > ROOT_BYTES_MAX) break;
  }
  const bytes = Buffer.concat(chunks);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { text: bytes.toString("utf8"), version, sha256 };
}
