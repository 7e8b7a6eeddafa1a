import type { TrustSource, TrustStore } from "@moult/trust";

/** The metadata that this device has stored, as a source: for a file that comes without a network. */
export function storeSource(store: TrustStore): TrustSource {
  return {
    fetch: async (file) => {
      const [, version, entry] = /^(?:(\d+)\.)?(.+)\.json$/.exec(file) ?? [];
      // The stored root is where the client begins; a newer one is nowhere here.
      if (entry === undefined || entry === "root") return undefined;
      const isConsistent = (entry === "timestamp") === (version === undefined);
      return isConsistent ? store.read(entry) : undefined;
    },
  };
}
