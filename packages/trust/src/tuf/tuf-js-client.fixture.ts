import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Updater, type TargetFile } from "tuf-js";
import { DownloadHTTPError } from "tuf-js/dist/error.js";

const BASE = "http://repository.invalid/";

/** tuf-js, the client of npm and sigstore, over the files of a repository in memory and a folder of its own. */
export class TufJsClient {
  readonly folder = mkdtempSync(join(tmpdir(), "moult-tuf-js-"));
  readonly #files: () => ReadonlyMap<string, Uint8Array>;

  constructor(provisionedRoot: Uint8Array, files: () => ReadonlyMap<string, Uint8Array>) {
    writeFileSync(join(this.folder, "root.json"), provisionedRoot);
    this.#files = files;
  }

  /** A client as after a restart: it knows what its folder holds. */
  open(): {
    refresh(): Promise<void>;
    getTargetInfo(path: string): Promise<TargetFile | undefined>;
  } {
    const downloadBytes = async (url: string, bytesMax: number): Promise<Buffer> => {
      const bytes = this.#files().get(url.slice(BASE.length));
      if (bytes === undefined) throw new DownloadHTTPError("not there", 404);
      if (bytes.length > bytesMax) throw new Error("longer than allowed");
      return Buffer.from(bytes);
    };
    const downloadFile = (): never => {
      throw new Error("only metadata is fetched here");
    };
    return new Updater({
      metadataDir: this.folder,
      metadataBaseUrl: BASE,
      fetcher: { downloadBytes, downloadFile },
      config: { targetsMaxLength: 8 * 1024 * 1024, snapshotMaxLength: 2 * 1024 * 1024 },
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
