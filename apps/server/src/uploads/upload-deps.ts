import type { BackOff, BlobWriter, Clock, Log } from "@moult/base";
import type { TenantId, UploadId } from "@moult/model";
import type { Database } from "../platform/database.ts";
import type { KeyedLock } from "../platform/keyed-lock.ts";
import type { UploadDeps } from "../releases/index.ts";
import type { UploadFiles } from "./upload-files.ts";

/** What uploads in parts stand on. */
export interface PartsDeps {
  readonly database: Database;
  readonly files: UploadFiles;
  /** Makes the file of a whole upload the artifact's content. */
  readonly adopt: (path: string) => BlobWriter;
  readonly releases: UploadDeps;
  readonly clock: Clock;
  readonly log: Log;
  /** What all uploads that are not finished may have together, as announced. */
  readonly unfinishedBytesMax: number;
  /** Between tries of a verification that something else was in the way of; minutes are long in tests. */
  readonly retry?: BackOff;
}

/** What the requests of all people share. */
export interface SharedParts extends PartsDeps {
  /** By upload: what this server does with it. */
  readonly lock: KeyedLock;
  /** Writes that have not ended yet. */
  readonly writing: Map<UploadId, Promise<unknown>>;
  /** All bytes of it are there. */
  verify(tenantId: TenantId, id: UploadId): void;
}
