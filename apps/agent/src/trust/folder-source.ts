import { createReadStream } from "node:fs";
import { join } from "node:path";
import { assert } from "@moult/base";
import type { TrustSource } from "@moult/trust";
import { AgentError } from "../agent-error.ts";
import { systemCode } from "../storage/durable-file.ts";

/** Metadata that came in a folder, with the update, on a stick. They are verified like a server's. */
export function folderSource(folder: string): TrustSource {
  return {
    fetch: async (file, bytesMax) => {
      // A name is a role's and may hold anything; in a folder it is one segment.
      assert(!file.includes("/"), "a metadata file's name is percent-encoded");
      const path = join(folder, file);
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      try {
        for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
          sizeBytes += chunk.length;
          chunks.push(chunk);
          if (sizeBytes > bytesMax) break;
        }
      } catch (cause) {
        const reason = systemCode(cause);
        if (reason === "ENOENT") return undefined;
        throw new AgentError("file-failed", { path, doing: "read", reason }, { cause });
      }
      return Buffer.concat(chunks, sizeBytes);
    },
  };
}
