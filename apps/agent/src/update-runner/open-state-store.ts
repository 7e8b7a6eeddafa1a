import { createStateStore, type StateStore } from "@moult/agent-core";
import type { Log } from "@moult/base";
import { nodeCrypto } from "@moult/node-crypto";
import { openFiles } from "../storage/node-files.ts";

/** Where this agent keeps the state of its updates. */
export function openStateStore(dataDir: string, log: Log): StateStore {
  const sha256 = (bytes: Uint8Array): Uint8Array => nodeCrypto.sha256(bytes);
  return createStateStore({ files: openFiles(dataDir), sha256, log });
}
