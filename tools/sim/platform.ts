import { nodeCrypto } from "@moult/node-crypto";
import type { Platform } from "@moult/simulator";

/** What simulated worlds need of Node. */
export const platform: Platform = {
  sha256: (bytes) => nodeCrypto.sha256(bytes),
  settle: () => new Promise((resolve) => setImmediate(resolve)),
};
