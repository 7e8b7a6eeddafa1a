import type { TrustStore } from "@moult/trust";

/** What a client of one look, or of one process, trusts; the anchor that it starts from is on the disk. */
export function createMemoryStore(): TrustStore {
  const entries = new Map<string, Uint8Array>();
  return {
    read: async (entry) => entries.get(entry),
    write: async (entry, bytes) => void entries.set(entry, bytes),
    remove: async (entry) => void entries.delete(entry),
  };
}
