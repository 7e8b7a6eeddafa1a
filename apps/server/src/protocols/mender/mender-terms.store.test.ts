import type { ConfigurationChange } from "@moult/model";
import { afterAll, describe, expect, test } from "vitest";
import { createConfigurationHandlers } from "../../devices/configure-device.ts";
import { asOperator } from "../../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../../platform/dialect.ts";
import { useTestDatabase } from "../../platform/test-database.fixture.ts";
import { deviceIdOf, startMenderFleet, type MenderServer } from "./mender-server.fixture.ts";

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
});
