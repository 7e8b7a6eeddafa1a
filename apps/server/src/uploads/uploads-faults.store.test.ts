import { createHash, randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import type { BlobWriter } from "@moult/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addProduct, eventBodies } from "../devices/test-fleet.fixture.ts";
import { ApiError } from "../platform/api-error.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { newId } from "../platform/new-id.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { artifactBytes } from "../releases/test-releases.fixture.ts";
import {
  OFFSET_TYPE,
  metadataText,
  newDataFolder,
  removeFolder,
  startUploadServer,
  type UploadServer,
  type UploadServerOptions,
} from "./upload-server.fixture.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const full = (): ApiError => new ApiError("disk-full", "the disk is full");

describe.each(DIALECTS)("uploads in parts, when something goes wrong, on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let folder: string;
  let server: UploadServer | undefined;
  let db: TenantDb;
  let ada: string;

  const start = async (options: Partial<UploadServerOptions> = {}): Promise<UploadServer> => {
    await server?.stop();
    server = await startUploadServer({ database: store.database, folder, ...options });
    ada = server.person(db);
    return server;
  };
  beforeEach(async () => {
    folder = newDataFolder();
    db = await store.newTenant();
    await addProduct(db);
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    removeFolder(folder);
    await store.database.system.transaction(async (kysely) => {
      await kysely.deleteFrom("upload").execute();
      await kysely.deleteFrom("artifact_fit").execute();
      await kysely.deleteFrom("artifact").execute();
    });
  });

  const problemOf = async (answer: Response) => [
    answer.status,
    ((await answer.json()) as { code: string }).code,
  ];
  const large = (): Promise<Buffer> =>
    artifactBytes({ content: randomBytes(1_000_000).toString("hex") });
  /** A writer that is stopped at its first chunk until it is let go. */
  const held = () => {
    const reached = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<void>();
    return {
      reached: reached.promise,
      letGo: () => letGo.resolve(),
      adopt: (adopt: (path: string) => BlobWriter) => (path: string) => {
        const writer = adopt(path);
        return {
          write: async (chunk: Uint8Array) => {
            reached.resolve();
            await letGo.promise;
            await writer.write(chunk);
          },
          finish: () => writer.finish(),
          discard: () => writer.discard(),
        };
      },
    };
  };

  test("a full disk is said as such, keeps what fitted, and the upload goes on when there is room", async () => {
    const bytes = await large();
    let roomBytes = 300_000;
    const first = await start({
      files: (files) => ({
        ...files,
        open: async (id) => {
          const writer = await files.open(id);
          return {
            ...writer,
            write: async (chunk, position) => {
              if (position + chunk.length > roomBytes) throw full();
              await writer.write(chunk, position);
            },
          };
        },
      }),
    });
    const path = await first.begin(ada, bytes.length);

    expect(await problemOf(await first.patch(path, ada, 0, bytes))).toEqual([507, "disk-full"]);
    const kept = await first.offset(path, ada);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(300_000);
    roomBytes = Infinity;
    expect((await first.patch(path, ada, kept, bytes.subarray(kept))).status).toBe(204);
    expect((await first.ended(path, ada)).artifact?.sha256).toBe(sha256(bytes));
  });

  test("a file that cannot fit is refused before its first byte", async () => {
    const small = await start({ files: (files) => ({ ...files, freeBytes: async () => 999 }) });
    const answer = await small.tus("POST", "/api/v1/uploads", ada, {
      headers: {
        "upload-length": "1000",
        "upload-metadata": metadataText({ product: "gateway" }),
      },
    });

    expect(await problemOf(answer)).toEqual([507, "disk-full"]);
    expect(small.onDisk().uploads).toEqual([]);
  });

  test("a verification that meets a full disk says so, waits, and ends by itself when there is room", async () => {
    const bytes = await large();
    let isFull = true;
    const waiting = await start({
      adopt: (adopt) => (path) => {
        const writer = adopt(path);
        return {
          write: (chunk) => writer.write(chunk),
          finish: async () => {
            if (isFull) throw full();
            return writer.finish();
          },
          discard: () => writer.discard(),
        };
      },
    });
    const path = await waiting.begin(ada, bytes.length);
    await waiting.patch(path, ada, 0, bytes);

    await expect
      .poll(async () => (await waiting.show(path, ada)).problem?.code, { timeout: 5_000 })
      .toBe("disk-full");
    expect((await waiting.show(path, ada)).state).toBe("verifying");
    isFull = false;
    expect(await waiting.ended(path, ada)).toMatchObject({ state: "finished", problem: null });
  });

  test("a server that stops in the middle of a verification begins it again", async () => {
    const bytes = await large();
    const hold = held();
    const before = await start({ adopt: hold.adopt });
    const path = await before.begin(ada, bytes.length);
    await before.patch(path, ada, 0, bytes);
    await hold.reached;
    expect(await before.show(path, ada)).toMatchObject({ state: "verifying", created: null });
    expect(await problemOf(await before.tus("DELETE", path, ada))).toEqual([409, "state-conflict"]);
    const stopping = before.stop();
    hold.letGo();
    await stopping;
    expect(before.onDisk()).toEqual({ uploads: [path.split("/").at(-1)], blobs: [] });

    const after = await start();
    expect(await after.ended(path, ada)).toMatchObject({ state: "finished", created: true });
    await expect.poll(() => after.onDisk()).toEqual({ uploads: [], blobs: [sha256(bytes)] });
    const kinds = (await eventBodies(db)).flatMap((body) => {
      const { kind, state } = body as { kind: string; state?: string };
      return kind === "upload-changed" ? [state] : [];
    });
    expect(kinds).toEqual(["uploading", "verifying", "finished"]);
  });

  test("what was verified and not noted when the power went is not made twice", async () => {
    const bytes = await large();
    const before = await start({
      adopt: (adopt) => (path) => {
        const writer = adopt(path);
        return {
          write: (chunk) => writer.write(chunk),
          finish: async () => {
            await writer.finish();
            throw new ApiError("unavailable", "the database went away");
          },
          discard: () => writer.discard(),
        };
      },
    });
    const path = await before.begin(ada, bytes.length);
    await before.patch(path, ada, 0, bytes);
    await expect
      .poll(async () => (await before.show(path, ada)).problem?.code, { timeout: 5_000 })
      .toBe("unavailable");

    const after = await start();
    expect(await after.ended(path, ada)).toMatchObject({ state: "finished", created: true });
    await expect.poll(() => after.onDisk()).toEqual({ uploads: [], blobs: [sha256(bytes)] });
  });

  /** A request that has sent the first bytes of all, and has been heard as far. */
  const slowRequest = async (to: UploadServer, path: string, bytes: Buffer, sentBytes: number) => {
    const request = httpRequest({
      port: to.port,
      path,
      method: "PATCH",
      agent: false,
      headers: {
        authorization: `Bearer ${ada}`,
        "tus-resumable": "1.0.0",
        "content-type": OFFSET_TYPE,
        "upload-offset": "0",
        "content-length": String(bytes.length),
      },
    });
    const answered = new Promise((resolve) => {
      request.once("response", (response) => resolve(response.statusCode)).once("error", resolve);
    });
    request.write(bytes.subarray(0, sentBytes));
    await expect
      .poll(async () => (await to.show(path, ada)).receivedBytes + to.bytesOnDisk(path))
      .toBe(sentBytes);
    return { request, answered };
  };

  test("a client that comes again gets its upload from the connection it gave up", async () => {
    const bytes = await large();
    const busy = await start();
    const path = await busy.begin(ada, bytes.length);
    const { request: stuck, answered } = await slowRequest(busy, path, bytes, 400_000);

    expect(await busy.offset(path, ada)).toBe(400_000);
    expect((await busy.patch(path, ada, 400_000, bytes.subarray(400_000))).status).toBe(204);
    expect((await busy.ended(path, ada)).artifact?.sha256).toBe(sha256(bytes));
    expect(await answered).toBe(204);
    stuck.destroy();
  });

  test("nobody ends another person's request by asking for its upload", async () => {
    const bytes = await large();
    const busy = await start();
    const path = await busy.begin(ada, bytes.length);
    const { request, answered } = await slowRequest(busy, path, bytes, 400_000);
    const strangers = [busy.person(db, "bob"), busy.person(await store.newTenant(), "ada")];

    for (const stranger of strangers) {
      expect((await busy.tus("HEAD", path, stranger)).status).toBe(404);
      expect((await busy.patch(path, stranger, 0, bytes)).status).toBe(404);
    }
    request.end(bytes.subarray(400_000));

    expect(await answered).toBe(204);
    expect((await busy.ended(path, ada)).artifact?.sha256).toBe(sha256(bytes));
  });

  test("two who continue at once never mix their bytes", async () => {
    const bytes = await large();
    const busy = await start();
    const path = await busy.begin(ada, bytes.length);
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => busy.patch(path, ada, 0, bytes)),
    );

    expect(answers.some(({ status }) => status === 204)).toBe(true);
    for (const { status } of answers) expect([204, 409]).toContain(status);
    const offset = await busy.offset(path, ada);
    if (offset < bytes.length) await busy.patch(path, ada, offset, bytes.subarray(offset));
    expect((await busy.ended(path, ada)).artifact?.sha256).toBe(sha256(bytes));
  });

  test("files that no upload needs go at the start, and an upload whose file is gone is no more", async () => {
    const first = await start();
    const path = await first.begin(ada, 1_000);
    await first.patch(path, ada, 0, randomBytes(500));
    await first.stop();
    rmSync(join(folder, "uploads", path.split("/").at(-1) ?? ""));
    writeFileSync(join(folder, "uploads", newId()), "left by a crash");

    const second = await start();
    expect(second.onDisk().uploads).toEqual([]);
    expect((await second.tus("HEAD", path, ada)).status).toBe(404);
  });
});
