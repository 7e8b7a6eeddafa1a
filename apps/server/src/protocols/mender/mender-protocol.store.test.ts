import { createHash } from "node:crypto";
import { DAY_MS } from "@moult/base";
import { afterAll, describe, expect, test } from "vitest";
import { changeDeployment } from "../../deployments/change-deployment.ts";
import { closeOpenAssignment } from "../../deployments/index.ts";
import { addRelease, deploy, refreshed } from "../../deployments/fleet.fixture.ts";
import { acceptKey, decideDevice } from "../../devices/change-device.ts";
import { DIALECTS } from "../../platform/dialect.ts";
import type { TenantDb } from "../../platform/tenant-db.ts";
import { useTestDatabase } from "../../platform/test-database.fixture.ts";
import {
  assignmentOf,
  KEY_KINDS,
  MenderDevice,
  startMenderFleet,
  type MenderServer,
} from "./mender-server.fixture.ts";

describe.each(DIALECTS)("Mender's device API on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const servers: MenderServer[] = [];
  afterAll(async () => {
    for (const { app } of servers) await app.close();
  });
  const fleet = async (options?: { readonly accepts: boolean }) => {
    const made = await startMenderFleet(store, options);
    servers.push(made.server);
    return made;
  };
  const devicesOf = (db: TenantDb) =>
    db.kysely.selectFrom("device").selectAll().where("tenant_id", "=", db.tenantId).execute();
  test.each(KEY_KINDS)("a device with a key of the kind %s gets a token", async (kind) => {
    const { db, token, server } = await fleet();
    const device = new MenderDevice(server, kind);

    const reply = await device.auth(token);
    expect(reply.statusCode).toBe(200);
    expect(reply.headers["content-type"]).toMatch(/^application\/jwt/);
    expect((await device.next()).statusCode).toBe(204);
    const [row] = await devicesOf(db);
    expect(row).toMatchObject({ hardware_type: "gw2-board", running_artifact: "1.0" });
    expect(JSON.parse(row?.traits ?? "")).toMatchObject({ trust: "server-trusted" });
  });

  test("a device that asks again without news changes nothing in the database", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.next();
    const before = await devicesOf(db);

    for (let times = 0; times < 3; times += 1) expect((await device.next()).statusCode).toBe(204);

    expect(await devicesOf(db)).toEqual(before);
  });

  test("a device waits until it is accepted; what it is told is always 401", async () => {
    const { db, token, server } = await fleet({ accepts: false });
    const device = new MenderDevice(server);

    const reply = await device.auth(token);
    expect(reply.statusCode).toBe(401);
    expect(reply.json()).toMatchObject({
      error: expect.stringContaining("unauthorized"),
      request_id: reply.headers["x-men-requestid"],
    });
    expect((await device.next()).statusCode).toBe(401);

    const [row] = await devicesOf(db);
    const fingerprint = createHash("sha256")
      .update(device.keys.publicKey.export({ format: "der", type: "spki" }))
      .digest("hex");
    const [by, at] = ["Ada", server.clock.now()];
    await db.transaction((inner) => acceptKey(inner, row!.id, fingerprint as never, { by, at }));
    expect((await device.auth(token)).statusCode).toBe(200);
    expect((await device.next()).statusCode).toBe(204);
  });

  test("devices that wait are capped, and those that come with nothing leave no trace", async () => {
    const { db, token, server } = await fleet({ accepts: false });
    for (let count = 0; count < 4; count += 1)
      expect((await new MenderDevice(server).auth(token)).statusCode).toBe(401);
    expect(await devicesOf(db)).toHaveLength(2);

    for (const wrong of [undefined, "", "met1.made-up"])
      expect((await new MenderDevice(server).auth(wrong)).statusCode).toBe(401);
    expect(await devicesOf(db)).toHaveLength(2);
  });

  test("a second key of a device waits, and the first goes on to work", async () => {
    const { db, token, server, newDevice } = await fleet();
    const device = await newDevice();
    const other = new MenderDevice(server);
    const body = other.authBody(token, { serial: device.serial });

    expect((await other.auth(token, { body })).statusCode).toBe(401);
    expect((await device.next()).statusCode).toBe(204);
    const keys = await db.kysely
      .selectFrom("device_key")
      .select("state")
      .where("tenant_id", "=", db.tenantId)
      .execute();
    expect(keys.map(({ state }) => state).sort()).toEqual(["accepted", "pending"]);
  });

  test("a key is of one identity: a machine that came by a copy of it gets in as neither", async () => {
    const { token, newDevice } = await fleet();
    const device = await newDevice();
    const body = device.authBody(token, { serial: "another" });

    const reply = await device.auth(token, { body });
    expect(reply.statusCode).toBe(401);
    expect(reply.json()).toMatchObject({ error: expect.stringContaining("another identity") });
  });

  test("a request that another key signed, or that was changed on the way, makes no device", async () => {
    const { db, token, server } = await fleet();
    const device = new MenderDevice(server);
    const other = new MenderDevice(server);
    const body = device.authBody(token);
    const trimmed = body.subarray(0, -1);

    for (const changes of [
      { body, signature: other.signature(body) },
      { body: trimmed, signature: device.signature(body) },
      { body, signature: "" },
      { body, signature: "no base64 !" },
    ])
      expect((await device.auth(token, changes)).statusCode).toBe(401);
    const unsigned = await server.app.inject({
      method: "POST",
      url: "/api/devices/v1/authentication/auth_requests",
      payload: body,
    });
    expect(unsigned.statusCode).toBe(400);
    expect(await devicesOf(db)).toEqual([]);
  });

  test("an update goes its way, and only the success that was reported is one", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    const deployment = await deploy(db, await addRelease(db, "2.0"));

    const { id, artifact } = await device.offered();
    expect(artifact).toMatchObject({
      artifact_name: "2.0",
      device_types_compatible: ["gw2-board"],
    });
    expect((await device.offered()).id).toBe(id);
    expect(await device.status(id, "downloading", "installing", "rebooting", "installing")).toEqual(
      [204, 204, 204, 204],
    );
    expect(await assignmentOf(db, id)).toMatchObject({ state: "proving", outcome: null });
    expect(await device.status(id, "success")).toEqual([204]);
    expect(await assignmentOf(db, id)).toMatchObject({ state: "closed", outcome: "succeeded" });

    device.artifactName = "2.0";
    expect((await device.next()).statusCode).toBe(204);
    expect((await refreshed(db, deployment.id)).counts).toMatchObject({ succeeded: 1, open: 0 });
  });

  test("a success whose report was lost is one when the device asks again, running the release", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    const { id } = await device.offered();
    await device.status(id, "downloading", "installing");

    device.artifactName = "2.0";
    expect((await device.next()).statusCode).toBe(204);
    expect(await assignmentOf(db, id)).toMatchObject({ state: "closed", outcome: "succeeded" });
  });

  test("a device that asks again and runs what it ran before its restart has rolled back", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    const { id } = await device.offered();
    await device.status(id, "downloading", "installing", "rebooting");

    expect((await device.next()).statusCode).toBe(204);
    expect(await assignmentOf(db, id)).toMatchObject({
      outcome: "rolled-back",
      code: "came-back",
    });
  });

  test("a failure keeps its log, and another try is another deployment to the client", async () => {
    const { db, server, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"), {
      plan: { retry: { attemptsMax: 2 } as never },
    });
    const { id } = await device.offered();
    await device.status(id, "downloading", "failure");
    const log = { messages: [{ timestamp: "t", level: "error", message: "no space" }] };
    const path = `/v1/deployments/device/deployments/${id}/log`;
    expect((await device.call("PUT", path, log)).statusCode).toBe(204);
    const kept = await db.kysely
      .selectFrom("attempt_log")
      .select("content")
      .where("tenant_id", "=", db.tenantId)
      .execute();
    expect(kept).toEqual([{ content: "t error no space" }]);

    server.clock.move(DAY_MS);
    await device.auth(undefined);
    const again = await device.offered();
    expect(again.id).not.toBe(id);
    expect(await device.status(id, "installing")).toEqual([409]);
    expect(await device.status(again.id, "installing")).toEqual([204]);
  });

  test("a device learns of an abort before it installs, and what it has begun it goes on with", async () => {
    const { db, server, newDevice } = await fleet();
    const [early, late] = [await newDevice(), await newDevice()];
    const deployment = await deploy(db, await addRelease(db, "2.0"));
    const [first, second] = [await early.offered(), await late.offered()];
    await early.status(first.id, "downloading");
    await late.status(second.id, "downloading", "installing");

    await changeDeployment(db, deployment.id, "abort", "Ada", { clock: server.clock });

    expect(await early.status(first.id, "installing", "failure")).toEqual([409, 204]);
    expect(await assignmentOf(db, first.id)).toMatchObject({ outcome: "aborted" });
    expect(await late.status(second.id, "rebooting", "installing", "success")).toEqual([
      204, 204, 204,
    ]);
    expect(await assignmentOf(db, second.id)).toMatchObject({ outcome: "succeeded" });
  });

  test("the artifact comes from this server, in exact ranges, without a token, as long as it is offered", async () => {
    const { db, server, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    const { sha256 } = await db.kysely
      .selectFrom("artifact")
      .select("sha256")
      .where("tenant_id", "=", db.tenantId)
      .executeTakeFirstOrThrow();
    const content = Buffer.alloc(5_120, "feather");
    server.blobs.set(sha256, content);
    const { id, artifact } = await device.offered();
    const { uri } = artifact.source;

    expect(new URL(uri).host).toBe("localhost");
    const whole = await device.fetch(uri);
    expect([whole.statusCode, whole.headers["content-length"]]).toEqual([200, "5120"]);
    expect(whole.rawPayload.equals(content)).toBe(true);
    const rest = await device.fetch(uri, { range: "bytes=5000-" });
    expect([rest.statusCode, rest.headers["content-range"]]).toEqual([206, "bytes 5000-5119/5120"]);
    expect(rest.rawPayload.equals(content.subarray(5_000))).toBe(true);
    expect((await device.fetch(uri, { range: "bytes=5120-" })).statusCode).toBe(416);

    for (const changed of [`${uri.slice(0, -1)}${uri.endsWith("A") ? "B" : "A"}`, `${uri}x`])
      expect((await device.fetch(changed)).statusCode).toBe(404);
    await device.status(id, "failure");
    expect((await device.fetch(uri)).statusCode).toBe(403);
  });

  test("no token opens a link and no link is a token; each is its device's alone", async () => {
    const { db, newDevice } = await fleet();
    const [device, other] = [await newDevice(), await newDevice()];
    await deploy(db, await addRelease(db, "2.0"), { target: { kind: "all" } });
    const { id, artifact } = await device.offered();

    expect(await other.status(id, "success")).toEqual([404]);
    const log = { messages: [] };
    const path = `/v1/deployments/device/deployments/${id}/log`;
    expect((await other.call("PUT", path, log)).statusCode).toBe(404);
    const base = "http://x/api/devices/v1/deployments/artifacts";
    expect((await device.fetch(`${base}/${device.token}`)).statusCode).toBe(404);
    other.token = new URL(artifact.source.uri).pathname.split("/").at(-1) ?? "";
    expect((await other.next()).statusCode).toBe(401);
    expect(await assignmentOf(db, id)).toMatchObject({ state: "offered" });
  });

  test("a token of one tenant's device reaches nothing of another tenant's", async () => {
    const [ours, theirs] = [await fleet(), await fleet()];
    const victim = await ours.newDevice();
    await deploy(ours.db, await addRelease(ours.db, "2.0"));
    const { id } = await victim.offered();
    const before = await devicesOf(ours.db);
    const attacker = await theirs.newDevice();

    expect(await attacker.status(id, "downloading", "success", "failure")).toEqual([404, 404, 404]);
    expect((await attacker.next()).statusCode).toBe(204);
    // The token of the other tenant's product lets nobody in by this door.
    expect((await new MenderDevice(theirs.server).auth(ours.token)).statusCode).toBe(401);
    expect(await devicesOf(ours.db)).toEqual(before);
    expect(await assignmentOf(ours.db, id)).toMatchObject({ state: "offered" });
  });

  test("a device that turns out to be another kind of machine is offered what is for that", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    device.deviceType = "other-board";
    expect((await device.next()).statusCode).toBe(204);
    device.deviceType = "gw2-board";
    expect((await device.next()).statusCode).toBe(200);
  });

  test("a client of either generation is offered the same, in whichever form it asks", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    const { id } = await device.offered();
    const path = "/v1/deployments/device/deployments/next";
    const asked = { device_type: "gw2-board", artifact_name: "1.0" };

    const posted = await device.call("POST", path, asked);
    const got = await device.call("GET", `${path}?${new URLSearchParams(asked).toString()}`);
    for (const reply of [posted, got]) {
      expect(reply.statusCode).toBe(200);
      expect(reply.json()).toMatchObject({ id, artifact: { artifact_name: "2.0" } });
    }
  });

  test("a partial update is offered to a device that provides what it depends on, and to no other", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    const releaseId = await addRelease(db, "2.0");
    const depends = { device_type: ["gw2-board"], "rootfs-image.checksum": ["aa", "bb"] };
    await db.transaction((inner) =>
      inner.kysely
        .updateTable("artifact")
        .set({ depends: JSON.stringify(depends) })
        .where("release_id", "=", releaseId)
        .execute(),
    );
    await deploy(db, releaseId);

    expect((await device.next()).statusCode).toBe(204);
    expect((await device.next({ "rootfs-image.checksum": "cc" })).statusCode).toBe(204);
    expect((await device.next({ "rootfs-image.checksum": "bb" })).statusCode).toBe(200);
  });

  test("a device that is taken out is let in no more, by its token, its link or its key", async () => {
    const { db, server, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    const { id, artifact } = await device.offered();
    const [row] = await devicesOf(db);
    const decider = { by: "Ada", at: server.clock.now() };
    await decideDevice(db, row!.id, "decommission", decider, (inner, deviceId, cause) =>
      closeOpenAssignment(inner, deviceId, "aborted", cause, decider.at),
    );

    expect((await device.next()).statusCode).toBe(401);
    expect(await device.status(id, "success")).toEqual([401]);
    expect((await device.fetch(artifact.source.uri)).statusCode).toBe(401);
    expect((await device.auth()).statusCode).toBe(401);
  });

  test("a token and a link end with their time", async () => {
    const { db, server, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    const { artifact } = await device.offered();
    server.clock.move(DAY_MS);
    expect((await device.next()).statusCode).toBe(401);
    expect((await device.fetch(artifact.source.uri)).statusCode).toBe(404);
  });

  test("inventory replaces what was said, or is laid over it", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    const path = "/v1/inventory/device/attributes";
    const said = async () =>
      Object.fromEntries(
        (
          await db.kysely
            .selectFrom("device_attribute")
            .select(["name", "value"])
            .where("tenant_id", "=", db.tenantId)
            .execute()
        ).map(({ name, value }) => [name, value]),
      );
    const put = await device.call("PUT", path, [
      { name: "os", value: "Debian" },
      { name: "ip", value: ["a", "b"] },
    ]);
    expect(put.statusCode).toBe(200);
    expect(await said()).toEqual({ os: "Debian", ip: "a, b" });
    expect((await device.call("PATCH", path, [{ name: "os", value: "13" }])).statusCode).toBe(200);
    expect(await said()).toEqual({ os: "13", ip: "a, b" });
    await device.call("PUT", path, [{ name: "os", value: "14" }]);
    expect(await said()).toEqual({ os: "14" });
    const many = Array.from({ length: 200 }, (_, index) => ({ name: `n${index}`, value: "" }));
    expect((await device.call("PATCH", path, many)).statusCode).toBe(400);
    expect(await said()).toEqual({ os: "14" });
  });
});
