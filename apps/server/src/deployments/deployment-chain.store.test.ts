import { instant, present } from "@moult/base";
import type { DeploymentId } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { DEPLOYMENT_CHAIN_START, entryFault } from "@moult/trust";
import type { Kysely } from "kysely";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import type { Schema } from "../platform/schema.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { changeDeployment } from "./change-deployment.ts";
import { chainPage } from "./chain-page.ts";
import { chainEntries, chainHead } from "./chain-queries.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  eventsOf,
  finished,
  refreshed,
  report,
} from "./fleet.fixture.ts";
import { replayChain } from "./replay-chain.ts";
import { createDeploymentTender } from "./tend-deployments.ts";
import { verifyChain } from "./verify-chain.ts";

const countUp = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe.each(DIALECTS)("the chain of a deployment on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  /** Five devices; the first stage fails twice and trips, a person lets that pass, and the rest succeeds. */
  const lived = async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, countUp(5));
    const { id } = await deploy(db, await addRelease(db, "2.0"), {
      plan: {
        stages: [
          { size: { percent: 80 }, errorStop: { count: 2 }, advance: { successPercent: 50 } },
          { size: { remaining: true } },
        ],
        limits: { concurrentMax: 3 },
        retry: { attemptsMax: 1 },
      },
    });
    let failures = 0;
    while ((await refreshed(db, id)).state !== "finished") {
      for (const deviceId of ids) {
        const plan = await checkIn(db, deviceId);
        if (plan.kind !== "install") continue;
        await report(db, deviceId, plan, [
          { kind: "downloading", sequence: 1, progressPercent: 9 },
        ]);
        const isBad = failures < 2;
        failures += isBad ? 1 : 0;
        const ending = isBad ? finished("failed", "1.0") : finished("succeeded", "2.0");
        await report(db, deviceId, plan, [ending]);
      }
      if ((await refreshed(db, id)).state === "tripped")
        await changeDeployment(db, id, "resume", "Ada", { clock: clockAt(TEST_NOW) });
    }
    return { db, id };
  };

  /** As somebody with the database's password does it, past every rule of the server. */
  const tamper = (db: TenantDb, work: (kysely: Kysely<Schema>) => Promise<unknown>) =>
    db.transaction((inner) => work(inner.kysely));
  const broken = async (db: TenantDb, id: DeploymentId) =>
    (await verifyChain(db, id, 0)).firstBreak;
  const entryOf = async (db: TenantDb, id: DeploymentId, kind: string) =>
    present(
      (await chainEntries(db, id, 0, 1_000)).find((entry) => entry.kind === kind),
      `an entry of kind ${kind}`,
    );

  test("holds every state, stage, trip, offer and end, with the facts of what the planner decided", async () => {
    const { db, id } = await lived();
    expect((await refreshed(db, id)).state).toBe("finished");

    const events = (await eventsOf(db, id)).filter((kind) => kind !== "assignment-progressed");
    const entries = await chainEntries(db, id, 0, 1_000);
    expect(entries.map(({ kind }) => kind)).toEqual(events);
    expect(events).toEqual(expect.arrayContaining(["deployment-tripped", "stage-advanced"]));
    const given = ["assignment-closed", "deployment-state-changed"];
    for (const { kind, body, inputs } of entries)
      if (!given.includes(kind) || body.includes('"finished"')) expect(inputs, kind).not.toBeNull();
      else expect(inputs, kind).toBeNull();
    expect(await verifyChain(db, id, 0)).toEqual({
      through: entries.length,
      sha256: (await chainHead(db, id))?.sha256,
      entries: entries.length,
      isMore: false,
      firstBreak: null,
    });
    expect(await verifyChain(db, id, 3)).toMatchObject({
      through: entries.length,
      firstBreak: null,
    });
  });

  test("is handed out so that anybody can check it without the server", async () => {
    const { db, id } = await lived();
    const page = await chainPage(db, id, 0, 500);
    const parts = new Map(Object.entries(page.parts));
    const sound = new Set<string>();

    let before = { number: 0, sha256: DEPLOYMENT_CHAIN_START };
    for (const item of page.items) {
      const entry = { ...item, deploymentId: id };
      expect(entryFault(entry, { ...before, parts, sound }, nodeCrypto)).toBeUndefined();
      before = item;
    }

    expect(before).toMatchObject(present(await chainHead(db, id), "it has a chain"));
    expect(sound).toEqual(new Set(parts.keys()));
    const rest = await chainPage(db, id, 4, 2);
    expect(rest.items.map(({ number }) => number)).toEqual([5, 6]);
  });

  test("the planner decides all of it again as it was decided", async () => {
    const { db, id } = await lived();

    const again = await replayChain(db, id, 0);

    expect(again).toMatchObject({ isMore: false, others: [], through: again.entries });
    // Five offers, one trip, one stage, the end.
    expect(again.same).toBe(8);
    expect(again.same + again.notDecided).toBe(again.entries);
  });

  test("facts that decide otherwise are named with what differs, and facts of another version as not replayable", async () => {
    const { db, id } = await lived();
    const offer = await entryOf(db, id, "assignment-offered");
    const trip = await entryOf(db, id, "deployment-tripped");
    const inputs = present(offer.inputs, "an offer has its facts");
    await tamper(db, (kysely) =>
      kysely
        .updateTable("event")
        .set({ inputs: inputs.replace('"openMax":3', '"openMax":4') })
        .where("sequence", "=", offer.sequence)
        .execute(),
    );
    await tamper(db, (kysely) =>
      kysely
        .updateTable("event")
        .set({ inputs: present(trip.inputs, "facts").replace(/"version":\d+}$/, '"version":99}') })
        .where("sequence", "=", trip.sequence)
        .execute(),
    );

    expect((await replayChain(db, id, 0)).others).toEqual([
      expect.objectContaining({
        number: offer.number,
        event: "assignment-offered",
        notReplayable: null,
        differences: [{ path: "claim.openMax", recorded: "4", now: "3" }],
      }),
      expect.objectContaining({
        number: trip.number,
        notReplayable: expect.stringMatching(/version 99 are not replayable/),
        differences: [],
      }),
    ]);
    expect(await broken(db, id)).toMatchObject({ kind: "altered", number: offer.number });
  });

  test("an event that is changed in any column breaks the chain there", async () => {
    const { db, id } = await lived();
    const { sequence, number, body } = await entryOf(db, id, "deployment-tripped");
    const stranger = present((await addDevices(db, [99]))[0], "a device");
    const changes = [
      { body: body.replace('"failed":2', '"failed":1') },
      { at: TEST_NOW - 1 },
      { device_id: stranger },
      { kind: "stage-advanced" },
      { inputs: null },
      { chain_sha256: "ab".repeat(32) },
    ] as const;
    for (const change of changes) {
      const before = await db.kysely
        .selectFrom("event")
        .select(["body", "at", "device_id", "kind", "inputs", "chain_sha256"])
        .where("sequence", "=", sequence)
        .executeTakeFirstOrThrow();
      const set = (values: typeof before | (typeof changes)[number]) =>
        tamper(db, (kysely) =>
          kysely.updateTable("event").set(values).where("sequence", "=", sequence).execute(),
        );
      await set(change);
      expect(await broken(db, id), JSON.stringify(change)).toMatchObject({
        kind: "altered",
        number,
      });
      await set(before);
      expect(await broken(db, id)).toBeNull();
    }
  });

  test("an event that is taken out is missed, the last one too", async () => {
    const { db, id } = await lived();
    const { entries } = await verifyChain(db, id, 0);
    const remove = (number: number) =>
      tamper(db, (kysely) =>
        kysely
          .deleteFrom("event")
          .where("deployment_id", "=", id)
          .where("chain_number", "=", number)
          .execute(),
      );

    await remove(entries);
    expect(await broken(db, id)).toMatchObject({ kind: "missing", number: entries });
    await remove(4);
    expect(await broken(db, id)).toMatchObject({ kind: "missing", number: 4 });
    expect((await verifyChain(db, id, 4)).firstBreak).toMatchObject({ kind: "missing", number: 4 });
  });

  test("an event that is put in beside the chain, or behind its end, is found", async () => {
    const { db, id } = await lived();
    const forged = {
      tenant_id: db.tenantId,
      at: TEST_NOW,
      device_id: null,
      deployment_id: id,
      assignment_id: null,
      kind: "deployment-state-changed",
      body: JSON.stringify({ kind: "deployment-state-changed", state: "paused", by: "Mallory" }),
    };
    await tamper(db, (kysely) => kysely.insertInto("event").values(forged).execute());
    expect(await broken(db, id)).toMatchObject({ kind: "unchained" });

    const { entries } = await verifyChain(db, id, 0);
    await tamper(db, (kysely) =>
      kysely
        .updateTable("event")
        .set({ chain_number: entries + 1, chain_sha256: "00".repeat(32) })
        .where("deployment_id", "=", id)
        .where("body", "=", forged.body)
        .execute(),
    );
    expect(await broken(db, id)).toMatchObject({ kind: "end-differs" });
  });

  test("a part of the facts that is changed or gone breaks the first entry that names it", async () => {
    const { db, id } = await lived();
    const [plan] = await db.kysely
      .selectFrom("deployment_fact")
      .select(["sha256", "content"])
      .where("deployment_id", "=", id)
      .where("content", "like", '%"stages"%')
      .execute();
    const { sha256, content } = present(plan, "the plan is kept once");
    const set = (text: string) =>
      tamper(db, (kysely) =>
        kysely
          .updateTable("deployment_fact")
          .set({ content: text })
          .where("sha256", "=", sha256)
          .where("deployment_id", "=", id)
          .execute(),
      );

    await set(content.replace('"count":2', '"count":20'));
    expect(await broken(db, id)).toMatchObject({ kind: "inputs-altered", number: 1 });
    await set(content);
    expect(await broken(db, id)).toBeNull();
    await tamper(db, (kysely) =>
      kysely.deleteFrom("deployment_fact").where("sha256", "=", sha256).execute(),
    );
    expect(await broken(db, id)).toMatchObject({ kind: "inputs-altered", number: 1 });
    expect((await replayChain(db, id, 0)).others[0]?.notReplayable).toMatch(/gone/);
  });

  test("a deployment's row that is set by hand is found out by its events", async () => {
    const { db, id } = await lived();
    const { state, stage, plan, chain_sha256, chain_number } = await db.kysely
      .selectFrom("deployment")
      .select(["state", "stage", "plan", "chain_sha256", "chain_number"])
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    const before = { state, stage, plan, chain_sha256, chain_number };
    const set = (values: Partial<typeof before>) =>
      tamper(db, (kysely) =>
        kysely.updateTable("deployment").set(values).where("id", "=", id).execute(),
      );
    const changes = [
      ["deployment-differs", { state: "running" }],
      ["deployment-differs", { stage: 0 }],
      ["deployment-differs", { plan: plan.replace('"concurrentMax":3', '"concurrentMax":300') }],
      ["end-differs", { chain_sha256: "ab".repeat(32) }],
      ["end-differs", { chain_number: 3 }],
    ] as const;
    for (const [kind, change] of changes) {
      await set(change);
      expect(await broken(db, id), JSON.stringify(change)).toMatchObject({ kind });
      await set(before);
      expect(await broken(db, id)).toBeNull();
    }
  });

  test("devices that check in at once make one chain without a gap, and silent ones are links of it too", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, countUp(24));
    const { id } = await deploy(db, await addRelease(db, "2.0"), {
      plan: { timeouts: { silenceSeconds: 3_600 } },
    });
    await Promise.all(ids.map((deviceId) => checkIn(db, deviceId)));
    let now = TEST_NOW;
    const tender = createDeploymentTender({ clock: { now: () => now }, log: silentLog });
    for (let minute = 0; minute < 70; minute += 1) {
      await tender.tend(db);
      now = instant(now + 60_000);
    }

    expect((await refreshed(db, id)).counts.silent).toBe(24);
    expect(await verifyChain(db, id, 0)).toMatchObject({ firstBreak: null, isMore: false });
    expect((await replayChain(db, id, 0)).others).toEqual([]);
  });
});
