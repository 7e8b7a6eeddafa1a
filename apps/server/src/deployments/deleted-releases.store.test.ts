import { instant, present, type InstantMs } from "@moult/base";
import type { DeploymentId, DeviceId, ReleaseId } from "@moult/model";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { testReleases, type TestReleases } from "../releases/test-releases.fixture.ts";
import { changeDeployment } from "./change-deployment.ts";
import {
  ADA,
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  finished,
  refreshed,
  report,
  setRunning,
} from "./fleet.fixture.ts";
import { orderRollback } from "./order-rollback.ts";
import { createDeploymentTender } from "./tend-deployments.ts";

const at = (seconds: number): InstantMs => instant(TEST_NOW + seconds * 1_000);

describe.each(DIALECTS)(
  "releases that are deleted while deployments need them, on %s",
  (dialect) => {
    const store = useTestDatabase(dialect);
    let releases: TestReleases;
    beforeEach(async () => {
      releases = await testReleases(store.database);
    });
    afterEach(() => releases.remove());

    async function fleet() {
      const db = await store.newTenant();
      await addProduct(db);
      const ids = await addDevices(db, [1, 2, 3]);
      const before = await addRelease(db, "1.0");
      return { db, ids, before, bad: await addRelease(db, "2.0") };
    }

    const isRefused = (db: TenantDb, releaseId: ReleaseId) =>
      expect(releases.deleteRelease(db, releaseId)).rejects.toMatchObject({ code: "in-use" });

    const abort = (db: TenantDb, id: DeploymentId) =>
      changeDeployment(db, id, "abort", "Ada", { clock: clockAt(at(90)) });

    const stopsAtOnce = {
      stages: [{ size: { remaining: true as const }, errorStop: { count: 1 } }],
    };

    test("that of the plan stays until the deployment is over", async () => {
      const { db, bad } = await fleet();
      const good = await addRelease(db, "1.9");
      const plan = { ...stopsAtOnce, onTrip: { rollBackTo: good } };
      const { id } = await deploy(db, bad, { plan });

      await isRefused(db, good);
      await abort(db, id);
      await releases.deleteRelease(db, good);
    });

    test("that of a person's rollback stays as long as somebody installs what is taken back", async () => {
      const { db, ids, bad } = await fleet();
      const good = await addRelease(db, "1.9");
      const device = present(ids[0], "a device");
      const { id } = await deploy(db, bad);
      const plan = await checkIn(db, device, { at: at(1) });
      await report(db, device, plan, [{ kind: "installing", sequence: 1 }], at(1));
      await orderRollback(db, id, { to: good, unable: "refuse" }, ADA, { clock: clockAt(at(2)) });

      await isRefused(db, good);
      await report(db, device, plan, [finished("rolled-back", "1.0")], at(3));
      await releases.deleteRelease(db, good);
    });

    test("what devices ran before may go, and a rollback then says whom it leaves, each time anew", async () => {
      const { db, ids, before, bad } = await fleet();
      const [done, failing] = ids as [DeviceId, DeviceId];
      const { id } = await deploy(db, bad, { plan: { ...stopsAtOnce, onTrip: "roll-back" } });
      const plan = await checkIn(db, done, { at: at(1) });
      await report(db, done, plan, [finished("succeeded", "2.0")], at(1));
      await setRunning(db, done, "2.0");
      await releases.deleteRelease(db, before);
      const failed = await checkIn(db, failing, { at: at(2) });
      await report(db, failing, failed, [finished("rolled-back", "1.0")], at(2));
      const tender = createDeploymentTender({ clock: clockAt(at(3)), log: silentLog });

      await tender.tend(db);
      await tender.tend(db);

      expect(await refreshed(db, id)).toMatchObject({
        state: "tripped",
        rollbackProblems: [
          "1 device that ran 1.0 could not be rolled back: no release 1.0 with an artifact for them is here.",
        ],
      });
      // Its signed entry outlives it, and here the same build is signed anew.
      await db.transaction(async (inner) => {
        await inner.kysely.deleteFrom("trust_target").where("path", "like", "%/1.0/%").execute();
      });
      await addRelease(db, "1.0");
      await tender.tend(db);
      expect(await refreshed(db, id)).toMatchObject({ rollbackProblems: [] });
      expect(await checkIn(db, done, { at: at(4) })).toMatchObject({
        offer: { artifactName: "1.0" },
      });
    });
  },
);
