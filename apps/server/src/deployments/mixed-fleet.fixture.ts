import { instant, type InstantMs } from "@moult/base";
import { UNDECIDED_ATTRIBUTE } from "@moult/device-protocol";
import { HardwareType, type ClientTraits, type DeviceId, type ReleaseId } from "@moult/model";
import { PLACES } from "@moult/planner";
import { recordContext, recordInventory } from "../devices/index.ts";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { createGroupHandlers } from "../groups/index.ts";
import { TEST_NOW } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { changeDeployment } from "./change-deployment.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  finished,
  PRODUCT,
  report,
} from "./fleet.fixture.ts";
import { createDeploymentHandlers } from "./operations.ts";
import { orderDevice } from "./order-device.ts";
import type { AssignmentReport } from "./report-assignment.ts";

const MINI = HardwareType.parse("gw2-mini");
const ODD = HardwareType.parse("gw2-odd");
const KIOSK = HardwareType.parse("gw2-kiosk");
/** As the sessions of other makers' clients say it of them. */
const MENDER: Partial<ClientTraits> = {
  client: "mender-client",
  payloadTypes: null,
  pathPrefix: "",
  trust: "server-trusted",
  cannotKeep: ["consent", "download-only", "step-windows"],
};
const SWUPDATE: Partial<ClientTraits> = {
  client: "swupdate",
  payloadTypes: ["swu"],
  pathPrefix: "",
  trust: "server-trusted",
  bareFiles: true,
  cannotKeep: ["consent"],
};
/** Devices with the last of all places. */
const HELD_BACK = 10;
const at = (seconds: number): InstantMs => instant(TEST_NOW + seconds * 1_000);

/** What a device of a mixed fleet says of its offer, by its number. */
const STORIES: readonly (readonly AssignmentReport[])[] = [
  [],
  [{ kind: "downloading", sequence: 1, progressPercent: 40 }],
  [
    {
      kind: "deferred",
      sequence: 1,
      before: "install",
      holds: [{ code: "busy", detail: "A patient is connected." }],
    },
  ],
  [{ kind: "installing", sequence: 1 }],
  [finished("failed", "1.0", "download-failed")],
  [finished("failed", "1.0", "disk-full")],
  [finished("rejected", "1.0", "not-now")],
  [finished("rolled-back", "1.0", "health-check-failed")],
  [finished("succeeded", "2.0")],
  [finished("succeeded", "2.0")],
];

/**
 * A fleet in which everything is going on at once: four types of hardware, clients of three makers, devices in every state, some
 * that were never heard, deployments that run, wait, stopped themselves, were paused and aborted, and tries that are anywhere.
 */
export async function mixedFleet(
  db: TenantDb,
  size: number,
): Promise<{ readonly ids: readonly DeviceId[]; readonly now: InstantMs }> {
  await addProduct(db);
  const countOf = (share: number) => Math.floor(size * share);
  // Over all places in order, so that of a target that is too large to rank, too, the first are in the first share only.
  const drawsOf = (count: number) =>
    Array.from({ length: count }, (_, index) => 1 + Math.floor((index * PLACES) / (count + 1)));
  const mini = await addDevices(db, drawsOf(countOf(0.15)), MINI);
  const odd = await addDevices(db, drawsOf(countOf(0.05)), ODD);
  const mender = await addDevices(db, drawsOf(countOf(0.02)), KIOSK, MENDER);
  const swupdate = await addDevices(db, drawsOf(countOf(0.02)), KIOSK, SWUPDATE);
  const foreign = [...mender, ...swupdate];
  const usualCount = size - mini.length - odd.length - foreign.length;
  const usual = await addDevices(db, [
    ...drawsOf(usualCount - HELD_BACK),
    ...Array.from({ length: HELD_BACK }, (_, index) => PLACES - 1 - index),
  ]);
  const ids = [...usual, ...mini, ...odd, ...foreign];
  await unsettle(db, ids);

  const old = await addRelease(db, "1.5");
  const tripped = await addRelease(db, "1.7");
  const forMini = await addRelease(db, "1.9", MINI);
  const urgent = await addRelease(db, "1.8");
  const newest = await addRelease(db, "2.0");
  const large = await addRelease(db, "2.1");
  await unsigned(db, forMini);
  await deployThem(db, ids, { old, tripped, urgent, forMini, newest, large });
  await deployToForeign(db, foreign);
  return { ids, now: at(1_000) };
}

/** Puts a few of each hundred into states that no check-in leads to. */
async function unsettle(db: TenantDb, ids: readonly DeviceId[]): Promise<void> {
  const every = (nth: number) => ids.filter((_, index) => index % 100 === nth);
  const changes = [
    [every(3), { state: "pending" }],
    [every(7), { state: "rejected" }],
    [every(11), { state: "decommissioned" }],
    [every(13), { identity_conflict_at: TEST_NOW }],
    [
      every(17),
      { traits: null, traits_sha256: null, running_artifact: null, running_provides: null },
    ],
    [every(19), { running_artifact: "2.0" }],
  ] as const;
  await db.transaction(async ({ kysely, tenantId }) => {
    for (const [some, change] of changes)
      for (let start = 0; start < some.length; start += 500)
        await kysely
          .updateTable("device")
          .set(change)
          .where("tenant_id", "=", tenantId)
          .where("id", "in", some.slice(start, start + 500))
          .execute();
  });
  for (const id of every(29))
    await db.transaction((inner) => recordInventory(inner, id, { ring: "first" }, TEST_NOW));
  for (const id of every(23))
    await db.transaction((inner) =>
      recordInventory(inner, id, { [UNDECIDED_ATTRIBUTE]: "0.9-from-usb" }, TEST_NOW),
    );
  for (const id of [29, 31, 43].flatMap(every))
    await db.transaction((inner) => recordContext(inner, id, { driving: true }, TEST_NOW));
}

async function unsigned(db: TenantDb, releaseId: ReleaseId): Promise<void> {
  await db.transaction(async ({ kysely, tenantId }) => {
    await kysely
      .deleteFrom("trust_target")
      .where("tenant_id", "=", tenantId)
      .where("artifact_id", "in", (row) =>
        row.selectFrom("artifact").select("id").where("release_id", "=", releaseId),
      )
      .execute();
  });
}

async function deployThem(
  db: TenantDb,
  ids: readonly DeviceId[],
  releases: Readonly<
    Record<"old" | "tripped" | "urgent" | "forMini" | "newest" | "large", ReleaseId>
  >,
): Promise<void> {
  const change = (id: Parameters<typeof changeDeployment>[1], action: "pause" | "abort") =>
    changeDeployment(db, id, action, "Ada", { clock: clockAt(at(500)) });

  const one = [{ size: { remaining: true as const }, errorStop: { count: 1 } }];
  const first = await deploy(db, releases.old, {
    target: { kind: "group", groupId: await group(db, ids) },
  });
  await live(
    db,
    ids.filter((_, index) => index % 40 === 1),
  );
  await deploy(db, releases.tripped, {
    target: {
      kind: "devices",
      deviceIds: ids.filter((_, index) => index % 20 === 2).slice(0, 400),
    },
    plan: { stages: one },
  });
  await live(db, ids.filter((_, index) => index % 20 === 2).slice(0, 20));
  // Goes before what comes after it, and keeps some of whom it reached from that.
  const few = ids.filter((_, index) => index % 25 === 9).slice(0, 200);
  await deploy(db, releases.urgent, {
    target: { kind: "devices", deviceIds: few },
    plan: { priority: 8 },
  });
  await live(db, few.slice(0, 20));
  await deploy(db, releases.forMini);

  const main = await deploy(db, releases.newest, {
    target: { kind: "all", holdBackPercent: 3 },
    plan: {
      stages: [
        { size: { query: "inventory.ring = first" } },
        { size: { percent: 15 }, advance: { afterSeconds: 3_600 } },
        { size: { remaining: true } },
      ],
      limits: { concurrentMax: Math.ceil(ids.length / 110) },
      retry: { attemptsMax: 2, backoffSeconds: 3_600, neverOn: ["disk-full"] },
      conditions: "NOT context.driving = true",
    },
  });
  // Places are draws: the same devices are in the first stage each time.
  await db.transaction((inner) =>
    inner.kysely.updateTable("deployment").set({ salt: 1 }).where("id", "=", main.id).execute(),
  );
  const { advanceDeployment } = createDeploymentHandlers({ clock: clockAt(at(50)) });
  const params = { deploymentId: main.id };
  await advanceDeployment(asOperator(db), { params, query: undefined, body: { stage: 0 } });
  await live(db, ids.slice(0, Math.ceil(ids.length / 5)));
  await deployBounded(db, ids, releases.large);
  await change(first.id, "pause");
  for (const id of ids.filter((_, index) => index % 61 === 5).slice(0, 30))
    await orderDevice(db, main.id, id, "force", "Ada", { clock: clockAt(at(600)) }).catch(
      ignoreRefusal,
    );
}

/** A few get more than their plan's limits over time let all of them have at once. An artifact has 5,120 bytes. */
async function deployBounded(
  db: TenantDb,
  ids: readonly DeviceId[],
  large: ReleaseId,
): Promise<void> {
  const some = ids.filter((_, index) => index % 100 === 31);
  await deploy(db, large, {
    target: { kind: "devices", deviceIds: some },
    plan: { limits: { bytesPerDay: 2 * 5_120 } },
  });
  await live(db, some.slice(0, 4));
  const ramp = { perMinute: 2, factor: 2, every: { succeeded: 1 }, perMinuteMax: 10 };
  const others = ids.filter((_, index) => index % 100 === 33);
  await deploy(db, large, {
    target: { kind: "devices", deviceIds: others },
    plan: { stages: [{ size: { remaining: true }, ramp }] },
  });
  // Of the middle: those before it are in the update of the main deployment already, those behind it have other hardware.
  const [first, second] = others.slice(others.length / 2);
  for (const [id, seconds] of [
    [first, 990],
    [second, 995],
  ] as const)
    if (id !== undefined) await checkIn(db, id, { at: at(seconds) });
}

/** A plan that no client of Mender's keeps, with a file that SWUpdate does not get without its artifact. */
async function deployToForeign(db: TenantDb, deviceIds: readonly DeviceId[]): Promise<void> {
  const compressed = await addRelease(db, "2.2", KIOSK, "swu");
  await deploy(db, compressed, {
    target: { kind: "devices", deviceIds: [...deviceIds] },
    plan: { mode: "consent" },
  });
}

/** Sending a device ahead that is in an update already is refused. */
function ignoreRefusal(): void {
  // Whoever is refused stays as it is, which is a state as good as any.
}

async function group(db: TenantDb, ids: readonly DeviceId[]) {
  const groups = createGroupHandlers({ clock: clockAt(TEST_NOW) });
  const asked = { params: undefined, query: undefined };
  const { id } = await groups.createGroup(asOperator(db), {
    ...asked,
    body: { name: "a third", product: PRODUCT },
  });
  const third = ids.filter((_, index) => index % 3 === 0);
  for (let start = 0; start < third.length; start += 1_000)
    await groups.addToGroup(asOperator(db), {
      ...asked,
      params: { groupId: id },
      body: { deviceIds: third.slice(start, start + 1_000) },
    });
  return id;
}

/** Those devices check in, and each goes on as its number says. */
async function live(db: TenantDb, ids: readonly DeviceId[]): Promise<void> {
  for (const [index, id] of ids.entries()) {
    const plan = await checkIn(db, id, { at: at(100) });
    if (plan.kind === "install")
      await report(db, id, plan, STORIES[index % STORIES.length] ?? [], at(200));
  }
}
