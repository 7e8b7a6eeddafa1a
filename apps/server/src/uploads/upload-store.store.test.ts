import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { UploadId, UserId } from "@moult/model";
import { Upload } from "@tus/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PRODUCT, addProduct, testClock } from "../devices/test-fleet.fixture.ts";
import { openFolderBlobs } from "../platform/blobs.ts";
import { createKeyedLock } from "../platform/keyed-lock.ts";
import { newId } from "../platform/new-id.ts";
import { silentLog, useTestDatabase } from "../platform/test-database.fixture.ts";
import { createReferencedBlobs } from "../releases/index.ts";
import type { SharedParts } from "./upload-deps.ts";
import { openUploadFiles } from "./upload-files.ts";
import { UploadStore } from "./upload-store.ts";

const store = useTestDatabase("sqlite");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-upload-store-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function sharedParts(): Promise<SharedParts> {
  const { database } = store;
  const clock = testClock();
  const folderBlobs = await openFolderBlobs(join(folder, "blobs"));
  const blobs = createReferencedBlobs({
    blobs: folderBlobs,
    database,
    log: silentLog,
  });
  return {
    database,
    files: await openUploadFiles(join(folder, "uploads")),
    adopt: (path) => folderBlobs.adopt(path),
    releases: { clock, blobs, artifactBytesMax: 1_000_000 },
    clock,
    log: silentLog,
    unfinishedBytesMax: 1_000_000,
    lock: createKeyedLock(),
    writing: new Map(),
    verify: () => undefined,
  };
}

test("a write that begins beside another one of the same upload leaves its bytes alone", async () => {
  const db = await store.newTenant();
  await addProduct(db);
  const parts = await sharedParts();
  const uploads = new UploadStore(parts, db, "ada" as UserId);
  const id = newId<UploadId>();
  await uploads.create(new Upload({ id, size: 6, offset: 0, metadata: { product: PRODUCT } }));

  const [first, second] = await Promise.allSettled([
    uploads.write(Readable.from([Buffer.from("aaaa")]), id, 0),
    uploads.write(Readable.from([Buffer.from("bb")]), id, 0),
  ]);

  expect(first).toEqual({ status: "fulfilled", value: 4 });
  expect(second).toMatchObject({ status: "rejected", reason: { code: "upload-offset-differs" } });
  expect(readFileSync(parts.files.pathOf(id), "utf8")).toBe("aaaa");
  expect((await uploads.getUpload(id)).offset).toBe(4);
});
