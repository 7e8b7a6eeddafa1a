import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createControllerHandlers } from "../../controllers/index.ts";
import {
  HARDWARE,
  PRODUCT,
  addProduct,
  deploy,
  refreshed,
} from "../../deployments/fleet.fixture.ts";
import type { TenantDb } from "../../platform/tenant-db.ts";
import { useTestDatabase } from "../../platform/test-database.fixture.ts";
import {
  TestController,
  addFileRelease,
  register,
  startHawkbitServer,
  type HawkbitServer,
} from "./hawkbit-server.fixture.ts";

// Each is a row of docs/proof/attack.md, where tools/hawkbit-controls.ts says what comes of it without its rule.

const file = { type: "rauc", name: "fw.raucb", content: Buffer.from("0123456789".repeat(100)) };

describe("what hostile clients of hawkBit's protocol try", () => {
  const store = useTestDatabase("sqlite");
  let server: HawkbitServer;
  let db: TenantDb;
  beforeAll(async () => {
    server = await startHawkbitServer(store, ["192.0.2.7"]);
    db = await store.newTenant();
    await addProduct(db);
  });
  afterAll(() => server.close());

  const speaking = (controllerId: string, authorization: string | null, at = db): TestController =>
    new TestController(server, at, controllerId, authorization, "rauc");

  async function aDevice(at = db) {
    const { controllerId, token } = await register(at, server);
    const device = speaking(controllerId, `TargetToken ${token}`, at);
    await device.configData({ sw_version: "1.0" });
    return { controllerId, token, device };
  }

  /** A device in a tenant of its own that has read its update. */
  async function anUpdate() {
    const own = await store.newTenant();
    await addProduct(own);
    const victim = await aDevice(own);
    const { releaseId } = await addFileRelease(own, server, "2.0", file);
    const { id: deploymentId } = await deploy(own, releaseId, {});
    const { deploymentBase = "" } = await victim.device.links();
    const number = /deploymentBase\/(\d+)/.exec(deploymentBase)?.[1] ?? "";
    await victim.device.request("GET", deploymentBase);
    const counts = async () => (await refreshed(own, deploymentId)).counts;
    return {
      ...victim,
      own,
      number,
      path: `/softwaremodules/${number}/artifacts/fw.raucb`,
      counts,
    };
  }

  const statusOf = async (device: TestController, path = "", headers = {}) =>
    (await device.request("GET", path, { headers })).statusCode;

  test("token-of-another-device", async () => {
    const [{ token }, { controllerId }] = [await aDevice(), await aDevice()];
    expect(await statusOf(speaking(controllerId, `TargetToken ${token}`))).toBe(401);
  });

  test("token-of-another-tenant", async () => {
    const { controllerId, token } = await aDevice();
    const other = await store.newTenant();
    await addProduct(other);
    expect(await statusOf(speaking(controllerId, `TargetToken ${token}`, other))).toBe(401);
  });

  test("gateway-for-a-device-that-it-does-not-name", async () => {
    const { controllerId } = await aDevice();
    const handlers = createControllerHandlers({ clock: server.clock });
    const body = { product: PRODUCT, hardwareType: HARDWARE, label: "x", controllerIds: ["own"] };
    const call = { body, params: undefined, query: undefined } as never;
    const { token } = await handlers.createControllerGateway({ db } as never, call);
    expect(await statusOf(speaking("own", `GatewayToken ${token}`))).toBe(200);
    for (const name of [controllerId, "nobody"])
      expect(await statusOf(speaking(name, `GatewayToken ${token}`))).toBe(401);
  });

  test("certificate-by-the-word-of-a-stranger", async () => {
    const { controllerId } = await register(db, server, "certificate");
    const vouched = { "x-controller-id": controllerId, "x-authority": "fleet-ca" };
    expect(await statusOf(speaking(controllerId, null), "", vouched)).toBe(401);
    expect(
      await statusOf(speaking(controllerId, null), "", {
        ...vouched,
        "x-forwarded-for": "192.0.2.7",
      }),
    ).toBe(401);
  });

  test("update-of-another-device", async () => {
    const { own, number, counts } = await anUpdate();
    const { device } = await aDevice(own);
    for (const path of [`/deploymentBase/${number}`, `/installedBase/${number}`])
      expect(await statusOf(device, path)).toBe(404);
    expect((await device.feedback(number, "closed", "failure")).statusCode).toBe(404);
    expect(await counts()).toMatchObject({ failed: 0 });
  });

  test("file-of-another-device", async () => {
    const { own, path } = await anUpdate();
    const { device } = await aDevice(own);
    expect(await statusOf(device, path)).toBe(404);
    expect(await statusOf(device, `${path}.MD5SUM`)).toBe(404);
  });

  test("file-outside-of-the-update", async () => {
    const { device, number } = await anUpdate();
    for (const name of ["..%2f..%2f..%2fetc%2fpasswd", "%2e%2e", "fw.raucb%00", "other.raucb"])
      expect(await statusOf(device, `/softwaremodules/${number}/artifacts/${name}`)).toBe(404);
  });

  test("success-that-does-not-run", async () => {
    const { device, number, counts } = await anUpdate();
    await device.feedback(number, "closed", "success");
    expect(await counts()).toMatchObject({ open: 1, succeeded: 0 });
    // Nor is it offered again meanwhile.
    expect(await device.links()).not.toHaveProperty("deploymentBase");
  });

  test("end-that-is-told-twice", async () => {
    const { device, number, counts } = await anUpdate();
    await device.feedback(number, "closed", "success");
    await device.configData({ sw_version: "2.0" });
    expect((await device.feedback(number, "closed", "failure")).statusCode).toBe(410);
    expect(await counts()).toMatchObject({ succeeded: 1, failed: 0 });
  });

  test("ranges-without-end", async () => {
    const { device, path } = await anUpdate();
    const range = (ranges: readonly string[]) => ({ range: `bytes=${ranges.join(",")}` });
    const single = Array.from({ length: 900 }, (_, at) => `${at}-${at}`);
    expect(await statusOf(device, path, range(single))).toBe(416);
    expect(await statusOf(device, path, range(["0-999", "0-999", "0-999"]))).toBe(416);
    expect(await statusOf(device, path, range(["5000-", "9-5"]))).toBe(200);
    expect(await statusOf(device, path, range(["5000-"]))).toBe(416);
  });

  test("body-without-end", async () => {
    const { device, number } = await anUpdate();
    const details = Array.from({ length: 600 }, () => "x".repeat(1_024));
    expect((await device.feedback(number, "proceeding", "none", details)).statusCode).toBe(413);
  });

  test("attributes-without-end", async () => {
    const { device } = await aDevice();
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`a${at}`, "x"]));
    expect((await device.configData(many)).statusCode).toBe(400);
    // Nor in parts.
    const half = Object.entries(many).slice(0, 60);
    const rest = Object.entries(many)
      .slice(60)
      .map(([name]): [string, string] => [`b${name}`, "x"]);
    for (let part = 0; part < 8; part += 1)
      await device.configData(Object.fromEntries(half.map(([name]) => [`${part}-${name}`, "x"])));
    expect((await device.configData(Object.fromEntries(rest))).statusCode).toBe(400);
  });

  test("numbers-that-no-client-was-given", async () => {
    const { device } = await anUpdate();
    for (const number of ["0", "-1", "2147483648", "99999999999999999999", "1e3", "01", "0x1"])
      expect([number, await statusOf(device, `/deploymentBase/${number}`)]).toEqual([number, 404]);
  });

  test("bodies-that-are-no-feedback", async () => {
    const { device, number } = await anUpdate();
    const bodies = [null, [], {}, { status: null }, { status: { execution: "closed" } }, "closed"];
    const unknown = { status: { execution: "won", result: { finished: "success" } } };
    for (const body of [...bodies, unknown]) {
      const path = `/deploymentBase/${number}/feedback`;
      expect((await device.request("POST", path, { body })).statusCode).toBe(400);
    }
  });

  test("guesses-without-end", async () => {
    const { controllerId, device } = await aDevice();
    const from = { remoteAddress: "198.51.100.9" };
    const guess = (at: number) => speaking(controllerId, `TargetToken ${at}`);
    const late: number[] = [];
    for (let at = 0; at < 1_220; at += 1)
      late.push((await guess(at).request("GET", "", from)).statusCode);
    expect([late.indexOf(429), late.slice(1_200).every((status) => status === 429)]).toEqual([
      1_200,
      true,
    ]);
    // It is one address that is refused, and in it nobody who got in before.
    expect(await statusOf(device)).toBe(200);
    expect((await device.request("GET", "", from)).statusCode).toBe(200);
    expect(await statusOf(guess(0))).toBe(401);
  });
});
