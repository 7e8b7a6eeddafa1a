import { isoText, later, seededRandom, type InstantMs } from "@moult/base";
import { memoryClaims, tryClaims, type ClaimStore } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../platform/database.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { waitingReasons } from "./explain-waiting.ts";
import { addDevices, addProduct, addRelease, checkIn, deploy, refreshed } from "./fleet.fixture.ts";
import { flowOf, noteOffer } from "./flow-queries.ts";
import type { DevicePlan } from "./plan-device.ts";
import { claimPlace, moveCount, type DeploymentRecord } from "./queries.ts";

/** The claims of a deployment as a server makes them. */
function storedClaims(db: TenantDb, { id }: DeploymentRecord): ClaimStore {
  return {
    facts: async (now) => {
      const deployment = await refreshed(db, id);
      return { tally: deployment.counts, flow: await flowOf(db, deployment, now) };
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
        await noteOffer(inner, claimed, now);
        return true;
      }),
    end: async () => {
      await db.transaction((inner) => moveCount(inner, id, "open", "succeeded"));
    },
  };
}

const plan = { limits: { concurrentMax: 4, perMinute: 5 } };
const PLACES = 60;

describe.each(DIALECTS)("claims on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function deployed() {
    const db = await store.newTenant();
    await addProduct(db);
    await addDevices(db, [1]);
    return { db, deployment: await deploy(db, await addRelease(db, "2.0"), { plan }) };
  }

  test("are granted as claims in memory are, one by one", async () => {
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

  test("of two servers at once exceed no limit", async () => {
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
});
