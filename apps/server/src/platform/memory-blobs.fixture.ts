import type { Blobs } from "@moult/base";

/** What protocols read of a blob store, from bytes by their digests. */
export const memoryBlobs = (contents: ReadonlyMap<string, Uint8Array>): Pick<Blobs, "read"> => ({
  read: async (sha256, range) => {
    const content = contents.get(sha256);
    return content === undefined ? undefined : once(content.subarray(range?.start, range?.end));
  },
});

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
