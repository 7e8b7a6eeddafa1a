import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createControllerHandlers } from "../../controllers/index.ts";
import { HARDWARE, PRODUCT, addProduct, deploy } from "../../deployments/fleet.fixture.ts";
import { DIALECTS } from "../../platform/dialect.ts";
import { useTestDatabase } from "../../platform/test-database.fixture.ts";
import {
  TestController,
  addFileRelease,
  register,
  startHawkbitServer,
  type HawkbitServer,
} from "./hawkbit-server.fixture.ts";

const content = Buffer.from("0123456789".repeat(100));

describe.each(DIALECTS)("files and credentials of hawkBit's protocol, on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let server: HawkbitServer;
  beforeAll(async () => {
    // Requests that are injected come from this address.
    server = await startHawkbitServer(store, ["127.0.0.0/8"]);
  });
  afterAll(() => server.close());

  async function aFile(compression: "none" | "gz" = "none") {
    const db = await store.newTenant();
    await addProduct(db);
    const { controllerId, token } = await register(db, server);
    const device = new TestController(server, db, controllerId, `TargetToken ${token}`, "swupdate");
    await device.links();
    const file = { type: "swu", name: "fw.swu", content };
    const { releaseId } = await addFileRelease(db, server, "2.0", file, compression);
    await deploy(db, releaseId, {});
    return { db, device };
  }

  async function aPlace() {
    const { device } = await aFile();
    const { deploymentBase = "" } = await device.links();
    const id = /deploymentBase\/(\d+)/.exec(deploymentBase)?.[1] ?? "";
    await device.request("GET", deploymentBase);
    const path = `/softwaremodules/${id}/artifacts/fw.swu`;
    const get = (range?: string, headers: Record<string, string> = {}) =>
      device.request("GET", path, {
        headers: { ...(range === undefined ? {} : { range }), ...headers },
      });
    return { device, path, get };
  }

  test("a file is given whole, from a byte on, up to its end, and not past it", async () => {
    const { device, path, get } = await aPlace();

    const whole = await get();
    expect([whole.statusCode, whole.rawPayload.equals(content)]).toEqual([200, true]);
    expect(whole.headers).toMatchObject({ "accept-ranges": "bytes", "content-length": "1000" });
    const head = await device.request("HEAD", path);
    expect([head.statusCode, head.headers["content-length"], head.body]).toEqual([200, "1000", ""]);
    const rest = await get("bytes=990-");
    expect([rest.statusCode, rest.body, rest.headers["content-range"]]).toEqual([
      206,
      "0123456789",
      "bytes 990-999/1000",
    ]);
    expect((await get("bytes=-3")).body).toBe("789");
    for (const past of ["bytes=1000-", "bytes=5-9,7-12"]) {
      const none = await get(past);
      expect([none.statusCode, none.headers["content-range"], none.body]).toEqual([
        416,
        "bytes */1000",
        "",
      ]);
    }
    expect((await get("bytes=0-1", { "if-range": '"other"' })).statusCode).toBe(200);
    expect((await get(undefined, { "if-match": '"other"' })).statusCode).toBe(412);
    const sum = await device.request("GET", `${path}.MD5SUM`);
    expect(sum.body).toMatch(/^[0-9a-f]{32} {2}fw\.swu$/);
  });

  test("several ranges are parts of one answer, as long as it says", async () => {
    const { get } = await aPlace();
    const reply = await get("bytes=0-1,10-12,998-");

    expect(reply.statusCode).toBe(206);
    const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(
      String(reply.headers["content-type"]),
    )?.[1];
    expect(Number(reply.headers["content-length"])).toBe(reply.rawPayload.length);
    const parts = reply.body.split(`--${boundary}`).slice(1, -1);
    expect(parts.map((part) => part.split("\r\n\r\n")[1]?.trimEnd())).toEqual(["01", "012", "89"]);
    expect(parts[1]).toContain("Content-Range: bytes 10-12/1000");
    expect(reply.body.endsWith(`\r\n--${boundary}--\r\n`)).toBe(true);
  });

  test("a file that is compressed in its artifact is offered to nobody who takes it alone", async () => {
    const { device } = await aFile("gz");

    expect(await device.links()).not.toHaveProperty("deploymentBase");
  });

  test("a gateway's token lets in those that it names, and speaks for nobody else", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const handlers = createControllerHandlers({ clock: server.clock });
    const body = {
      product: PRODUCT,
      hardwareType: HARDWARE,
      label: "roof",
      controllerIds: ["roof-1"],
    };
    const call = { body, params: undefined, query: undefined } as never;
    const { token, gateway } = await handlers.createControllerGateway({ db } as never, call);
    const { controllerId } = await register(db, server);
    const as = (name: string) =>
      new TestController(server, db, name, `GatewayToken ${token}`, "rauc").request("GET", "");

    expect((await as("roof-1")).statusCode).toBe(200);
    expect((await as("roof-1")).json()).toHaveProperty("_links.configData");
    expect((await as("roof-2")).statusCode).toBe(401);
    expect((await as(controllerId)).statusCode).toBe(401);
    const params = { gatewayId: gateway.id };
    await handlers.deleteControllerGateway({ db } as never, { params } as never);
    expect((await as("roof-1")).statusCode).toBe(401);
  });

  test("a certificate counts by the word of a proxy that is named, for the device that it names", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const { controllerId } = await register(db, server, "certificate");
    const tokened = await register(db, server);
    const statusOf = async (on: HawkbitServer, name: string, headers: Record<string, string>) =>
      (await new TestController(on, db, name, null, "rauc").request("GET", "", { headers }))
        .statusCode;
    const vouched = { "x-controller-id": controllerId, "x-authority": "other, Fleet-CA" };

    expect(await statusOf(server, controllerId, vouched)).toBe(200);
    expect(await statusOf(server, controllerId, { ...vouched, "x-authority": "other" })).toBe(401);
    expect(await statusOf(server, controllerId, { ...vouched, "x-controller-id": "x" })).toBe(401);
    const others = { ...vouched, "x-controller-id": tokened.controllerId };
    expect(await statusOf(server, tokened.controllerId, others)).toBe(401);
    const unnamed = await startHawkbitServer(store, ["192.0.2.1"]);
    expect(await statusOf(unnamed, controllerId, vouched)).toBe(401);
    await unnamed.close();
  });

  test("addresses are those that the client used, through a proxy too", async () => {
    const { device } = await aFile();
    const headers = {
      "x-forwarded-host": "fleet.example",
      "x-forwarded-proto": "https",
      "x-forwarded-port": "8443",
      "x-forwarded-for": "203.0.113.9",
    };

    const reply = await device.request("GET", "", { headers });
    expect(reply.json()).toMatchObject({
      _links: {
        deploymentBase: {
          href: expect.stringMatching(/^https:\/\/fleet\.example:8443\//) as unknown,
        },
      },
    });
  });
});
