import {
  DAY_MS,
  HOUR_MS,
  isoText,
  later,
  MINUTE_MS,
  seededRandom,
  type InstantMs,
} from "@moult/base";
import type { DeviceId } from "@moult/model";
import { memoryClaims, tryClaims, type ClaimStore } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../platform/database.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { waitingReasons } from "./explain-waiting.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  deploy,
  finished,
  PRODUCT,
  refreshed,
  report,
  setRunning,
} from "./fleet.fixture.ts";
import { flowOf, noteOffer } from "./flow-queries.ts";
import type { DevicePlan } from "./plan-device.ts";
import { enterSite, siteFacts } from "./site-queries.ts";
import { claimPlace } from "./claim-queries.ts";
import { moveCount, setStage, type DeploymentRecord } from "./queries.ts";

/** The claims of a deployment as a server makes them. */
function storedClaims(db: TenantDb, { id }: DeploymentRecord): ClaimStore {
  return {
    facts: async (now, site) => {
      const deployment = await refreshed(db, id);
      return {
        tally: deployment.counts,
        stage: deployment.stage,
        flow: await flowOf(db, deployment, await siteFacts(db, deployment, { store: site }), now),
      };
    },
    offer: (claim, now) =>
      db.transaction(async (inner) => {
        const taken = {
          ...claim,
          deploymentId: id,
          from: null,
          to: "open",
          isFirst: true,
        } as const;
        const claimed = await claimPlace(inner, taken);
        if (claimed === undefined) return false;
        await noteOffer(inner, claimed, claim, now);
        await enterSite(inner, id, claim);
        return true;
      }),
    openStage: async (stage, now) => {
      await db.transaction((inner) => setStage(inner, id, stage, now));
    },
    end: async (site) => {
      await db.transaction(async (inner) => {
        await moveCount(inner, id, "open", "succeeded");
        await inner.kysely
          .updateTable("deployment_site")
          .set((row) => ({ open: row("open", "-", 1) }))
          .where("deployment_id", "=", id)
          .where("site", "=", site)
          .execute();
      });
    },
  };
}

async function setStores(db: TenantDb, ids: readonly DeviceId[], value: string): Promise<void> {
  const row = { tenant_id: db.tenantId, product: PRODUCT, name: "store", value };
  await db.transaction((inner) =>
    inner.kysely
      .insertInto("device_attribute")
      .values(ids.map((device_id) => ({ ...row, device_id })))
      .onConflict((conflict) => conflict.columns(["device_id", "name"]).doUpdateSet({ value }))
      .execute(),
  );
}

const plan = {
  stages: [
    {
      size: { count: 10 },
      ramp: { perMinute: 1, factor: 2, every: { offered: 3 }, perMinuteMax: 4 },
    },
    {
      size: { count: 20 },
      ramp: { perMinute: 1, factor: 1.5, every: { succeeded: 2 }, perMinuteMax: 5 },
    },
    { size: { remaining: true as const } },
  ],
  limits: {
    concurrentMax: 4,
    perMinute: 5,
    perSite: { attribute: "store", concurrentMax: 2 },
    bytesPerDay: 800_000,
  },
};
const PLACES = 30;
/** Some hundreds of claims, each in a transaction of its own; a busy machine takes a while. */
const LONG = 120_000;
/** Of what `addRelease` makes. */
const ARTIFACT_BYTES = 5_120;

describe.each(DIALECTS)("claims on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function deployed() {
    const db = await store.newTenant();
    await addProduct(db);
    await addDevices(db, [1]);
    return { db, deployment: await deploy(db, await addRelease(db, "2.0"), { plan }) };
  }

  test("are granted as claims in memory are, one by one", { timeout: LONG }, async () => {
    for (let seed = 1; seed <= 3; seed += 1) {
      const { db, deployment } = await deployed();
      const tried = (claims: ClaimStore) =>
        tryClaims(
          [claims],
          deployment,
          { placesMax: PLACES, how: "one-by-one" },
          seededRandom(seed),
          TEST_NOW,
        );

      const trial = await tried(storedClaims(db, deployment));

      expect(trial.broken).toEqual([]);
      expect(trial.granted).toContain(true);
      expect(trial).toEqual(await tried(memoryClaims()));
    }
  });

  test("of two servers at once exceed no limit", { timeout: LONG }, async () => {
    // A database of SQLite is one server's.
    const second = dialect === "sqlite" ? undefined : await openDatabase(store.place, silentLog);
    try {
      for (let seed = 1; seed <= 2; seed += 1) {
        const { db, deployment } = await deployed();
        const { broken, granted } = await tryClaims(
          [
            storedClaims(db, deployment),
            storedClaims(second?.tenant(db.tenantId) ?? db, deployment),
          ],
          deployment,
          { placesMax: null, how: "at-once" },
          seededRandom(seed),
          TEST_NOW,
        );
        expect(broken, `seed ${seed}`).toEqual([]);
        expect(granted).toContain(true);
      }
    } finally {
      await second?.close();
    }
  });

  test("of a site's devices are let go by where they were when they were offered it", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, [1, 2, 3, 4]);
    await setStores(db, ids, "north");
    const perSite = { attribute: "store", concurrentMax: 2 };
    const deployment = await deploy(db, await addRelease(db, "2.0"), {
      plan: { limits: { perSite } },
    });
    const [first, second, third, fourth] = ids as [DeviceId, DeviceId, DeviceId, DeviceId];
    const offer = await checkIn(db, first);
    await checkIn(db, second);

    const reason = { kind: "site-limit", attribute: "store", site: "north", limit: 2 };
    expect(await checkIn(db, third)).toMatchObject({ reasons: [reason], isContended: true });
    const told = await waitingReasons(db, await refreshed(db, deployment.id), TEST_NOW);
    expect(told).toMatchObject([{ kind: "site-limit", count: 2 }]);

    await setStores(db, [first], "south");
    await report(db, first, offer, [finished("failed", "1.0")]);
    expect(await checkIn(db, third)).toMatchObject({ kind: "install" });
    expect(await checkIn(db, fourth)).toMatchObject({ reasons: [reason] });
    await setStores(db, [fourth], "south");
    expect(await checkIn(db, fourth)).toMatchObject({ kind: "install" });
  });

  test("of check-ins are so many in any minute, and whoever waits is told from when on the next", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, [1, 2, 3, 4, 5]);
    const releaseId = await addRelease(db, "2.0");
    const deployment = await deploy(db, releaseId, { plan: { limits: { perMinute: 2 } } });
    const round = async (at: InstantMs) => {
      const plans: DevicePlan[] = [];
      for (const id of ids) plans.push(await checkIn(db, id, { at }));
      return plans;
    };

    const first = await round(TEST_NOW);
    const until = later(TEST_NOW, 63_000);
    const reason = { kind: "rate-limit", perMinute: 2, until: isoText(until) };
    expect(first.filter(({ kind }) => kind === "install")).toHaveLength(2);
    expect(first[4]).toMatchObject({ reasons: [reason], isContended: false, until });
    expect(await waitingReasons(db, await refreshed(db, deployment.id), TEST_NOW)).toEqual([
      {
        kind: "rate-limit",
        sentence: "3 devices wait, because at most 2 start in any minute.",
        count: 3,
      },
    ]);

    expect(await round(later(until, -1))).toMatchObject(first.map(({ kind }) => ({ kind })));
    expect((await round(until)).filter(({ kind }) => kind === "install")).toHaveLength(4);
  });

  test("of check-ins take so many bytes in any 24 hours, also over several tries, and never more for one", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, [1, 2, 3, 4]);
    const [first, second, third, fourth] = ids as [DeviceId, DeviceId, DeviceId, DeviceId];
    const releaseId = await addRelease(db, "2.0");
    const limits = { bytesPerDay: 3 * ARTIFACT_BYTES };
    const deployment = await deploy(db, releaseId, {
      plan: { limits, retry: { attemptsMax: 2 } },
    });

    const offer = await checkIn(db, first);
    await report(db, first, offer, [finished("failed", "1.0")]);
    const after = later(TEST_NOW, HOUR_MS);
    expect(await checkIn(db, first, { at: after })).toMatchObject({ kind: "install" });
    expect(await checkIn(db, second, { at: after })).toMatchObject({ kind: "install" });

    const until = later(TEST_NOW, DAY_MS + 30 * MINUTE_MS + 2_000);
    const reason = {
      kind: "byte-budget",
      bytesPerDay: limits.bytesPerDay,
      sizeBytes: ARTIFACT_BYTES,
      until: isoText(until),
    };
    expect(await checkIn(db, third, { at: after })).toMatchObject({
      reasons: [reason],
      isContended: false,
      until,
    });
    expect(await waitingReasons(db, await refreshed(db, deployment.id), after)).toMatchObject([
      { kind: "byte-budget", count: 2 },
    ]);
    expect(await checkIn(db, third, { at: later(until, -1) })).toMatchObject({ reasons: [reason] });
    expect(await checkIn(db, third, { at: until })).toMatchObject({ kind: "install" });
    // What the second try and the second device got is an hour younger.
    expect(await checkIn(db, fourth, { at: until })).toMatchObject({
      reasons: [{ kind: "byte-budget", until: isoText(later(until, HOUR_MS)) }],
    });

    const small = { bytesPerDay: ARTIFACT_BYTES - 1 };
    await deploy(db, await addRelease(db, "2.1"), { plan: { limits: small } });
    expect(await checkIn(db, fourth, { at: until })).toMatchObject({
      reasons: [{ kind: "byte-budget", until: null }, { kind: "superseded" }],
      until: null,
    });
  });

  test("of check-ins begin with a stage's ramp when it opens, and go faster as devices succeed", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, [1, 2, 3, 4, 5, 6, 7, 8]);
    const ramp = { perMinute: 1, factor: 2, every: { succeeded: 1 }, perMinuteMax: 2 };
    const stages = [{ size: { count: 3 } }, { size: { remaining: true as const }, ramp }];
    const deployment = await deploy(db, await addRelease(db, "2.0"), { plan: { stages } });
    const round = async (at: InstantMs) => {
      const offered: [DeviceId, DevicePlan][] = [];
      const waiting: DevicePlan[] = [];
      for (const id of ids) {
        const plan = await checkIn(db, id, { at });
        if (plan.kind === "install") offered.push([id, plan]);
        else if (plan.reasons[0]?.kind !== "already-running") waiting.push(plan);
      }
      for (const [id, plan] of offered) {
        await report(db, id, plan, [finished("succeeded", "2.0")], at);
        await setRunning(db, id, "2.0");
      }
      return { offered: offered.length, waiting };
    };

    expect((await round(TEST_NOW)).offered).toBe(3);
    const opened = await refreshed(db, deployment.id);
    expect(opened).toMatchObject({ stage: 1, atOpening: { offers: 3, succeeded: 3 } });
    const afterMinute = (minute: number) => later(TEST_NOW, minute * 65_000);

    // The three of the stage before it are in this minute too.
    expect((await round(later(TEST_NOW, 1_000))).offered).toBe(0);
    const { offered, waiting } = await round(afterMinute(1));
    expect(offered).toBe(1);
    const until = isoText(later(afterMinute(1), 63_000));
    const reason = { kind: "rate-limit", perMinute: 1, growsTo: 2, until };
    expect(waiting[0]).toMatchObject({ reasons: [reason], isContended: true });

    // Its success makes it two, and nobody waits for the minute to be over.
    const told = async () => waitingReasons(db, await refreshed(db, deployment.id), afterMinute(1));
    expect(await told()).toMatchObject([{ kind: "next-check-in", count: 4 }]);
    expect((await round(afterMinute(1))).offered).toBe(1);
    const sentence = "3 devices wait, because at most 2 start in any minute.";
    expect(await told()).toEqual([{ kind: "rate-limit", sentence, count: 3 }]);
    expect((await round(afterMinute(2))).offered).toBe(2);
  });

  test("of a stage that is no longer the open one are not granted: its rate was another's", async () => {
    const { db, deployment } = await deployed();
    const { offer, openStage } = storedClaims(db, deployment);
    const claim = {
      openMax: null,
      placesMax: null,
      offersMax: null,
      stage: 0,
      bytes: null,
      site: null,
      approvedMin: null,
    };

    await openStage(1, TEST_NOW);
    expect(await offer(claim, TEST_NOW)).toBe(false);
    expect(await offer({ ...claim, stage: 1 }, TEST_NOW)).toBe(true);
  });
});
