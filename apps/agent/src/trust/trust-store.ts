import { join } from "node:path";
import { assert, type Log } from "@moult/base";
import type { TrustStore } from "@moult/trust";
import {
  makeFolder,
  readFileIfPresent,
  removeFile,
  writeFileDurably,
} from "../storage/durable-file.ts";

/**
 * The signed metadata that this device believes, one file an entry in `<dataDir>/trust`, each replaced whole. What cannot be
 * read counts as missing: the device then fetches it again, from what it was provisioned with on, and goes on running what
 * it runs meanwhile.
 */
export function openTrustStore(dataDir: string, log: Log): TrustStore {
  const folder = join(dataDir, "trust");
  const path = (entry: string): string => {
    assert(!entry.includes("/"), "an entry's name is percent-encoded");
    return join(folder, `${entry}.json`);
  };
  return {
    read: async (entry) => {
      try {
        return await readFileIfPresent(path(entry));
      } catch (error) {
        log.error("trust-file-unreadable", { file: path(entry), error });
        return undefined;
      }
    },
    write: async (entry, bytes) => {
      await makeFolder(folder);
      await writeFileDurably(path(entry), bytes);
    },
    remove: (entry) => removeFile(path(entry)),
  };
}

/** `store` with changes that are forgotten: what is read, and what is looked at, needs no disk to write to. */
export function overlaid(store: TrustStore): TrustStore {
  const changes = new Map<string, Uint8Array | undefined>();
  return {
    read: (entry) => (changes.has(entry) ? Promise.resolve(changes.get(entry)) : store.read(entry)),
    write: async (entry, bytes) => void changes.set(entry, bytes),
    remove: async (entry) => void changes.set(entry, undefined),
  };
}

/** A store of nothing, for looking at a root on its own. */
export const emptyStore = (): TrustStore =>
  overlaid({
    read: () => Promise.resolve(undefined),
    write: () => Promise.resolve(),
    remove: () => Promise.resolve(),
  });
