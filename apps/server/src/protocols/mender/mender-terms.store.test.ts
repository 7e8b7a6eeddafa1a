import { DAY_MS, HOUR_MS, type Clock } from "@moult/base";
import type { ConfigurationChange } from "@moult/model";
import { afterAll, describe, expect, test } from "vitest";
import { changeDeployment } from "../../deployments/change-deployment.ts";
import { createDeploymentHandlers } from "../../deployments/operations.ts";
import { addRelease, deploy } from "../../deployments/fleet.fixture.ts";
import { setHearing } from "../../deployments/hearing-queries.ts";
import { createDeploymentTender } from "../../deployments/index.ts";
import { openInstallation } from "../../deployments/open-installation.ts";
import { createConfigurationHandlers } from "../../devices/configure-device.ts";
import { asOperator, planningEpoch } from "../../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../../platform/dialect.ts";
import type { TenantDb } from "../../platform/tenant-db.ts";
import { silentLog, useTestDatabase } from "../../platform/test-database.fixture.ts";
import {
  assignmentOf,
  deviceIdOf,
  Next,
  startMenderFleet,
  type MenderDevice,
  type MenderServer,
} from "./mender-server.fixture.ts";

describe.each(DIALECTS)("what Mender's devices are told on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const servers: MenderServer[] = [];
  afterAll(async () => {
    for (const { app } of servers) await app.close();
  });
  const fleet = async () => {
    const made = await startMenderFleet(store);
    servers.push(made.server);
    return made;
  };

  test("a device asks what it is to be set to, and says what it is set to; both are a flat map of texts", async () => {
    const { db, server, newDevice } = await fleet();
    const [device, other] = [await newDevice(), await newDevice()];
    const path = "/v1/deviceconfig/configuration";
    const settings = createConfigurationHandlers({
      clock: server.clock,
      demandDevice: () => Promise.resolve(),
    });
    const params = { deviceId: await deviceIdOf(db, device) };
    const change = (body: ConfigurationChange) =>
      settings.changeDeviceConfiguration(asOperator(db), { params, query: undefined, body });
    expect((await device.call("GET", path)).json()).toEqual({});

    await change({ set: { level: "debug", proxy: "none" } });
    await change({ set: { level: "info" }, unset: ["proxy", "unknown"] });
    const asked = await device.call("GET", path);
    expect([asked.statusCode, asked.json()]).toEqual([200, { level: "info" }]);
    expect((await other.call("GET", path)).json()).toEqual({});

    const said = { level: "debug", "time zone": "UTC" };
    expect((await device.call("PUT", path, said)).statusCode).toBe(204);
    expect(await change({})).toMatchObject({
      desired: { settings: { level: "info" }, by: "Olga" },
      reported: { settings: said },
    });
    for (const wrong of [[], { level: 1 }, { level: { deep: "" } }, { "": "" }, "no JSON"])
      expect((await device.call("PUT", path, wrong)).statusCode).toBe(400);
    const many = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`n${index}`, ""]));
    expect((await device.call("PUT", path, many)).statusCode).toBe(400);
    await expect(
      change({ set: Object.fromEntries(Object.entries(many).slice(1)) }),
    ).rejects.toThrow("at most 200");
    device.token = "";
    expect((await device.call("GET", path)).statusCode).toBe(401);
  });

  const why = async (db: TenantDb, device: MenderDevice, clock: Clock) =>
    JSON.stringify(
      await createDeploymentHandlers({ clock }).explainDevice(asOperator(db), {
        params: { deviceId: await deviceIdOf(db, device) },
        query: undefined,
        body: undefined,
      }),
    );
  const controlMap = (device: MenderDevice, id: string) =>
    device.call("GET", `/v2/deployments/device/deployments/${id}/update_control_map`);
  const PAUSED = expect.objectContaining({ action: "pause", on_map_expire: "fail" }) as unknown;

  test("a client that takes control maps downloads ahead, and installs once a person has opened the installation", async () => {
    const { db, server, newDevice } = await fleet();
    const device = await newDevice();
    const deployment = await deploy(db, await addRelease(db, "2.0"), {
      plan: { mode: "download-only" },
    });
    const { id, update_control_map: map } = await device.offered();
    expect(map).toMatchObject({ id, states: { ArtifactInstall_Enter: { action: "pause" } } });
    await device.status(id, "downloading");
    const asked = await controlMap(device, id);
    expect([asked.statusCode, asked.json()]).toEqual([
      200,
      { update_control_map: { id, priority: 0, states: { ArtifactInstall_Enter: PAUSED } } },
    ]);
    await device.status(id, "pause_before_installing");
    expect(await why(db, device, server.clock)).toContain("has not let it be installed yet");

    await openInstallation(db, deployment.id, "Ada", server);
    expect((await controlMap(device, id)).json()).toEqual({
      update_control_map: { id, priority: 0, states: {} },
    });
    expect(await device.status(id, "installing", "installing", "success")).toEqual([204, 204, 204]);
    expect(await assignmentOf(db, id)).toMatchObject({ outcome: "succeeded", deferral: null });
  });

  test("windows for its steps hold a client that takes control maps, by the server's clock each time it asks", async () => {
    const { db, server, newDevice } = await fleet();
    const device = await newDevice();
    const hour = new Date(server.clock.now()).getUTCHours();
    const at = `${String((hour + 2) % 24).padStart(2, "0")}:00`;
    const window = { for: ["install", "reboot"], at, durationMinutes: 60, zone: "UTC" };
    await deploy(db, await addRelease(db, "2.0"), { plan: { windows: [window] } as never });

    const { id, update_control_map: map } = await device.offered();
    expect(Object.keys(map?.states ?? {})).toEqual([
      "ArtifactInstall_Enter",
      "ArtifactReboot_Enter",
    ]);
    await device.status(id, "downloading", "pause_before_installing");
    expect(await why(db, device, server.clock)).toContain(`${at} UTC`);
    server.clock.move(2 * HOUR_MS);
    expect((await controlMap(device, id)).json()).toMatchObject({
      update_control_map: { states: {} },
    });
    await device.status(id, "installing");
    // The installation took longer than the window was open.
    server.clock.move(HOUR_MS);
    await device.status(id, "pause_before_rebooting");
    expect(await assignmentOf(db, id)).toMatchObject({
      state: "installing",
      deferral: expect.stringContaining("outside-window"),
    });
  });

  test("to a device that pauses an abort is that there is no such deployment", async () => {
    const { db, server, newDevice } = await fleet();
    const [device, other] = [await newDevice(), await newDevice()];
    const deployment = await deploy(db, await addRelease(db, "2.0"), {
      plan: { mode: "download-only" },
    });
    const { id } = await device.offered();
    await device.status(id, "downloading", "pause_before_installing");
    for (const wrong of [`${id.slice(0, -4)}0002`, `${id.slice(0, -4)}0000`, "x", id.slice(1)])
      expect((await controlMap(device, wrong)).statusCode).toBe(404);
    expect((await controlMap(other, id)).statusCode).toBe(404);

    await changeDeployment(db, deployment.id, "abort", "Ada", { clock: server.clock });
    expect((await controlMap(device, id)).statusCode).toBe(404);
    expect(await device.status(id, "failure")).toEqual([204]);
    expect(await assignmentOf(db, id)).toMatchObject({ outcome: "aborted", code: "withdrawn" });
  });

  test("a client without control maps is offered nothing that it would not keep to, and a download-only release once it is open", async () => {
    const { db, server, newDevice } = await fleet();
    const device = await newDevice();
    device.takesMaps = false;
    await device.next();
    const deployment = await deploy(db, await addRelease(db, "2.0"), {
      plan: { mode: "download-only" },
    });
    expect((await device.next()).statusCode).toBe(204);
    expect(await why(db, device, server.clock)).toContain("once the installation is open");
    // A new token is no news of what its client can be told.
    await device.auth();
    expect((await device.next()).statusCode).toBe(204);

    await openInstallation(db, deployment.id, "Ada", server);
    const { id, update_control_map: map } = await device.offered();
    expect(map).toBeUndefined();
    expect(await device.status(id, "downloading", "installing", "success")).toEqual([
      204, 204, 204,
    ]);
  });

  test("a device whose client takes no control maps any more gives up what it would no longer keep to", async () => {
    const { db, server, newDevice } = await fleet();
    const device = await newDevice();
    const deployment = await deploy(db, await addRelease(db, "2.0"), {
      plan: { mode: "download-only" },
    });
    const { id } = await device.offered();
    await device.status(id, "downloading");

    device.takesMaps = false;
    expect((await device.next()).statusCode).toBe(204);
    expect(await assignmentOf(db, id)).toMatchObject({
      state: "retry-pending",
      code: "withdrawn",
      detail: "client-changed",
    });
    expect(await why(db, device, server.clock)).toContain("once the installation is open");
    await openInstallation(db, deployment.id, "Ada", server);
    expect((await device.offered()).update_control_map).toBeUndefined();
  });

  test("the address of an artifact is one by which its device reaches the server, through a proxy too", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    const originFor = async (headers: Readonly<Record<string, string>>) =>
      new URL(Next.parse((await device.next({}, headers)).json()).artifact.source.uri).origin;

    const forwarded = {
      "x-forwarded-for": "203.0.113.9",
      "x-forwarded-host": "fleet.example",
      "x-forwarded-proto": "https",
    };
    expect(await originFor({ ...forwarded, "x-forwarded-port": "8443" })).toBe(
      "https://fleet.example:8443",
    );
    expect(await originFor({ ...forwarded, "x-forwarded-port": "443" })).toBe(
      "https://fleet.example",
    );
    expect(await originFor({ host: "gateway.example:8080" })).toBe("http://gateway.example:8080");
    expect(await originFor({ host: "no host" })).toBe("https://fallback.example");
  });

  test("two machines with one key do not make the fleet be decided anew each time that one of them asks", async () => {
    const { db, server, newDevice } = await fleet();
    const [device, other] = [await newDevice(), await newDevice()];
    const tender = createDeploymentTender({ clock: server.clock, log: silentLog });
    const epoch = await planningEpoch(db);
    const askInTurns = async () => {
      for (const deviceType of ["other-board", "unknown", "gw2-board", "unknown"]) {
        device.deviceType = deviceType;
        await device.next();
        await tender.tend(db);
        await other.next();
      }
    };

    await askInTurns();
    expect(await planningEpoch(db)).toBe(epoch);
    // Yet the others count it as what it is before long.
    server.clock.move(HOUR_MS);
    await tender.tend(db);
    expect(await planningEpoch(db)).toBe(epoch + 1);
    await askInTurns();
    expect(await planningEpoch(db)).toBe(epoch + 1);
    // A new one counts at once.
    await newDevice();
    expect(await planningEpoch(db)).toBeGreaterThan(epoch + 1);
  });

  test("a plan that asks the person at a device brings nothing to any client of Mender's", async () => {
    const { db, server, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"), { plan: { mode: "consent" } });
    expect((await device.next()).statusCode).toBe(204);
    expect(await why(db, device, server.clock)).toContain("that a person at it says yes");
  });

  describe("a device that the server gave up on", () => {
    /** In an update that the server takes for dead after a day without a word; a second try is left. */
    const givenUp = async (plan: object, ...said: readonly string[]) => {
      const { db, server, newDevice } = await fleet();
      // The other one keeps the deployment running.
      const [device] = [await newDevice(), await newDevice()];
      const since = server.clock.now();
      const deployment = await deploy(db, await addRelease(db, "2.0"), {
        plan: { retry: { attemptsMax: 2, backoffSeconds: 0 }, ...plan } as never,
      });
      const { id } = await device.offered();
      await device.status(id, ...said);
      server.clock.move(DAY_MS);
      const until = server.clock.now();
      await db.transaction((inner) => setHearing(inner, { since, until }));
      await createDeploymentTender({ clock: server.clock, log: silentLog }).tend(db);
      expect(await assignmentOf(db, id)).toMatchObject({ outcome: "silent", attempt: 1 });
      // Its token is a day old.
      await device.auth();
      return { db, server, device, deployment, id };
    };

    test.each([["downloading"], ["downloading installing"]])(
      "while it was %s goes on, and its success counts",
      async (said) => {
        const { db, device, id } = await givenUp({}, ...said.split(" "));
        expect(await device.status(id, "installing", "rebooting", "installing")).toEqual([
          204, 204, 204,
        ]);
        expect(await device.status(id, "success")).toEqual([204]);
        expect(await assignmentOf(db, id)).toMatchObject({ outcome: "succeeded", attempt: 1 });
      },
    );

    test("is believed that it failed", async () => {
      const { db, device, id } = await givenUp({}, "downloading");
      expect(await device.status(id, "failure")).toEqual([204]);
      expect(await assignmentOf(db, id)).toMatchObject({
        outcome: "failed",
        code: "reported-failure",
      });
    });

    test("is told what it is to keep to, as long as nobody aborted its deployment", async () => {
      const window = { for: ["install"], at: "00:00", durationMinutes: 1_439, zone: "UTC" };
      const { db, server, device, deployment, id } = await givenUp(
        { windows: [window] },
        "downloading",
      );
      expect((await controlMap(device, id)).json()).toMatchObject({
        update_control_map: { states: {} },
      });
      await changeDeployment(db, deployment.id, "abort", "Ada", { clock: server.clock });
      expect((await controlMap(device, id)).statusCode).toBe(404);
    });
  });

  test("a device that fetches its update is heard of, however long it says nothing", async () => {
    const { db, server, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    const { id, artifact } = await device.offered();
    await device.status(id, "downloading");
    server.clock.move(5 * HOUR_MS);
    await device.fetch(artifact.source.uri, { range: "bytes=10-" });
    await server.lastSeen.flush();
    const { last_seen_at } = await db.kysely
      .selectFrom("device")
      .select("last_seen_at")
      .where("tenant_id", "=", db.tenantId)
      .executeTakeFirstOrThrow();
    expect(last_seen_at).toBe(server.clock.now());
  });
});
