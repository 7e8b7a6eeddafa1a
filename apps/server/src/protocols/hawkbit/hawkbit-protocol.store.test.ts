import { createHash } from "node:crypto";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "@moult/base";
import type { Plan } from "@moult/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type * as z from "zod";
import { addProduct, deploy, refreshed } from "../../deployments/fleet.fixture.ts";
import { expireAssignments } from "../../deployments/expire-assignments.ts";
import { changeDeployment } from "../../deployments/change-deployment.ts";
import { DIALECTS } from "../../platform/dialect.ts";
import type { TenantDb } from "../../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../../platform/test-database.fixture.ts";
import {
  TestController,
  addFileRelease,
  register,
  startHawkbitServer,
  AGENTS,
  type HawkbitServer,
} from "./hawkbit-server.fixture.ts";

interface Shown {
  readonly id: string;
  readonly deployment: {
    readonly download: string;
    readonly update: string;
    readonly maintenanceWindow?: string;
    readonly chunks: readonly {
      readonly version: string;
      readonly artifacts: readonly {
        readonly filename: string;
        readonly size: number;
        readonly hashes: Record<string, string>;
        readonly _links: Record<string, { readonly href: string }>;
      }[];
    }[];
  };
}

const content = Buffer.from("0123456789".repeat(1_000));
const digest = (name: string) => createHash(name).update(content).digest("hex");

describe.each(DIALECTS)("hawkBit's protocol, on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let server: HawkbitServer;
  beforeAll(async () => {
    server = await startHawkbitServer(store);
  });
  afterAll(() => server.close());

  async function aDevice(db: TenantDb, agent: keyof typeof AGENTS): Promise<TestController> {
    const { controllerId, token } = await register(db, server);
    const device = new TestController(server, db, controllerId, `TargetToken ${token}`, agent);
    await device.links();
    await device.configData({ sw_version: "1.0" });
    return device;
  }

  async function anUpdate(
    agent: keyof typeof AGENTS,
    plan: Partial<z.input<typeof Plan>> = {},
    type = agent === "rauc" ? "rauc" : "swu",
  ) {
    const db = await store.newTenant();
    await addProduct(db);
    const device = await aDevice(db, agent);
    const file = { type, name: `fw.${type}`, content };
    const { releaseId, artifact } = await addFileRelease(db, server, "2.0", file);
    const { id } = await deploy(db, releaseId, { plan });
    return { db, device, deploymentId: id, releaseId, artifact };
  }

  /** A plan that lets devices install and restart for an hour, so many hours from the full one that was last. */
  const windowIn = (hours: number): Partial<z.input<typeof Plan>> => {
    const hour = (new Date(server.clock.now()).getUTCHours() + hours) % 24;
    const at = `${String(hour).padStart(2, "0")}:00`;
    return { windows: [{ for: ["install", "reboot"], at, durationMinutes: 60, zone: "UTC" }] };
  };

  const shownTo = async (device: TestController): Promise<Shown> => {
    const { deploymentBase = "" } = await device.links();
    const reply = await device.request("GET", deploymentBase);
    expect([deploymentBase, reply.statusCode]).toEqual([expect.stringMatching(/./), 200]);
    return reply.json<Shown>();
  };

  test("an update is done when its client has ended it and what then runs is its release", async () => {
    const { db, device, deploymentId } = await anUpdate("swupdate");

    const { id, deployment } = await shownTo(device);
    const file = deployment.chunks[0]?.artifacts[0];
    expect(Number(id)).toBeGreaterThan(0);
    expect(deployment).toMatchObject({ download: "forced", update: "forced" });
    expect(file).toMatchObject({
      filename: "fw.swu",
      size: content.length,
      hashes: { sha1: digest("sha1"), md5: digest("md5"), sha256: digest("sha256") },
    });
    const href = file?._links["download-http"]?.href ?? "";
    expect(href).toMatch(/^http:\/\/updates\.example:8443\//);
    expect((await device.request("GET", href)).rawPayload.equals(content)).toBe(true);

    expect((await device.feedback(id, "proceeding", "none", ["All Chunks Installed."])).body).toBe(
      "",
    );
    // It has restarted: what it runs says nothing before its client has ended the update.
    await device.configData({ sw_version: "2.0" });
    expect((await refreshed(db, deploymentId)).counts).toMatchObject({ open: 1, succeeded: 0 });
    expect(await device.links()).toHaveProperty("deploymentBase");
    await device.feedback(id, "closed", "success", ["Update Installed."]);

    expect((await refreshed(db, deploymentId)).counts).toMatchObject({ open: 0, succeeded: 1 });
    expect(await device.links()).not.toHaveProperty("deploymentBase");
    expect((await device.feedback(id, "closed", "success")).statusCode).toBe(410);
    expect((await device.request("GET", `/installedBase/${id}`)).statusCode).toBe(200);
  });

  test("what is written and does not run is no success, and a fall-back is one that rolled back", async () => {
    const { db, device, deploymentId } = await anUpdate("rauc");
    const { id } = await shownTo(device);
    await device.feedback(id, "closed", "success", ["Software bundle installed successfully."]);

    expect((await refreshed(db, deploymentId)).counts).toMatchObject({ open: 1, succeeded: 0 });
    // It has not restarted yet, says so, and is asked again.
    expect(Object.keys(await device.links())).toEqual(["configData"]);
    await device.configData({ sw_version: "1.0" });
    expect(Object.keys(await device.links())).toEqual(["configData"]);
    server.clock.move(601 * SECOND_MS);
    await device.configData({ sw_version: "1.0" });

    expect((await refreshed(db, deploymentId)).counts).toMatchObject({ open: 0, rolledBack: 1 });
  });

  test("a device has fallen back when it was started again since its update was written, and not before", async () => {
    const { db, device, deploymentId } = await anUpdate("rauc");
    // Said with its enrolment; it was started again in the meantime.
    await device.configData({ sw_version: "1.0", boot_id: "a" });
    expect(Object.keys(await device.links())).toEqual(["deploymentBase", "configData"]);
    await device.configData({ sw_version: "1.0", boot_id: "b" });
    const { id } = await shownTo(device);
    // Its power failed while it installed, and its client begins again.
    await device.feedback(id, "proceeding", "none", ["File checksum OK."]);
    await shownTo(device);
    expect(Object.keys(await device.links())).toEqual(["deploymentBase", "configData"]);
    await device.configData({ sw_version: "1.0", boot_id: "c" });
    await device.feedback(id, "closed", "success");

    for (const seconds of [1, 601]) {
      server.clock.move(seconds * SECOND_MS);
      expect(Object.keys(await device.links())).toEqual(["configData"]);
      await device.configData({ sw_version: "1.0", boot_id: "c" });
      expect((await refreshed(db, deploymentId)).counts).toMatchObject({ open: 1, rolledBack: 0 });
    }
    await device.configData({ sw_version: "1.0", boot_id: "d" });
    expect((await refreshed(db, deploymentId)).counts).toMatchObject({ open: 0, rolledBack: 1 });
  });

  test("SWUpdate is shown what it restarts into also when the window has shut, and tells how it ended", async () => {
    const { db, device, deploymentId } = await anUpdate("swupdate", windowIn(0));
    const { id } = await shownTo(device);
    await device.feedback(id, "proceeding", "none", ["All Chunks Installed."]);
    server.clock.move(HOUR_MS);

    expect((await shownTo(device)).id).toBe(id);
    await device.feedback(id, "proceeding", "none", ["Update Installed, Testing Pending."]);
    expect((await shownTo(device)).id).toBe(id);
    await device.configData({ sw_version: "2.0" });
    await device.feedback(id, "closed", "success", ["Update Installed."]);
    expect((await refreshed(db, deploymentId)).counts).toMatchObject({ open: 0, succeeded: 1 });
  });

  test.each(["swupdate", "rauc"] as const)(
    "%s that waits for its plan's window is not given up, and owes a word again once that is open",
    async (agent) => {
      const silenceSeconds = HOUR_MS / SECOND_MS;
      const plan = { ...windowIn(3), timeouts: { silenceSeconds } };
      const { db, device, deploymentId } = await anUpdate(agent, plan);
      if (agent === "swupdate") expect(await device.links()).toEqual({});
      else {
        const { id } = await shownTo(device);
        await device.feedback(id, "proceeding", "none", ["File checksum OK."]);
        await device.links();
      }
      const givenUpAfter = async (ms: number) => {
        server.clock.move(ms);
        const now = server.clock.now();
        await seenAt(db, now);
        return expireAssignments(db, await refreshed(db, deploymentId), TEST_NOW, now);
      };
      const halfAnHour = HOUR_MS / 2;
      expect(await givenUpAfter(HOUR_MS + halfAnHour)).toBe(0);
      const [waiting] = await deferralsOf(db);
      expect(waiting).toContain("The next window of the plan opens at");
      await device.links();
      expect(await deferralsOf(db)).toEqual([waiting]);

      expect(await givenUpAfter(HOUR_MS + halfAnHour)).toBe(0);
      expect(await device.links()).toHaveProperty("deploymentBase");
      expect(await deferralsOf(db)).toEqual([null]);
      expect(await givenUpAfter(halfAnHour)).toBe(0);
      expect(await givenUpAfter(halfAnHour)).toBe(1);
    },
  );

  test.each(["swupdate", "rauc"] as const)(
    "%s, which would install at once what a person is to be asked about, is offered nothing",
    async (agent) => {
      const { db, device, deploymentId } = await anUpdate(agent, { mode: "consent" });
      expect(await device.links()).toEqual({});
      expect((await refreshed(db, deploymentId)).counts).toMatchObject({ admitted: 0 });
    },
  );

  test("a release in another format than the client's is not offered to it", async () => {
    const { device, db, deploymentId } = await anUpdate("rauc", {}, "swu");

    expect(await device.links()).toEqual({});
    expect((await refreshed(db, deploymentId)).counts).toMatchObject({ admitted: 0 });
  });

  test("an update that SWUpdate was shown is cancelled for the other client that its device has by now", async () => {
    const { device } = await anUpdate("swupdate");
    const { id } = await shownTo(device);
    device.headers["user-agent"] = AGENTS.rauc;

    expect(await device.links()).toEqual({
      cancelAction: expect.stringMatching(`/cancelAction/${id}$`),
    });
  });

  test("an update that is taken back is cancelled, and one that its client goes on with counts", async () => {
    const { db, device, deploymentId } = await anUpdate("rauc");
    const { id } = await shownTo(device);
    await changeDeployment(db, deploymentId, "abort", "Ada", { clock: server.clock });

    const { cancelAction = "" } = await device.links();
    const cancel = await device.request("GET", cancelAction);
    expect(cancel.json()).toEqual({ id, cancelAction: { stopId: id } });
    // SWUpdate empties its log into the update at this moment.
    expect((await device.feedback(id, "proceeding", "none", ["log"])).statusCode).toBe(200);
    expect(
      (await device.feedback(id, "closed", "success", ["Action canceled."], "cancelAction"))
        .statusCode,
    ).toBe(200);
    expect(Object.keys(await device.links())).toEqual(["configData"]);
    expect((await device.request("GET", `/cancelAction/${id}`)).statusCode).toBe(404);
  });

  test("a client that refused to give an update up, and was cut off, is asked again and has its next one", async () => {
    const { db, device, deploymentId, releaseId } = await anUpdate("rauc");
    const { id } = await shownTo(device);
    await device.configData({ sw_version: "1.0" });
    await changeDeployment(db, deploymentId, "abort", "Ada", { clock: server.clock });
    expect(await device.links()).toHaveProperty("cancelAction");
    await device.feedback(id, "rejected", "success", ["It has begun."], "cancelAction");
    await deploy(db, releaseId, {});

    expect(await device.links()).toEqual({});
    server.clock.move(11 * MINUTE_MS);
    expect(Object.keys(await device.links())).toEqual(["cancelAction"]);
    await device.feedback(id, "closed", "success", ["Action canceled."], "cancelAction");
    expect((await shownTo(device)).deployment.update).toBe("forced");
  });

  test("a device asks often only while there is something for it to do or to say", async () => {
    const sleepOf = async (device: TestController): Promise<number> => {
      const reply = await device.request("GET", "");
      const { sleep } = reply.json<{ config: { polling: { sleep: string } } }>().config.polling;
      const [hours = 0, minutes = 0, seconds = 0] = sleep.split(":").map(Number);
      return (hours * 60 + minutes) * 60 + seconds;
    };
    const waiting = await anUpdate("rauc", { mode: "download-only" });
    expect(await sleepOf(waiting.device)).toBeGreaterThan(200);

    const { device } = await anUpdate("rauc");
    expect(await sleepOf(device)).toBeLessThan(60);
    const { id } = await shownTo(device);
    await device.feedback(id, "closed", "success");
    expect(await sleepOf(device)).toBeLessThan(60);
    await device.configData({ sw_version: "2.0" });
    expect(await sleepOf(device)).toBeGreaterThan(200);
  });

  test("who is not known is answered by 401 and nothing else, and no other device's token helps", async () => {
    const { db, device } = await anUpdate("swupdate");
    const other = await register(db, server);
    const { controllerId } = await register(db, server);
    const tokens = [null, `TargetToken ${other.token}`, `GatewayToken ${other.token}`, "Basic x"];
    for (const authorization of tokens) {
      const stranger = new TestController(server, db, controllerId, authorization, "swupdate");
      const reply = await stranger.request("GET", "");
      expect([reply.statusCode, reply.body]).toEqual([401, ""]);
    }
    const { id } = await shownTo(device);
    const neighbour = await aDevice(db, "swupdate");
    expect((await neighbour.request("GET", `/deploymentBase/${id}`)).statusCode).toBe(404);
    expect((await neighbour.feedback(id, "closed", "success")).statusCode).toBe(404);
    const file = await neighbour.request("GET", `/softwaremodules/${id}/artifacts/fw.swu`);
    expect(file.statusCode).toBe(404);
  });
});

/** As the server notes it of every request, some time later. */
const seenAt = (db: TenantDb, at: number): Promise<unknown> =>
  db.transaction((inner) =>
    inner.kysely
      .updateTable("device")
      .set({ last_seen_at: at })
      .where("tenant_id", "=", db.tenantId)
      .execute(),
  );

async function deferralsOf(db: TenantDb): Promise<readonly (string | null)[]> {
  const rows = await db.kysely
    .selectFrom("assignment")
    .select("deferral")
    .where("tenant_id", "=", db.tenantId)
    .execute();
  return rows.map(({ deferral }) => deferral);
}
