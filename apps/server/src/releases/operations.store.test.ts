import { operations } from "@moult/api";
import { present, type Blobs } from "@moult/base";
import type {
  ArtifactId,
  AssignmentId,
  ChannelName,
  DeploymentId,
  DeploymentState,
  ReleaseId,
  ReleaseVersion,
  Sha256,
} from "@moult/model";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recordRunning } from "../devices/index.ts";
import {
  PRODUCT,
  addProduct,
  asOperator,
  eventBodies,
  planningEpoch,
  testFleet,
} from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { newId } from "../platform/new-id.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import {
  artifactBytes,
  collect,
  testReleases,
  type TestReleases,
} from "./test-releases.fixture.ts";

const DEV = "dev" as ChannelName;

/** The row of a deployment, as another capability writes it. */
async function addDeployment(
  db: TenantDb,
  release: { readonly id: ReleaseId; readonly version: ReleaseVersion },
  state: DeploymentState,
): Promise<DeploymentId> {
  const id = newId<DeploymentId>();
  const zeros = {
    stage: 0,
    admitted: 0,
    open: 0,
    succeeded: 0,
    already_running: 0,
    failed: 0,
    rolled_back: 0,
    rejected: 0,
    timed_out: 0,
    silent: 0,
    aborted: 0,
  };
  await db.transaction(async (inner) => {
    const { count } = await inner.kysely
      .selectFrom("deployment")
      .select((row) => row.fn.countAll<number>().as("count"))
      .where("tenant_id", "=", db.tenantId)
      .executeTakeFirstOrThrow();
    await inner.kysely
      .insertInto("deployment")
      .values({
        ...zeros,
        id,
        tenant_id: db.tenantId,
        number: Number(count) + 1,
        name: `to ${release.version}`,
        product: PRODUCT,
        release_id: release.id,
        version: release.version,
        target_kind: "all",
        plan: "{}",
        state,
        salt: 1,
        stage_opened_at: TEST_NOW,
        created_by: "Olga",
        created_at: TEST_NOW,
      } as never)
      .execute();
  });
  return id;
}

const setState = (db: TenantDb, id: DeploymentId, state: DeploymentState) =>
  db.transaction((inner) =>
    inner.kysely.updateTable("deployment").set({ state }).where("id", "=", id).execute(),
  );

describe.each(DIALECTS)("releases on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let releases: TestReleases;
  let db: TenantDb;
  beforeEach(async () => {
    releases = await testReleases(store.database);
    db = await store.newTenant();
    await addProduct(db);
  });
  afterEach(() => releases.remove());

  const plain = { params: undefined, query: undefined, body: undefined } as const;
  const list = (
    query: Partial<Parameters<TestReleases["handlers"]["listReleases"]>[1]["query"]> = {},
    of = db,
  ) => releases.handlers.listReleases(asOperator(of), { ...plain, query: { limit: 50, ...query } });
  const show = (releaseId: ReleaseId, of = db) =>
    releases.handlers.showRelease(asOperator(of), { ...plain, params: { releaseId } });

  test("lists are in pages, by product, channel and version, with all artifacts", async () => {
    for (const artifactName of ["v1", "v2", "v3"])
      await releases.upload(db, await artifactBytes({ artifactName }));
    await releases.upload(db, await artifactBytes({ artifactName: "v3", deviceTypes: ["gw3"] }));
    await releases.upload(db, await artifactBytes({ artifactName: "v3" }), DEV);

    const versions: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await list({ limit: 2, cursor });
      expect(operations.listReleases.reply.parse(page)).toEqual(page);
      versions.push(...page.items.map(({ version, channel }) => `${channel}/${version}`));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);

    expect(versions.toSorted((left, right) => (left < right ? -1 : 1))).toEqual([
      "dev/v3",
      "prod/v1",
      "prod/v2",
      "prod/v3",
    ]);
    expect((await list({ channel: DEV })).items).toHaveLength(1);
    expect((await list({ version: "v3" })).items).toHaveLength(2);
    expect((await list({ version: "v\0" })).items).toEqual([]);
    const [release] = (await list({ version: "v3", channel: "prod" as ChannelName })).items;
    expect(release?.artifacts).toHaveLength(2);
    expect((await list({ product: "camera" as typeof PRODUCT })).items).toEqual([]);
  });

  test("a release knows how many accepted devices run it", async () => {
    const other = await store.newTenant();
    const fleet = await testFleet(other);
    const { release } = await releases.upload(other, await artifactBytes());
    const ids = [await fleet.accepted(), await fleet.accepted(), await fleet.accepted()];
    for (const id of ids)
      await other.transaction((inner) =>
        recordRunning(inner, id, { artifactName: "v1", provides: {} }, fleet.clock.now()),
      );
    await fleet.handlers.rejectDevice(asOperator(other), {
      ...plain,
      params: { deviceId: present(ids[0], "three were enrolled") },
    });

    expect((await show(release.id, other)).deviceCount).toBe(2);
  });

  test("notes are kept, whatever is in them", async () => {
    const { release } = await releases.upload(db, await artifactBytes());

    const changed = await releases.handlers.changeRelease(asOperator(db), {
      ...plain,
      params: { releaseId: release.id },
      body: { notes: "<b>fixes</b>\0" },
    });

    expect(changed.notes).toBe("<b>fixes</b>\u{fffd}");
    expect((await eventBodies(db)).at(-1)).toMatchObject({ kind: "release-changed" });
  });

  test("an artifact is downloaded whole or in parts, under its digest", async () => {
    const bytes = await artifactBytes();
    const { artifact } = await releases.upload(db, bytes);

    const reply = await releases.handlers.downloadArtifact(asOperator(db), {
      ...plain,
      params: { artifactId: artifact.id },
    });

    expect(reply).toMatchObject({
      sizeBytes: bytes.length,
      etag: artifact.sha256,
      fileName: "gateway-v1-gw2.mender",
    });
    expect(await collect(await reply.open({ start: 100, end: 700 }))).toEqual(
      bytes.subarray(100, 700),
    );
  });

  test("content that the disk lost is said to be lost, and an upload brings it back", async () => {
    const bytes = await artifactBytes();
    const { artifact } = await releases.upload(db, bytes);
    const { sha256 } = artifact;
    rmSync(join(releases.folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256));

    await expect(releases.download(db, artifact.id)).rejects.toMatchObject({
      code: "unavailable",
      detail: expect.stringContaining("Upload the same file again"),
    });
    expect(await releases.upload(db, bytes)).toMatchObject({ created: false });
    expect((await releases.download(db, artifact.id)).equals(bytes)).toBe(true);
  });

  test("a deleted release is gone with its content, and everybody is decided about anew", async () => {
    const { release } = await releases.upload(db, await artifactBytes());
    await releases.upload(db, await artifactBytes({ deviceTypes: ["gw3"] }));
    const epoch = await planningEpoch(db);

    await releases.deleteRelease(db, release.id);

    expect(releases.onDisk()).toEqual([]);
    await expect(show(release.id)).rejects.toMatchObject({ code: "not-found" });
    expect((await eventBodies(db)).at(-1)).toEqual({
      kind: "release-deleted",
      releaseId: release.id,
      version: "v1",
    });
    expect(await planningEpoch(db)).toBe(epoch + 1);
    expect(await releases.upload(db, await artifactBytes())).toMatchObject({ created: true });
  });

  test("a deleted artifact makes room for another build", async () => {
    const { artifact, release } = await releases.upload(db, await artifactBytes());

    await releases.deleteArtifact(db, artifact.id);
    expect((await show(release.id)).artifacts).toEqual([]);

    const again = await releases.upload(db, await artifactBytes({ content: "better" }));
    expect(again).toMatchObject({ created: true, release: { id: release.id } });
  });

  test.each(["running", "paused", "tripped"] as const)(
    "what a %s deployment needs cannot be deleted before its end",
    async (state) => {
      const { artifact, release } = await releases.upload(db, await artifactBytes());
      const deployment = await addDeployment(db, release, state);
      const inUse = { code: "in-use", detail: expect.stringContaining("to v1") };

      await expect(releases.deleteRelease(db, release.id)).rejects.toMatchObject(inUse);
      await expect(releases.deleteArtifact(db, artifact.id)).rejects.toMatchObject(inUse);
      expect(releases.onDisk()).toEqual([artifact.sha256]);

      await setState(db, deployment, "finished");
      await releases.deleteArtifact(db, artifact.id);
      await releases.deleteRelease(db, release.id);
      expect(releases.onDisk()).toEqual([]);
    },
  );

  test("what a device of an aborted deployment still downloads stays until it has finished", async () => {
    const other = await store.newTenant();
    const fleet = await testFleet(other);
    const { artifact, release } = await releases.upload(other, await artifactBytes());
    const spare = await releases.upload(other, await artifactBytes({ deviceTypes: ["gw9"] }));
    const assignmentId = newId<AssignmentId>();
    const row = {
      id: assignmentId,
      tenant_id: other.tenantId,
      number: 1,
      deployment_id: await addDeployment(other, release, "aborted"),
      device_id: await fleet.accepted(),
      artifact_id: artifact.id,
      stage: 0,
      state: "downloading",
      attempt: 1,
      event_sequence: 1,
      offered_at: TEST_NOW,
      updated_at: TEST_NOW,
    };
    await other.transaction((inner) =>
      inner.kysely
        .insertInto("assignment")
        .values(row as never)
        .execute(),
    );

    await expect(releases.deleteArtifact(other, artifact.id)).rejects.toMatchObject({
      code: "in-use",
    });
    await expect(releases.deleteRelease(other, release.id)).rejects.toMatchObject({
      code: "in-use",
    });
    await releases.deleteArtifact(other, spare.artifact.id);

    await other.transaction((inner) =>
      inner.kysely
        .updateTable("assignment")
        .set({ closed_at: TEST_NOW, state: "closed" })
        .where("id", "=", assignmentId)
        .execute(),
    );
    await releases.deleteRelease(other, release.id);
    expect(releases.onDisk()).toEqual([]);
  });

  test("content that another release or tenant has outlives a deletion", async () => {
    const other = await store.newTenant();
    await addProduct(other);
    const bytes = await artifactBytes();
    const ours = await releases.upload(db, bytes);
    const dev = await releases.upload(db, bytes, DEV);
    const theirs = await releases.upload(other, bytes);
    expect(releases.onDisk()).toHaveLength(1);

    await releases.deleteRelease(db, ours.release.id);
    await releases.deleteArtifact(db, dev.artifact.id);
    expect((await releases.download(other, theirs.artifact.id)).equals(bytes)).toBe(true);

    await releases.deleteRelease(other, theirs.release.id);
    expect(releases.onDisk()).toEqual([]);
  });

  test("uploads and deletions of one content at once never leave a row without its content", async () => {
    const bytes = await artifactBytes();
    for (let round = 0; round < 15; round += 1) {
      const { release } = await releases.upload(db, bytes);
      await Promise.allSettled([
        releases.deleteRelease(db, release.id),
        releases.upload(db, bytes, DEV),
        releases.upload(db, bytes),
      ]);

      for (const { artifacts, id } of (await list()).items) {
        for (const artifact of artifacts)
          expect((await releases.download(db, artifact.id)).equals(bytes)).toBe(true);
        await releases.deleteRelease(db, id);
      }
      expect(releases.onDisk()).toEqual([]);
    }
  });

  test("a crash between content and row leaves content that the next start sweeps away", async () => {
    const { artifact } = await releases.upload(db, await artifactBytes());
    const writer = await releases.blobs.begin();
    await writer.write(Buffer.from("orphan"));
    await writer.finish();
    expect(releases.onDisk()).toHaveLength(2);

    expect(await releases.blobs.sweep()).toBe(1);

    expect(releases.onDisk()).toEqual([artifact.sha256]);
    expect(await releases.blobs.sweep()).toBe(0);
  });

  test("when its row cannot be committed, the content is gone again", async () => {
    const writer = await releases.blobs.begin();
    await writer.write(Buffer.from("content"));
    const digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73" as Sha256;

    await expect(
      releases.blobs.keep(writer, digest, () => Promise.reject(new Error("no commit"))),
    ).rejects.toThrow("no commit");

    expect(releases.onDisk()).toEqual([]);
  });

  test("a blob that cannot be deleted does not undo the deletion, and goes with the next sweep", async () => {
    let isStuck = true;
    const stuck = (blobs: Blobs): Blobs => ({
      ...blobs,
      delete: (sha256) => (isStuck ? Promise.reject(new Error("EIO")) : blobs.delete(sha256)),
    });
    const failing = await testReleases(store.database, stuck);
    const { release } = await failing.upload(db, await artifactBytes());

    await failing.deleteRelease(db, release.id);
    expect((await list()).items).toEqual([]);
    expect(failing.onDisk()).toHaveLength(1);

    isStuck = false;
    expect(await failing.blobs.sweep()).toBe(1);
    await failing.remove();
  });

  test("another tenant's releases cannot be seen, read, changed or deleted", async () => {
    const other = await store.newTenant();
    await addProduct(other);
    const { artifact, release } = await releases.upload(db, await artifactBytes());
    const notThere = { code: "not-found" };
    const input = { ...plain, params: { releaseId: release.id } };

    expect((await list({}, other)).items).toEqual([]);
    await expect(show(release.id, other)).rejects.toMatchObject(notThere);
    await expect(
      releases.handlers.changeRelease(asOperator(other), { ...input, body: { notes: "evil" } }),
    ).rejects.toMatchObject(notThere);
    await expect(releases.deleteRelease(other, release.id)).rejects.toMatchObject(notThere);
    await expect(releases.deleteArtifact(other, artifact.id)).rejects.toMatchObject(notThere);
    await expect(releases.download(other, artifact.id)).rejects.toMatchObject(notThere);
    await expect(releases.download(db, newId<ArtifactId>())).rejects.toMatchObject(notThere);

    expect((await show(release.id)).notes).toBe("");
    expect(await eventBodies(other)).toHaveLength(1);
    // Their own upload of the same file is their own artifact.
    expect(await releases.upload(other, await artifactBytes())).toMatchObject({ created: true });
  });
});
