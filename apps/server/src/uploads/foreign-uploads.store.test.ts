import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addProduct } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import {
  newDataFolder,
  removeFolder,
  startUploadServer,
  type UploadServer,
} from "./upload-server.fixture.ts";

const digest = (name: string, bytes: Uint8Array) => createHash(name).update(bytes).digest("hex");

/** An image of SWUpdate: a cpio archive with nothing but its description. */
function swuImage(description: string): Buffer {
  const entry = (name: string, content: string): Buffer => {
    const fields = [1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
    const padded = (text: string): string => text.padEnd(Math.ceil(text.length / 4) * 4, "\0");
    return Buffer.from(padded(`${header}${name}\0`) + padded(content));
  };
  return Buffer.concat([entry("sw-description", description), entry("TRAILER!!!", "")]);
}

describe.each(DIALECTS)("files of other formats on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let folder: string;
  let server: UploadServer;
  let db: TenantDb;
  let ada: string;
  beforeEach(async () => {
    folder = newDataFolder();
    db = await store.newTenant();
    await addProduct(db);
    server = await startUploadServer({ database: store.database, folder });
    ada = server.person(db);
  });
  afterEach(async () => {
    await server.stop();
    removeFolder(folder);
  });

  const upload = async (bytes: Buffer, metadata: Record<string, string>) => {
    const path = await server.begin(ada, bytes.length, metadata);
    await server.patch(path, ada, 0, bytes);
    return server.ended(path, ada);
  };

  test("one becomes the payload of an artifact in which its bytes stand as they are", async () => {
    const image = swuImage(`software = { version = "2.0"; };`);
    const { state, artifact, release } = await upload(image, {
      filename: "firmware.swu",
      hardwaretypes: "gw2-rev-a, gw2-rev-b",
    });

    expect([state, release?.version]).toEqual(["finished", "2.0"]);
    expect(artifact?.hardwareTypes).toEqual(["gw2-rev-a", "gw2-rev-b"]);
    const [payload] = artifact?.payloads ?? [];
    const [file] = payload?.files ?? [];
    expect([payload?.type, file?.name, file?.sha256]).toEqual([
      "swu",
      "firmware.swu",
      digest("sha256", image),
    ]);
    expect(file?.bare).toMatchObject({ sha1: digest("sha1", image), md5: digest("md5", image) });
    const blob = artifact?.sha256 ?? "";
    const kept = readFileSync(join(folder, "blobs", blob.slice(0, 2), blob.slice(2, 4), blob));
    const at = file?.bare?.storedAt ?? 0;
    expect(kept.subarray(at, at + image.length).equals(image)).toBe(true);
    await expect.poll(() => server.onDisk().uploads).toEqual([]);

    const again = await upload(image, {
      filename: "firmware.swu",
      hardwaretypes: "gw2-rev-a,gw2-rev-b",
    });
    expect([again.created, again.artifact?.sha256]).toEqual([false, artifact?.sha256]);
  });

  test("the name that is said goes before the file's, and what nobody knows needs both", async () => {
    const image = swuImage(`software = { version = "1"; };`);
    const hardwaretypes = "gw2-rev-a";
    const named = await upload(image, { filename: "a.swu", hardwaretypes, version: "7.1" });
    expect(named.release?.version).toBe("7.1");
    const raw = await upload(Buffer.from("firmware"), {
      filename: "firmware.bin",
      hardwaretypes,
      version: "7.2",
    });
    expect(raw.artifact?.payloads).toMatchObject([{ type: "raw-file" }]);
  });

  test.each([
    ["an image for no hardware", { filename: "a.swu" }, swuImage(`software = { version = "1"; };`)],
    ["an image that is none", { filename: "a.swu", hardwaretypes: "x" }, Buffer.alloc(600, 1)],
    ["a file that nobody knows", { filename: "a.bin" }, Buffer.from("firmware")],
  ])("%s is refused, and nothing is kept", async (_, metadata, bytes) => {
    const refused = await upload(bytes, metadata as unknown as Record<string, string>);

    expect([refused.state, refused.problem?.code]).toEqual(["refused", "artifact-invalid"]);
    await expect.poll(() => server.onDisk().uploads).toEqual([]);
  });
});
