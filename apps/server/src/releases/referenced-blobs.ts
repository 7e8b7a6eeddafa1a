import { assert, errorChain, type BlobWriter, type Blobs, type Log } from "@moult/base";
import { Sha256 } from "@moult/model";
import type { Database } from "../platform/database.ts";
import { referencedAmong } from "./queries.ts";

/** Content that lives exactly as long as an artifact of some tenant has it. */
export interface ReferencedBlobs extends Pick<Blobs, "begin" | "read" | "sizeBytes"> {
  /**
   * Makes what was written durable, then lets `refer` commit the row that has it. When that fails, content that nobody
   * else has is gone again.
   */
  keep<T>(writer: BlobWriter, sha256: Sha256, refer: () => Promise<T>): Promise<T>;
  /** Deletes what no artifact has any more; called after the commit that took an artifact away. Does not throw. */
  release(digests: readonly Sha256[]): Promise<void>;
  /** Deletes everything that no artifact has: what a crash between a blob and its row left. Gives how many. */
  sweep(): Promise<number>;
}

/** Asked about at once in a sweep. */
const SWEPT_TOGETHER = 500;

/**
 * Keeping and deleting the same content wait for each other, so that content is never deleted between the question whether
 * an artifact has it and the commit of one. The lock is the database's: servers that share it may share the folder of blobs.
 */
export function createReferencedBlobs({
  blobs,
  database: { system, lock },
  log,
}: {
  readonly blobs: Blobs;
  readonly database: Pick<Database, "system" | "lock">;
  readonly log: Log;
}): ReferencedBlobs {
  const deleteUnreferenced = async (sha256: Sha256): Promise<boolean> => {
    const referenced = await referencedAmong(system.kysely, [sha256]);
    if (referenced.has(sha256)) return false;
    await blobs.delete(sha256);
    return true;
  };
  /** A failure costs room until the next sweep, and nothing else. */
  const tryDelete = async (sha256: Sha256): Promise<void> => {
    try {
      await deleteUnreferenced(sha256);
    } catch (error) {
      log.warn("blob-not-deleted", { sha256, errors: errorChain(error) });
    }
  };

  return {
    begin: () => blobs.begin(),
    read: (sha256, range) => blobs.read(sha256, range),
    sizeBytes: (sha256) => blobs.sizeBytes(sha256),

    keep: (writer, sha256, refer) =>
      lock(sha256, async () => {
        const written = await writer.finish();
        assert(written.sha256 === sha256, "what was verified is what was written");
        try {
          return await refer();
        } catch (error) {
          await tryDelete(sha256);
          throw error;
        }
      }),

    release: async (digests) => {
      for (const sha256 of new Set(digests)) await lock(sha256, () => tryDelete(sha256));
    },

    sweep: async () => {
      let deleted = 0;
      const check = async (batch: readonly Sha256[]): Promise<void> => {
        const referenced = await referencedAmong(system.kysely, batch);
        for (const sha256 of batch)
          if (!referenced.has(sha256) && (await lock(sha256, () => deleteUnreferenced(sha256))))
            deleted += 1;
      };
      let batch: Sha256[] = [];
      for await (const sha256 of blobs.list()) {
        batch.push(Sha256.parse(sha256));
        if (batch.length < SWEPT_TOGETHER) continue;
        await check(batch);
        batch = [];
      }
      await check(batch);
      if (deleted > 0) log.info("orphan-blobs-deleted", { deleted });
      return deleted;
    },
  };
}
