import {
  HardwareType,
  Plan,
  type DeploymentTarget,
  type GroupId,
  type ReleaseId,
} from "@moult/model";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { newId } from "../platform/new-id.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  PRODUCT,
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  deploy,
  finished,
  report,
  setRunning,
} from "./fleet.fixture.ts";
import { previewDeployment } from "./preview-deployment.ts";

const OTHER = HardwareType.parse("old-board");
const plan = (stages: readonly object[]) => Plan.parse({ stages });
const careful = plan([
  { size: { percent: 10 }, errorStop: { count: 1 } },
  { size: { remaining: true }, errorStop: { count: 1 } },
]);
const countUp = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe.each(DIALECTS)("previews of deployments on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const preview = (
    db: TenantDb,
    releaseId: ReleaseId,
    target: DeploymentTarget = { kind: "all" },
    how = careful,
  ) => previewDeployment(db, { releaseId, target, plan: how }, TEST_NOW);
  const change = (db: TenantDb, deviceId: string | undefined, columns: object) =>
    db.transaction(async (inner) => {
      await inner.kysely
        .updateTable("device")
        .set(columns)
        .where("id", "=", (deviceId ?? "") as never)
        .execute();
    });

  test("says who gets it, who runs it, and who cannot for which reason", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, countUp(20));
    const [wrong] = await addDevices(db, [30], OTHER);
    await addDevices(db, [31, 32], undefined, { pathPrefix: "gw2/dev/", trust: "server-trusted" });
    await addDevices(db, [33], undefined, { payloadTypes: ["app"] });
    await addDevices(db, [34], undefined, { trust: "server-trusted" });
    const releaseId = await addRelease(db, "2.0");
    await setRunning(db, ids[0] ?? ("" as never), "2.0");
    await change(db, ids[1], { state: "pending" });
    await change(db, ids[2], { identity_conflict_at: TEST_NOW });
    await change(db, ids[3], { state: "decommissioned" });

    const seen = await preview(db, releaseId);
    expect(seen).toMatchObject({
      targeted: 24,
      gets: 17,
      alreadyRunning: 1,
      takesOverFrom: [],
      trust: { "end-to-end": 16, "server-trusted": 1 },
      stages: [
        { size: { percent: 10 }, deviceCount: 2 },
        { size: { remaining: true }, deviceCount: 20 },
      ],
      findings: [],
      confirm: null,
    });
    expect(seen.cannot.map(({ sentence, count }) => [count, sentence])).toEqual(
      expect.arrayContaining([
        [2, "2 devices take artifacts under gw2/dev/ only."],
        [1, "1 device waits to be accepted."],
        [1, "1 device shares its key with another machine."],
        [1, "1 device is of the hardware type old-board, which the release has no artifact for."],
        [1, "1 device cannot install the payload type rootfs-image."],
      ]),
    );
    expect(seen.cannot[0]).toMatchObject({ kind: "outside-path-prefix", count: 2 });
    expect(seen.cannot[0]?.samples).toHaveLength(2);
    const lacking = seen.cannot.find(({ kind }) => kind === "no-artifact-for-hardware");
    expect(lacking?.samples).toEqual([{ id: wrong, name: wrong }]);
  });

  test("tells the same of a group and of a list, for those in it", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, countUp(1_500));
    const releaseId = await addRelease(db, "2.0");
    const groupId = newId<GroupId>();
    await db.transaction(async (inner) => {
      const { tenantId: tenant_id } = db;
      await inner.kysely
        .insertInto("device_group")
        .values({ id: groupId, tenant_id, product: PRODUCT, name: "roof", created_at: 0 })
        .execute();
      for (const device_id of ids.slice(0, 3))
        await inner.kysely
          .insertInto("device_group_member")
          .values({ tenant_id, group_id: groupId, device_id })
          .execute();
    });

    expect(await preview(db, releaseId, { kind: "group", groupId })).toMatchObject({ gets: 3 });
    expect(await preview(db, releaseId, { kind: "devices", deviceIds: ids })).toMatchObject({
      targeted: 1_500,
      gets: 1_500,
      stages: [{ deviceCount: 150 }, { deviceCount: 1_350 }],
    });
    await expect(
      preview(db, releaseId, { kind: "group", groupId: newId<GroupId>() }),
    ).rejects.toMatchObject({ code: "not-found" });
  });

  test("names the deployments that it takes devices over from, without those that are done there", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const [first, second] = await addDevices(db, [1, 2, 3]);
    if (first === undefined || second === undefined) throw new Error("devices were added");
    const all = await deploy(db, await addRelease(db, "2.0"));
    const listed = await deploy(db, await addRelease(db, "2.1"), {
      target: { kind: "devices", deviceIds: [first, second] },
    });
    await report(db, first, await checkIn(db, first), [finished("succeeded", "2.1")]);

    const { takesOverFrom } = await preview(db, await addRelease(db, "3.0"));
    expect(takesOverFrom).toEqual([
      { deploymentId: listed.id, name: "2.1 to 2 devices", count: 1 },
      { deploymentId: all.id, name: `2.0 to all of ${PRODUCT}`, count: 3 },
    ]);
  });

  test("warns of what is not careful, and asks before it", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    await addDevices(db, countUp(3));
    const releaseId = await addRelease(db, "2.0");

    expect(
      await preview(db, releaseId, undefined, plan([{ size: { remaining: true } }])),
    ).toMatchObject({
      findings: [
        { severity: "warning", field: "plan.stages" },
        { severity: "warning", field: "plan.stages.0.errorStop" },
      ],
      confirm: expect.stringMatching(/^Deploy 2\.0 to all 3 devices in one stage, without/),
    });
    expect(await preview(db, await addRelease(db, "3.0", OTHER))).toMatchObject({
      gets: 0,
      findings: [{ severity: "error", field: "target" }],
      confirm: null,
    });
  });
});
