import { present } from "@moult/base";
import { Plan, type DeviceId } from "@moult/model";
import { describe, expect, test } from "vitest";
import { recordInventory, recordRunning } from "../devices/index.ts";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { createGroupHandlers } from "../groups/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { changeDeployment } from "./change-deployment.ts";
import {
  PRODUCT,
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  finished,
  refreshed,
  report,
} from "./fleet.fixture.ts";
import { createDeploymentHandlers } from "./operations.ts";
import { previewDeployment } from "./preview-deployment.ts";

const groups = createGroupHandlers({ clock: clockAt(TEST_NOW) });
const reports = (db: TenantDb, deviceId: DeviceId, inventory: Record<string, string>) =>
  db.transaction((inner) => recordInventory(inner, deviceId, inventory, TEST_NOW));
const toEurope = { target: { kind: "query", query: "inventory.region=eu" } } as const;

describe.each(DIALECTS)("deployments to devices by a query on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleet = async (size: number) => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(
      db,
      Array.from({ length: size }, (_, index) => index + 1),
    );
    return { db, ids, releaseId: await addRelease(db, "2.0") };
  };
  const kindOf = async (db: TenantDb, deviceId: DeviceId) => (await checkIn(db, deviceId)).kind;

  test("are for whom it is true as devices are now, counted and previewed alike", async () => {
    const { db, ids, releaseId } = await fleet(4);
    const [first, second, elsewhere, quiet] = ids as [DeviceId, DeviceId, DeviceId, DeviceId];
    await reports(db, first, { region: "eu" });
    await reports(db, second, { region: "eu" });
    await reports(db, elsewhere, { region: "us" });

    const plan = Plan.parse({ stages: [{ size: { remaining: true } }] });
    const previewed = await previewDeployment(db, { releaseId, ...toEurope, plan }, TEST_NOW);
    expect(previewed).toMatchObject({ targeted: 2, gets: 2, name: "2.0 to inventory.region = eu" });

    const { id: deploymentId } = await deploy(db, releaseId, toEurope);
    const shown = () =>
      createDeploymentHandlers({ clock: clockAt(TEST_NOW) }).showDeployment(asOperator(db), {
        params: { deploymentId },
        query: undefined,
        body: undefined,
      });
    expect(await shown()).toMatchObject({
      target: { kind: "query", query: "inventory.region = eu" },
      tally: { eligible: 2 },
    });
    expect(await kindOf(db, elsewhere)).toBe("nothing-to-do");
    expect(await kindOf(db, quiet)).toBe("nothing-to-do");
    expect(await kindOf(db, first)).toBe("install");

    await reports(db, quiet, { region: "eu" });
    await reports(db, second, { region: "us" });
    expect(await kindOf(db, quiet)).toBe("install");
    expect(await kindOf(db, second)).toBe("nothing-to-do");
  });

  test("finish when all of whom it is true are done, those that an update took out of it among them", async () => {
    const { db, ids, releaseId } = await fleet(2);
    for (const deviceId of ids)
      await db.transaction((inner) =>
        recordRunning(inner, deviceId, { artifactName: "1.1", provides: {} }, TEST_NOW),
      );
    const { id } = await deploy(db, releaseId, {
      target: { kind: "query", query: "running < 2.0" },
      plan: { stages: [{ size: { count: 1 } }, { size: { remaining: true } }] },
    });
    for (let round = 1; round <= 2; round += 1)
      for (const deviceId of ids) {
        const plan = await checkIn(db, deviceId);
        if (plan.kind === "install")
          await report(db, deviceId, plan, [finished("succeeded", "2.0")]);
      }
    expect(await refreshed(db, id)).toMatchObject({ state: "finished", counts: { succeeded: 2 } });
  });

  test("keep the groups that they name, as long as they are not over", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const body = { name: "canary", product: PRODUCT };
    const asked = { params: undefined, query: undefined };
    const canary = await groups.createGroup(asOperator(db), { ...asked, body });
    const named = { params: { groupId: canary.id }, query: undefined };
    await groups.addToGroup(asOperator(db), {
      ...named,
      body: { deviceIds: [present(ids[0], "a device")] },
    });
    const { id } = await deploy(db, releaseId, {
      target: { kind: "query", query: "NOT group = canary" },
    });

    const drop = () => groups.deleteGroup(asOperator(db), { ...named, body: undefined });
    await expect(drop()).rejects.toMatchObject({ code: "in-use" });
    await changeDeployment(db, id, "abort", "Ada", { clock: clockAt(TEST_NOW) });
    await drop();
  });

  test("name no group by query, which would hold nobody", async () => {
    const { db, releaseId } = await fleet(1);
    await groups.createGroup(asOperator(db), {
      params: undefined,
      query: undefined,
      body: { name: "europe", product: PRODUCT, query: "inventory.region = eu" },
    });
    await expect(
      deploy(db, releaseId, { target: { kind: "query", query: "group = europe" } }),
    ).rejects.toMatchObject({ code: "state-conflict" });
  });
});
