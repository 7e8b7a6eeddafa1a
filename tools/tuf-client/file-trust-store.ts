import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { TrustStore } from "@moult/trust";

/** One file an entry, named `<role>.json`, and without `.json` for the trust code's own. */
export class FileTrustStore implements TrustStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(entry: string): Promise<Uint8Array | undefined> {
    try {
      return readFileSync(this.#path(entry));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  async write(entry: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(entry);
    const file = openSync(`${path}.new`, "w");
    try {
      writeSync(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.new`, path);
    const folder = openSync(this.#folder, "r");
    fsyncSync(folder);
    closeSync(folder);
  }

  async remove(entry: string): Promise<void> {
    rmSync(this.#path(entry), { force: true });
  }

  #path(entry: string): string {
    return join(this.#folder, entry.startsWith("+") ? entry : `${entry}.json`);
  }
}
