import { ApiProblem, type Client } from "@moult/client";
import type { TrustSource } from "@moult/trust";

/** The server's metadata files, as a source that nobody believes. */
export const serverSource = (client: Client, signal: AbortSignal): TrustSource => ({
  fetch: async (file, bytesMax) => {
    try {
      const { content } = await client.download("showTrustFile", { params: { file } }, { signal });
      const chunks: Uint8Array[] = [];
      let sizeBytes = 0;
      for await (const chunk of content) {
        chunks.push(chunk);
        sizeBytes += chunk.length;
        if (sizeBytes > bytesMax) break;
      }
      return Buffer.concat(chunks);
    } catch (error) {
      if (error instanceof ApiProblem && error.code === "not-found") return undefined;
      throw error;
    }
  },
});
