import { instant } from "@moult/base";
import type { DeploymentId, DeviceId } from "@moult/model";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { approveStage, withdrawApproval, type Approver } from "./approve-stage.ts";
import { openNextStage } from "./change-deployment.ts";
import {
  ADA,
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  eventsOf,
  finished,
  personOf,
  refreshed,
  report,
} from "./fleet.fixture.ts";
import { waitingReasons } from "./explain-waiting.ts";
import { orderDevice } from "./order-device.ts";
import { previewDeployment } from "./preview-deployment.ts";
import { claimPlace } from "./claim-queries.ts";
import { setStage } from "./queries.ts";
import { showDeployments } from "./show-deployments.ts";
import { waitingDevicesPage } from "./waiting-devices.ts";

const BOB = personOf("Bob");
const CY = personOf("Cy");
const VI = personOf("Vi");
const LATER = { clock: clockAt(instant(TEST_NOW + 60_000)) };
const errorStop = { count: 1 };

describe.each(DIALECTS)("approvals of stages, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  /** Bob and Cy may deploy; Vi may only look. */
  async function fleet(size = 3) {
    const db = await store.newTenant();
    await addProduct(db);
    for (const person of [BOB, CY]) await admit(db, person, "operator");
    await admit(db, VI, "viewer");
    const ids = await addDevices(
      db,
      Array.from({ length: size }, (_, index) => index + 1),
    );
    return { db, ids, releaseId: await addRelease(db, "2.0") };
  }

  const admit = async (
    db: TenantDb,
    { userId, name, email }: Approver,
    role: "operator" | "viewer",
  ) =>
    store.database.system.transaction(async (kysely) => {
      const at = new Date(TEST_NOW).toISOString();
      await kysely
        .insertInto("auth_user")
        .values({ id: userId, name, email, email_verified: 0, created_at: at, updated_at: at })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await kysely.deleteFrom("operator").where("user_id", "=", userId).execute();
      await kysely
        .insertInto("operator")
        .values({ user_id: userId, tenant_id: db.tenantId, role, created_at: TEST_NOW })
        .execute();
    });

  const approve = (db: TenantDb, id: DeploymentId, stage: number, by: Approver) =>
    approveStage(db, id, stage, by, LATER);

  test("the counts of who waits know who was sent ahead, and that nobody is before people approved", async () => {
    const { db, ids, releaseId } = await fleet(6);
    const { id } = await deploy(db, releaseId, {
      plan: {
        stages: [
          { size: { count: 1 } },
          { size: { count: 2 }, approvals: { required: 1 } },
          { size: { remaining: true } },
        ],
        limits: { concurrentMax: 1 },
      },
    });
    const at = instant(TEST_NOW + 60_000);
    const counts = async () => {
      const waiting = await waitingReasons(db, await refreshed(db, id), at);
      return waiting.map(({ kind, count }) => `${count} ${kind}`);
    };
    const told = async () => {
      const page = await waitingDevicesPage(db, await refreshed(db, id), undefined, 10, at);
      return page.items.map(({ kind }) => kind);
    };
    const waiting: DeviceId[] = [];
    for (const each of ids) if ((await checkIn(db, each)).kind !== "install") waiting.push(each);
    expect(await counts()).toEqual(["4 stage-not-reached", "1 stage-not-reached"]);

    for (const each of waiting) await orderDevice(db, id, each, "force", "Ada", LATER);
    expect(await counts()).toEqual(["5 approval-pending"]);
    expect(await told()).toEqual(waiting.map(() => "approval-pending"));

    await approve(db, id, 1, BOB);
    expect(await counts()).toEqual(["5 next-check-in"]);
    expect(await told()).toEqual(waiting.map(() => "next-check-in"));
    for (const each of waiting) expect((await checkIn(db, each)).kind).toBe("install");
    expect(await counts()).toEqual([]);
  });

  test("nobody is offered anything before as many other people said yes as the plan asks", async () => {
    const { db, ids, releaseId } = await fleet();
    const [first] = ids as [DeviceId];
    const older = await deploy(db, await addRelease(db, "1.9"));
    const { id } = await deploy(db, releaseId, {
      plan: { stages: [{ size: { remaining: true }, approvals: { required: 2 }, errorStop }] },
    });

    // What others have approved, or needs no approval, goes on meanwhile.
    const meanwhile = await checkIn(db, first);
    expect(meanwhile).toMatchObject({ offer: { deploymentId: older.id } });
    await expect(approve(db, id, 0, ADA)).rejects.toMatchObject({ code: "forbidden" });
    await approve(db, id, 0, BOB);
    await approve(db, id, 0, BOB);
    const [half] = await showDeployments(db, [await refreshed(db, id)]);
    expect(half).toMatchObject({
      approvals: [{ stage: 0, by: "Bob", email: "bob@example.org" }],
      pendingApproval: { stage: 0, required: 2, given: 1 },
      headline: "Begins once 2 people have approved it (1 so far).",
    });
    expect(half?.approvals[0]).not.toHaveProperty("userId");
    await approve(db, id, 0, CY);

    expect(await checkIn(db, ids[1]!)).toMatchObject({ offer: { deploymentId: id } });
    expect(await refreshed(db, id)).toMatchObject({ stageOpenedAt: TEST_NOW + 60_000 });
    await expect(withdrawApproval(db, id, 0, CY, LATER)).rejects.toMatchObject({
      code: "state-conflict",
    });
    expect((await eventsOf(db, id)).slice(0, 3)).toEqual([
      "deployment-created",
      "stage-approved",
      "stage-approved",
    ]);
  });

  test("where too few people are left to approve, the deployment says so until somebody comes", async () => {
    const { db, releaseId } = await fleet();
    const stages = [{ size: { remaining: true as const }, approvals: { required: 2 }, errorStop }];
    const { id } = await deploy(db, releaseId, { plan: { stages } });
    const pending = async () =>
      (await showDeployments(db, [await refreshed(db, id)]))[0]?.pendingApproval;
    expect(await pending()).toMatchObject({ approversLeft: 2 });

    await approve(db, id, 0, BOB);
    expect(await pending()).toMatchObject({
      given: 1,
      approversLeft: 1,
      sentence: "Stage 1 opens once 2 people have approved it (1 so far).",
    });
    await admit(db, CY, "viewer");
    expect(await pending()).toMatchObject({
      approversLeft: 0,
      sentence: expect.stringMatching(
        /\. Nobody is left who could: .* or the deployment be aborted\.$/,
      ) as string,
    });
    // What was given stays, whoever gave it.
    await admit(db, BOB, "viewer");
    await admit(db, CY, "operator");
    expect(await pending()).toMatchObject({ given: 1, approversLeft: 1 });
    await approve(db, id, 0, CY);
    expect(await pending()).toBeNull();
  });

  test("a later stage waits for them too, past what a person opens or sends ahead, and opens with the last", async () => {
    const { db, ids, releaseId } = await fleet();
    const { id } = await deploy(db, releaseId, {
      plan: {
        stages: [
          { size: { count: 1 }, errorStop },
          { size: { remaining: true }, approvals: { required: 1, from: [CY.email] }, errorStop },
        ],
      },
    });
    const waiting: DeviceId[] = [];
    for (const each of ids) {
      const plan = await checkIn(db, each);
      if (plan.kind === "install") await report(db, each, plan, [finished("succeeded", "2.0")]);
      else waiting.push(each);
    }
    const [ahead] = waiting as [DeviceId];

    expect(await checkIn(db, ahead)).toMatchObject({
      reasons: [{ kind: "approval-pending", stage: 1, required: 1, given: 0 }],
      until: null,
    });
    await expect(openNextStage(db, id, 0, "Ada", LATER)).rejects.toMatchObject({
      code: "state-conflict",
    });
    await orderDevice(db, id, ahead, "force", "Ada", LATER);
    expect(await checkIn(db, ahead)).toMatchObject({ reasons: [{ kind: "approval-pending" }] });
    await expect(approve(db, id, 1, BOB)).rejects.toMatchObject({ code: "forbidden" });
    await expect(approve(db, id, 0, CY)).rejects.toMatchObject({ code: "state-conflict" });
    await expect(withdrawApproval(db, id, 1, CY, LATER)).rejects.toMatchObject({
      code: "state-conflict",
    });

    await approve(db, id, 1, CY);

    expect(await refreshed(db, id)).toMatchObject({ stage: 1 });
    expect(await checkIn(db, ahead)).toMatchObject({ kind: "install" });
  });

  test("an approval that is withdrawn counts no more, not even where it was counted a moment ago", async () => {
    const { db, releaseId } = await fleet();
    const { id } = await deploy(db, releaseId, {
      plan: {
        stages: [
          { size: { count: 1 }, errorStop },
          { size: { remaining: true }, approvals: { required: 1 }, errorStop },
        ],
      },
    });
    const claim = () =>
      db.transaction((inner) =>
        claimPlace(inner, {
          deploymentId: id,
          openMax: null,
          placesMax: null,
          offersMax: null,
          stage: null,
          bytes: null,
          site: null,
          approvedMin: 2,
          from: null,
          to: "open",
          isFirst: true,
        }),
      );
    await approve(db, id, 1, BOB);
    expect(await claim()).toBeDefined();

    await withdrawApproval(db, id, 1, BOB, LATER);

    expect(await claim()).toBeUndefined();
    expect((await refreshed(db, id)).approvedBy).toEqual([]);
    expect((await eventsOf(db, id)).at(-1)).toBe("approval-withdrawn");
    // A stage that is open is past its approvals, however it came to be open.
    await db.transaction((inner) => setStage(inner, id, 1, instant(TEST_NOW)));
    await expect(approve(db, id, 1, BOB)).rejects.toMatchObject({ code: "state-conflict" });
  });

  test.each([
    [{ required: 3 }, "only 2 could"],
    [{ required: 1, from: ["nobody@example.org", "vi@example.org"] }, "nobody could"],
  ])("a plan that too few people could approve is not taken (%#)", async (approvals, why) => {
    const { db, releaseId } = await fleet();
    const stages = [{ size: { remaining: true as const }, approvals, errorStop }];

    const refused = deploy(db, releaseId, { plan: { stages } });

    await expect(refused).rejects.toMatchObject({
      code: "approvals-impossible",
      message: expect.stringContaining(why) as string,
    });
    const { plan } = await deploy(db, releaseId);
    const request = { releaseId, target: { kind: "all" as const } };
    const { findings } = await previewDeployment(
      db,
      { ...request, plan: { ...plan, stages: [{ ...plan.stages[0]!, approvals }] } },
      TEST_NOW,
      ADA.userId,
    );
    expect(findings).toContainEqual(
      expect.objectContaining({ severity: "error", field: "plan.stages.0.approvals" }),
    );
  });
});
