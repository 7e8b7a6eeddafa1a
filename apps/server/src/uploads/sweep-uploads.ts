import { appendEvent } from "../platform/events.ts";
import { deleteUpload, expiredUploads, unfinishedIds } from "./queries.ts";
import type { SharedParts } from "./upload-deps.ts";

/** Beginning an upload and sweeping wait for each other, and so do two that begin: a file is there before its row. */
export const BEGINNING = "uploads begin";

/** Forgets what time has run out for, and deletes files that no upload needs: what a crash between a row and its file left. */
export async function sweepUploads(parts: SharedParts): Promise<void> {
  const { database, files, clock, log, writing } = parts;
  const now = clock.now();
  for (const { id, tenantId } of await expiredUploads(database.system.kysely, now)) {
    if (writing.has(id)) continue;
    await database.tenant(tenantId).transaction(async (db) => {
      if (await deleteUpload(db, id, ["finished", "refused"])) return;
      if (await deleteUpload(db, id, ["uploading"]))
        await appendEvent(db, {
          at: now,
          body: { kind: "upload-changed", uploadId: id, state: "ended" },
        });
    });
    log.info("upload-forgotten", { uploadId: id });
  }
  await database.lock(BEGINNING, async () => {
    const there = await files.list();
    const needed = await unfinishedIds(database.system.kysely);
    for (const id of there) if (!needed.has(id) && !writing.has(id)) await files.remove(id);
  });
}
