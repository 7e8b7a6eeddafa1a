import { createHash, randomBytes } from "node:crypto";
import { DAY_MS } from "@moult/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addProduct, eventBodies } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { artifactBytes } from "../releases/test-releases.fixture.ts";
import {
  metadataText,
  newDataFolder,
  removeFolder,
  startUploadServer,
  type UploadServer,
  type UploadServerOptions,
} from "./upload-server.fixture.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe.each(DIALECTS)("uploads in parts on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let folder: string;
  let server: UploadServer;
  let db: TenantDb;
  let ada: string;

  const start = async (options: Partial<UploadServerOptions> = {}): Promise<void> => {
    server = await startUploadServer({ database: store.database, folder, ...options });
    ada = server.person(db);
  };
  const restart = async (options: Partial<UploadServerOptions> = {}): Promise<void> => {
    await server.stop();
    await start(options);
  };
  beforeEach(async () => {
    folder = newDataFolder();
    db = await store.newTenant();
    await addProduct(db);
    await start();
  });
  afterEach(async () => {
    await server.stop();
    removeFolder(folder);
    await store.database.system.transaction(async (kysely) => {
      await kysely.deleteFrom("upload").execute();
      await kysely.deleteFrom("artifact_fit").execute();
      await kysely.deleteFrom("artifact").execute();
    });
  });

  const codeOf = async (answer: Response): Promise<unknown> => {
    const { code } = (await answer.json()) as { code: string };
    return [answer.status, code];
  };
  const states = async (): Promise<unknown[]> =>
    (await eventBodies(db)).flatMap((body) => {
      const { kind, state } = body as { kind: string; state?: string };
      return kind === "upload-changed" ? [state] : [];
    });
  const large = async (): Promise<Buffer> =>
    artifactBytes({ content: randomBytes(300_000).toString("hex") });

  test("the parts of a file become an artifact of its release, and everybody who watches hears of it", async () => {
    const bytes = await large();
    const path = await server.begin(ada, bytes.length, { channel: "beta" });
    expect(path).toMatch(/^\/api\/v1\/uploads\/[0-9a-f-]{36}$/);
    expect(await server.show(path, ada)).toMatchObject({
      state: "uploading",
      product: "gateway",
      channel: "beta",
      fileName: "a.mender",
      sizeBytes: bytes.length,
      receivedBytes: 0,
      release: null,
      problem: null,
    });

    const first = await server.patch(path, ada, 0, bytes.subarray(0, 100_000));
    expect([first.status, first.headers.get("upload-offset")]).toEqual([204, "100000"]);
    expect(first.headers.get("upload-expires")).not.toBeNull();
    expect(await server.offset(path, ada)).toBe(100_000);
    expect((await server.show(path, ada)).receivedBytes).toBe(100_000);
    const second = await server.patch(path, ada, 100_000, bytes.subarray(100_000));
    expect([second.status, second.headers.get("tus-resumable")]).toEqual([204, "1.0.0"]);

    const ended = await server.ended(path, ada);
    expect(ended).toMatchObject({
      state: "finished",
      created: true,
      receivedBytes: bytes.length,
      verifiedBytes: bytes.length,
      problem: null,
      artifact: { sha256: sha256(bytes), sizeBytes: bytes.length },
      release: { product: "gateway", channel: "beta", version: "v1" },
    });
    await expect.poll(() => server.onDisk()).toEqual({ uploads: [], blobs: [sha256(bytes)] });
    expect(await states()).toEqual(["uploading", "verifying", "finished"]);
  });

  test("a cut connection costs nothing that arrived, and the rest follows later", async () => {
    const bytes = await large();
    const path = await server.begin(ada, bytes.length);

    await server.cut(path, ada, 0, bytes.subarray(0, 250_000));
    expect(await server.offset(path, ada)).toBe(250_000);
    await server.cut(path, ada, 250_000, bytes.subarray(250_000, 250_001));
    expect(await server.offset(path, ada)).toBe(250_001);

    await restart();
    expect(await server.offset(path, ada)).toBe(250_001);
    expect((await server.patch(path, ada, 250_001, bytes.subarray(250_001))).status).toBe(204);
    expect((await server.ended(path, ada)).artifact?.sha256).toBe(sha256(bytes));
  });

  test("a file that is no artifact is refused in the words of an upload in one piece, and leaves nothing", async () => {
    const path = await server.begin(ada, 5_000);
    await server.patch(path, ada, 0, randomBytes(5_000));

    const ended = await server.ended(path, ada);
    expect(ended).toMatchObject({
      state: "refused",
      release: null,
      created: null,
      problem: { code: "artifact-invalid", status: 422, requestId: ended.id },
    });
    expect(ended.problem?.detail).toContain("not an artifact");
    await expect.poll(() => server.onDisk()).toEqual({ uploads: [], blobs: [] });
    expect(await states()).toEqual(["uploading", "verifying", "refused"]);
  });

  test("the same file again makes nothing new", async () => {
    const bytes = await artifactBytes();
    const results = [];
    for (const _ of [1, 2]) {
      const path = await server.begin(ada, bytes.length);
      await server.patch(path, ada, 0, bytes);
      results.push(await server.ended(path, ada));
    }

    expect(results.map(({ created }) => created)).toEqual([true, false]);
    expect(results[0]?.artifact).toEqual(results[1]?.artifact);
    await expect.poll(() => server.onDisk()).toEqual({ uploads: [], blobs: [sha256(bytes)] });
  });

  test("nobody else sees, continues or ends an upload: not a colleague, not another tenant", async () => {
    const bytes = await artifactBytes();
    const path = await server.begin(ada, bytes.length);
    const elsewhere = await store.newTenant();
    await addProduct(elsewhere);
    const others = [
      server.person(db, "bob", "admin"),
      // The same name in another tenant: the same user id, even.
      server.person(elsewhere, "ada", "admin"),
    ];

    for (const other of others) {
      expect((await server.tus("HEAD", path, other)).status).toBe(404);
      expect(await codeOf(await server.patch(path, other, 0, bytes))).toEqual([404, "not-found"]);
      expect(await codeOf(await server.tus("DELETE", path, other))).toEqual([404, "not-found"]);
      await expect(server.show(path, other)).rejects.toThrow(/404/);
      const list = await fetch(`${server.url}/api/v1/uploads`, {
        headers: { authorization: `Bearer ${other}` },
      });
      expect(await list.json()).toEqual({ items: [] });
    }
    expect(await server.offset(path, ada)).toBe(0);
    const own = await fetch(`${server.url}/api/v1/uploads`, {
      headers: { authorization: `Bearer ${ada}` },
    });
    expect(await own.json()).toMatchObject({ items: [{ state: "uploading" }] });
  });

  test("it takes the permission, and no page of another site", async () => {
    const viewer = server.person(db, "vera", "viewer");
    const header = {
      "upload-length": "5",
      "upload-metadata": metadataText({ product: "gateway" }),
    };
    const begin = (key: string, headers = {}): Promise<Response> =>
      server.tus("POST", "/api/v1/uploads", key, { headers: { ...header, ...headers } });

    expect(await codeOf(await begin(viewer))).toEqual([403, "forbidden"]);
    expect(await codeOf(await begin("nobody"))).toEqual([401, "unauthenticated"]);
    const cookie = { "tus-resumable": "1.0.0", cookie: `session=${ada}`, ...header };
    const withCookie = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${server.url}/api/v1/uploads`, { method: "POST", headers: { ...cookie, ...headers } });
    expect(await codeOf(await withCookie({ "sec-fetch-site": "cross-site" }))).toEqual([
      403,
      "forbidden",
    ]);
    expect((await withCookie({ "sec-fetch-site": "same-origin" })).status).toBe(201);
    expect(server.onDisk().uploads).toHaveLength(1);
  });

  test("a wrong offset changes nothing and says what to do", async () => {
    const bytes = await artifactBytes();
    const path = await server.begin(ada, bytes.length);
    await server.patch(path, ada, 0, bytes.subarray(0, 100));

    for (const offset of [0, 99, 101, bytes.length])
      expect(await codeOf(await server.patch(path, ada, offset, bytes.subarray(100, 110)))).toEqual(
        [409, "upload-offset-differs"],
      );
    expect(await server.offset(path, ada)).toBe(100);
  });

  test("no upload gets more bytes than it announced, and none announces more than an artifact may have", async () => {
    await restart({ artifactBytesMax: 1_000_000 });
    const header = (length: string) => ({
      headers: { "upload-length": length, "upload-metadata": metadataText({ product: "gateway" }) },
    });
    const begin = async (length: string) =>
      codeOf(await server.tus("POST", "/api/v1/uploads", ada, header(length)));
    expect(await begin("1000001")).toEqual([413, "body-too-large"]);
    expect(await begin("0")).toEqual([400, "invalid-request"]);
    expect(await begin("-1")).toEqual([400, "invalid-request"]);
    expect(await begin("99999999999999999999")).toEqual([400, "invalid-request"]);

    const path = await server.begin(ada, 1_000);
    const tooLong = await server.patch(path, ada, 0, randomBytes(1_001));
    expect(await codeOf(tooLong)).toEqual([413, "body-too-large"]);
    const chunked = await server.tus("PATCH", path, ada, {
      headers: { "content-type": "application/offset+octet-stream", "upload-offset": "0" },
      body: new Blob([randomBytes(900), randomBytes(200)]).stream(),
      duplex: "half",
    } as RequestInit);
    expect(await codeOf(chunked)).toEqual([413, "body-too-large"]);
    expect(await server.offset(path, ada)).toBeLessThanOrEqual(1_000);
    expect((await server.show(path, ada)).state).not.toBe("finished");
  });

  test("what is not tus 1.0, or names no product of ours, is refused before a byte is read", async () => {
    const begin = (headers: Record<string, string>) =>
      server.tus("POST", "/api/v1/uploads", ada, { headers });
    const named = (metadata: Record<string, string>) => ({
      "upload-length": "5",
      "upload-metadata": metadataText(metadata),
    });

    expect(await codeOf(await begin({ "upload-length": "5" }))).toEqual([400, "invalid-request"]);
    expect(await codeOf(await begin(named({ product: "no such" })))).toEqual([
      400,
      "invalid-request",
    ]);
    expect(await codeOf(await begin(named({ product: "unknown" })))).toEqual([404, "not-found"]);
    expect(await codeOf(await begin(named({ product: "gateway", channel: "a/b" })))).toEqual([
      400,
      "invalid-request",
    ]);
    expect(
      await codeOf(
        await begin({
          "upload-defer-length": "1",
          "upload-metadata": metadataText({ product: "gateway" }),
        }),
      ),
    ).toEqual([400, "invalid-request"]);
    const other = await begin({ ...named({ product: "gateway" }), "tus-resumable": "0.2.2" });
    expect(other.status).toBe(400);
    const none = await fetch(`${server.url}/api/v1/uploads`, {
      method: "POST",
      headers: { authorization: `Bearer ${ada}`, ...named({ product: "gateway" }) },
    });
    expect(none.headers.get("tus-version")).toBe("1.0.0");
    expect(await codeOf(none)).toEqual([412, "upload-version-unsupported"]);
    for (const path of ["/api/v1/uploads/x", "/api/v1/uploads/..%2f..", "/api/v1/uploads/%00"])
      expect((await server.tus("HEAD", path, ada)).status).toBe(404);
    expect(server.onDisk().uploads).toEqual([]);
  });

  test("a file's name is shown, and opens nothing", async () => {
    const path = await server.begin(ada, 5, { filename: "../../etc/pass\u0000wd\u001b[2J" });

    expect((await server.show(path, ada)).fileName).toBe("passwd[2J");
    expect(server.onDisk().uploads).toEqual([path.split("/").at(-1)]);
  });

  test("whoever cancels an upload frees its room", async () => {
    const path = await server.begin(ada, 1_000);
    await server.patch(path, ada, 0, randomBytes(500));

    const answer = await server.tus("DELETE", path, ada);
    expect([answer.status, answer.headers.get("tus-resumable")]).toEqual([204, "1.0.0"]);
    expect(server.onDisk().uploads).toEqual([]);
    expect((await server.tus("HEAD", path, ada)).status).toBe(404);
    expect(await states()).toEqual(["uploading", "ended"]);
  });

  test("an upload that does not go on is kept for a day after its last byte, and then forgotten", async () => {
    const path = await server.begin(ada, 1_000);
    const begun = await server.show(path, ada);
    expect(Date.parse(begun.expiresAt) - Date.parse(begun.createdAt)).toBe(DAY_MS);
    server.setAhead(DAY_MS / 2);
    await server.patch(path, ada, 0, randomBytes(10));

    server.setAhead(DAY_MS + 1_000);
    await server.uploads.sweep();
    expect(await server.offset(path, ada)).toBe(10);
    server.setAhead(1.5 * DAY_MS + 1_000);
    expect((await server.tus("HEAD", path, ada)).status).toBe(404);
    expect(server.onDisk().uploads).toHaveLength(1);
    await server.uploads.sweep();
    expect(server.onDisk().uploads).toEqual([]);
    expect(await states()).toEqual(["uploading", "ended"]);
  });

  test("a result is there for a day too, and its artifact stays", async () => {
    const bytes = await artifactBytes();
    const path = await server.begin(ada, bytes.length);
    await server.patch(path, ada, 0, bytes);
    await server.ended(path, ada);
    expect(await server.offset(path, ada)).toBe(bytes.length);

    server.setAhead(DAY_MS + 1_000);
    await server.uploads.sweep();
    await expect(server.show(path, ada)).rejects.toThrow(/404/);
    expect(server.onDisk().blobs).toEqual([sha256(bytes)]);
    expect(await states()).toEqual(["uploading", "verifying", "finished"]);
  });

  test("unfinished uploads are bounded, together and for each person", async () => {
    await restart({ unfinishedBytesMax: 2_000 });
    const begin = async (length: string) =>
      codeOf(
        await server.tus("POST", "/api/v1/uploads", ada, {
          headers: {
            "upload-length": length,
            "upload-metadata": metadataText({ product: "gateway" }),
          },
        }),
      );
    const path = await server.begin(ada, 1_500);
    expect(await begin("501")).toEqual([429, "upload-limit"]);
    await server.tus("DELETE", path, ada);

    for (let count = 0; count < 50; count += 1) await server.begin(ada, 1);
    expect(await begin("1")).toEqual([429, "upload-limit"]);
    const bob = server.person(db, "bob");
    expect(await server.begin(bob, 1)).toContain("/uploads/");
  });
});
