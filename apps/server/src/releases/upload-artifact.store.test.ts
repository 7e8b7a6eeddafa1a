import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { generateSigningKey, payloadFileFromBytes, signerFromPem } from "@moult/artifact";
import { operations } from "@moult/api";
import { seededRandom } from "@moult/base";
import type { ProductName } from "@moult/model";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  PRODUCT,
  addProduct,
  asOperator,
  eventBodies,
  planningEpoch,
  testClock,
} from "../devices/test-fleet.fixture.ts";
import { ApiError } from "../platform/api-error.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { createProductHandlers } from "../products/index.ts";
import {
  artifactBytes,
  bodyOf,
  failingDisk,
  testReleases,
  type TestReleases,
} from "./test-releases.fixture.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const products = createProductHandlers({ clock: testClock() });
const setRule = (db: TenantDb, requireSignature: boolean, artifactKeys: string[]) =>
  products.changeProduct(asOperator(db), {
    params: { product: PRODUCT },
    query: undefined,
    body: { requireSignature, artifactKeys },
  });
const rowsOf = async (db: TenantDb): Promise<number> => {
  const artifacts = await db.kysely.selectFrom("artifact").select("id").execute();
  const releases = await db.kysely
    .selectFrom("release")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .execute();
  return artifacts.length + releases.length;
};

describe.each(DIALECTS)("uploads on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let releases: TestReleases;
  let db: TenantDb;
  beforeEach(async () => {
    releases = await testReleases(store.database);
    db = await store.newTenant();
    await addProduct(db);
  });
  afterEach(() => releases.remove());

  test("an artifact makes the release of its name, and is kept byte for byte", async () => {
    const bytes = await artifactBytes({
      artifactName: "v1.2",
      deviceTypes: ["gw2", "gw3"],
      scripts: [{ name: "ArtifactInstall_Enter_05_check", content: Buffer.from("#!/bin/sh\n") }],
    });
    const epoch = await planningEpoch(db);

    const uploaded = await releases.upload(db, bytes);

    expect(uploaded.created).toBe(true);
    expect(operations.uploadArtifact.reply.parse(uploaded)).toEqual(uploaded);
    expect(uploaded.release).toMatchObject({
      product: PRODUCT,
      channel: "prod",
      version: "v1.2",
      notes: "",
      artifacts: [uploaded.artifact],
    });
    expect(uploaded.artifact).toMatchObject({
      path: `gateway/prod/v1.2/${sha256(bytes)}.mender`,
      sha256: sha256(bytes),
      sizeBytes: bytes.length,
      hardwareTypes: ["gw2", "gw3"],
      provides: { artifact_name: "v1.2", "rootfs-image.version": "7" },
      clearsProvides: ["rootfs-image.*"],
      payloads: [
        {
          type: "single-file",
          files: [{ name: "system.img", sizeBytes: 10, sha256: sha256(Buffer.from("new system")) }],
        },
      ],
      scripts: ["ArtifactInstall_Enter_05_check"],
      signature: "unsigned",
    });
    expect((await releases.download(db, uploaded.artifact.id)).equals(bytes)).toBe(true);
    expect(await eventBodies(db)).toContainEqual({
      kind: "release-changed",
      releaseId: uploaded.release.id,
      version: "v1.2",
    });
    expect(await planningEpoch(db)).toBe(epoch + 1);
    expect(releases.onDisk()).toEqual([sha256(bytes)]);
  });

  test("the same file again is no news", async () => {
    const bytes = await artifactBytes();
    const first = await releases.upload(db, bytes);
    const events = await eventBodies(db);

    const again = await releases.upload(db, bytes);

    expect(again).toEqual({ ...first, created: false });
    expect(await eventBodies(db)).toEqual(events);
  });

  test("the same file many times at once is one artifact", async () => {
    const bytes = await artifactBytes();

    const uploads = await Promise.all(Array.from({ length: 6 }, () => releases.upload(db, bytes)));

    expect(uploads.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(uploads.map(({ artifact }) => artifact.id)).size).toBe(1);
    expect(releases.onDisk()).toEqual([sha256(bytes)]);
  });

  test("another file for the same devices is refused, and named", async () => {
    const first = await releases.upload(db, await artifactBytes({ deviceTypes: ["gw2", "gw3"] }));
    const other = await artifactBytes({ deviceTypes: ["gw3", "gw4"], content: "another build" });

    await expect(releases.upload(db, other)).rejects.toMatchObject({
      code: "artifact-differs",
      detail: expect.stringMatching(`gw3 .*${first.artifact.id}`),
    });

    expect(releases.onDisk()).toEqual([first.artifact.sha256]);
    expect(await releases.upload(db, other, "dev" as never)).toMatchObject({ created: true });
  });

  test("of different files for the same devices at once, one wins and no other leaves a trace", async () => {
    const files = await Promise.all(
      [1, 2, 3, 4].map((build) => artifactBytes({ content: `build ${build}` })),
    );

    const results = await Promise.allSettled(files.map((bytes) => releases.upload(db, bytes)));

    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of results)
      if (result.status === "rejected")
        expect(result.reason).toMatchObject({ code: "artifact-differs" });
    expect(releases.onDisk()).toHaveLength(1);
  });

  test("files for other hardware, or with other depends, join the release", async () => {
    await releases.upload(db, await artifactBytes());
    await releases.upload(db, await artifactBytes({ deviceTypes: ["gw3"] }));

    const { release } = await releases.upload(
      db,
      await artifactBytes({ dependsOnNames: ["v0"], content: "delta" }),
    );

    const depends = release.artifacts.map((artifact) => artifact.depends);
    expect(depends).toHaveLength(3);
    expect(depends).toContainEqual({ device_type: ["gw2"] });
    expect(depends).toContainEqual({ device_type: ["gw3"] });
    expect(depends).toContainEqual({ device_type: ["gw2"], artifact_name: ["v0"] });
  });

  test("one file of each other maker's client joins an artifact for the same hardware, and no second one", async () => {
    const fileOf = (type: string, content: string) =>
      artifactBytes(
        {
          payloads: [{ type, files: [payloadFileFromBytes("update", Buffer.from(content))] }],
        },
        { compression: "none" },
      );
    await releases.upload(db, await artifactBytes());
    await releases.upload(db, await fileOf("rauc", "a bundle"));

    const { release, artifact } = await releases.upload(db, await fileOf("swu", "an image"));

    const types = release.artifacts.flatMap(({ payloads }) => payloads.map(({ type }) => type));
    expect(new Set(types)).toEqual(new Set(["rauc", "single-file", "swu"]));
    await expect(releases.upload(db, await fileOf("swu", "another image"))).rejects.toMatchObject({
      code: "artifact-differs",
      detail: expect.stringMatching(artifact.id),
    });
    expect(releases.onDisk()).toHaveLength(3);
  });

  test("an upload that is cut anywhere leaves nothing and says so", async () => {
    const bytes = await artifactBytes({ content: "x".repeat(5_000) });
    const random = seededRandom(7);

    for (let round = 0; round < 40; round += 1) {
      const at = Math.floor(random.fraction() * (bytes.length - 1));
      const cut = bytes.subarray(0, at);
      const ways = [
        bodyOf(cut, { announcedBytes: bytes.length }),
        bodyOf(bytes, { failsAfter: at, pieceBytes: 333 }),
        bodyOf(bytes, { failsAfter: at, pieceBytes: 333, announcedBytes: undefined }),
      ];
      for (const body of ways)
        await expect(releases.upload(db, body), `cut at ${at}`).rejects.toMatchObject({
          code: "upload-incomplete",
        });
      expect(releases.onDisk()).toEqual([]);
    }
    expect(await rowsOf(db)).toBe(0);
  });

  test("a file that is too short for what it is, is no artifact", async () => {
    const bytes = await artifactBytes();

    for (const length of [0, 1, 511, 512, 1_500, bytes.length - 2_000])
      await expect(
        releases.upload(db, bodyOf(bytes.subarray(0, length), { announcedBytes: undefined })),
      ).rejects.toMatchObject({ code: "artifact-invalid", detail: expect.stringMatching(/again/) });
    expect(releases.onDisk()).toEqual([]);
    expect(await rowsOf(db)).toBe(0);
  });

  test("a changed byte is refused without a trace, or belongs to nothing that is used", async () => {
    const bytes = await artifactBytes();
    const random = seededRandom(11);
    let refused = 0;

    for (let round = 0; round < 120; round += 1) {
      const changed = Buffer.from(bytes);
      const at = Math.floor(random.fraction() * bytes.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random.fraction() * 8));
      try {
        const { artifact, release } = await releases.upload(db, changed);
        expect(artifact.payloads[0]?.files[0]?.sha256).toBe(sha256(Buffer.from("new system")));
        expect(releases.onDisk()).toEqual([sha256(changed)]);
        await releases.deleteRelease(db, release.id);
      } catch (error) {
        expect(error).toBeInstanceOf(ApiError);
        expect((error as ApiError).code).toBe("artifact-invalid");
        refused += 1;
      }
      expect(releases.onDisk()).toEqual([]);
    }
    expect(refused).toBeGreaterThan(60);
    expect(await rowsOf(db)).toBe(0);
  });

  test.each([
    ["text", Buffer.from("hello, I am no artifact")],
    ["zeros", Buffer.alloc(5_000)],
    ["a PNG", Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47]), Buffer.alloc(2_000, 7)])],
  ])("%s is no artifact", async (_, bytes) => {
    await expect(releases.upload(db, bytes)).rejects.toMatchObject({ code: "artifact-invalid" });
    expect(releases.onDisk()).toEqual([]);
  });

  test("what is too large is refused before it arrives, or as soon as it is too much", async () => {
    const announced = bodyOf(Buffer.alloc(2 * 1024 * 1024));
    await expect(releases.upload(db, announced)).rejects.toMatchObject({
      code: "body-too-large",
      detail: expect.stringContaining("1048576"),
    });
    expect(announced.pulled()).toBe(0);

    const large = await artifactBytes(
      { content: Buffer.alloc(3 * 1024 * 1024, "x").toString() },
      { compression: "none" },
    );
    const unannounced = bodyOf(large, { announcedBytes: undefined, pieceBytes: 64 * 1024 });
    await expect(releases.upload(db, unannounced)).rejects.toMatchObject({
      code: "body-too-large",
    });
    expect(unannounced.pulled()).toBeLessThan(1024 * 1024 + 3 * 64 * 1024);
    expect(releases.onDisk()).toEqual([]);
  });

  test.each([1, 2, 5])("a disk that is full at write %d keeps nothing", async (failsAt) => {
    const full = new ApiError("disk-full", "no room");
    const failing = await testReleases(store.database, failingDisk(failsAt, full));
    const bytes = await artifactBytes({ content: "y".repeat(9_000) }, { compression: "none" });

    await expect(failing.upload(db, bytes)).rejects.toMatchObject({ code: "disk-full" });

    expect(failing.onDisk()).toEqual([]);
    expect(await rowsOf(db)).toBe(0);
    await failing.remove();
  });

  test("a broken disk is not blamed on the artifact", async () => {
    const failing = await testReleases(store.database, failingDisk(2, new Error("EIO")));

    await expect(failing.upload(db, await artifactBytes())).rejects.toThrow("EIO");

    expect(failing.onDisk()).toEqual([]);
    await failing.remove();
  });

  test("names that Moult cannot use are refused before the payload arrives", async () => {
    const content = "z".repeat(200_000);
    const release = await artifactBytes(
      { artifactName: "v1 final", content },
      { compression: "none" },
    );
    const hardware = await artifactBytes(
      { deviceTypes: ["gw2", "böse"], content },
      { compression: "none" },
    );

    const body = bodyOf(release);
    await expect(releases.upload(db, body)).rejects.toMatchObject({
      code: "artifact-invalid",
      detail: expect.stringMatching(/artifact name "v1 final".*letters, digits/),
    });
    expect(body.pulled()).toBeLessThan(50_000);
    await expect(releases.upload(db, hardware)).rejects.toMatchObject({
      code: "artifact-invalid",
      detail: expect.stringMatching(/device type "böse"/),
    });
    expect(releases.onDisk()).toEqual([]);
  });

  test("a product's signature rule holds for every upload", async () => {
    const [key, stranger] = [
      await generateSigningKey("ecdsa-p256"),
      await generateSigningKey("ecdsa-p256"),
    ];
    const unsigned = await artifactBytes({ artifactName: "unsigned" });
    const signed = await artifactBytes(
      { artifactName: "signed" },
      { signer: signerFromPem(key.privateKeyPem) },
    );
    const forged = await artifactBytes(
      { artifactName: "forged" },
      { signer: signerFromPem(stranger.privateKeyPem) },
    );

    expect((await releases.upload(db, forged)).artifact.signature).toBe("unverified");

    await setRule(db, false, [key.publicKeyPem]);
    const other = await artifactBytes(
      { artifactName: "forged-2" },
      { signer: signerFromPem(stranger.privateKeyPem) },
    );
    await expect(releases.upload(db, other)).rejects.toMatchObject({
      code: "artifact-signature-invalid",
    });
    expect((await releases.upload(db, unsigned)).artifact.signature).toBe("unsigned");

    await setRule(db, true, [stranger.publicKeyPem, key.publicKeyPem]);
    expect((await releases.upload(db, signed)).artifact.signature).toBe("verified");
    await expect(
      releases.upload(db, await artifactBytes({ artifactName: "unsigned-2" })),
    ).rejects.toMatchObject({ code: "artifact-unsigned" });
    expect(releases.onDisk()).toHaveLength(3);
  });

  test("a rule that is changed during an upload holds for it", async () => {
    const key = await generateSigningKey("ecdsa-p256");
    const bytes = await artifactBytes();
    const slow = {
      announcedBytes: bytes.length,
      content: (async function* () {
        yield bytes.subarray(0, 2_000);
        await setRule(db, true, [key.publicKeyPem]);
        yield bytes.subarray(2_000);
      })(),
    };

    await expect(releases.upload(db, slow)).rejects.toMatchObject({ code: "unavailable" });

    expect(releases.onDisk()).toEqual([]);
    expect(await rowsOf(db)).toBe(0);
  });

  test("an upload to a product that is not there is refused before it arrives", async () => {
    const body = bodyOf(await artifactBytes());

    await expect(
      releases.handlers.uploadArtifact(asOperator(db), {
        params: { product: "nothing" as ProductName },
        query: { channel: "prod" as never },
        body,
      }),
    ).rejects.toMatchObject({ code: "not-found" });

    expect(body.pulled()).toBe(0);
    expect(existsSync(releases.folder)).toBe(true);
    expect(releases.onDisk()).toEqual([]);
  });
});
