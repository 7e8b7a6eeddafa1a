/** Where a client keeps which upload is which file's, so that it goes on after a restart. */
export interface UploadMemory {
  recall(fingerprint: string): Promise<string | undefined>;
  remember(fingerprint: string, uploadId: string): Promise<void>;
  forget(fingerprint: string): Promise<void>;
}

const PREFIX = "moult-upload:";

/** In the browser, for the pages of this site. A browser that keeps nothing (private windows) begins anew after a reload. */
export function browserUploadMemory(
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">,
): UploadMemory {
  return {
    recall: async (fingerprint) => storage.getItem(PREFIX + fingerprint) ?? undefined,
    remember: async (fingerprint, uploadId) => {
      try {
        storage.setItem(PREFIX + fingerprint, uploadId);
      } catch {
        // Full or forbidden: the upload itself goes on.
      }
    },
    forget: async (fingerprint) => storage.removeItem(PREFIX + fingerprint),
  };
}

/** Begins with the artifact's manifest, which has the digests of everything in it. */
const HEAD_BYTES = 64 * 1024;

/**
 * The same for the same file that goes to the same place. Two files that it takes for one cost an upload that is refused,
 * because the server verifies the whole; so a small hash does, and works where browsers have no `crypto.subtle`.
 */
export async function fingerprintOf(content: Blob, place: readonly string[]): Promise<string> {
  const head = new Uint8Array(await content.slice(0, HEAD_BYTES).arrayBuffer());
  const named = new TextEncoder().encode(JSON.stringify(place));
  return `${content.size.toString(36)}-${fnv1a(named)}-${fnv1a(head)}`;
}

/** FNV-1a with 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
function fnv1a(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
