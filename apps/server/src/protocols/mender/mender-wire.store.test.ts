import { afterAll, describe, expect, test } from "vitest";
import { addRelease, deploy } from "../../deployments/fleet.fixture.ts";
import { useTestDatabase } from "../../platform/test-database.fixture.ts";
import {
  assignmentOf,
  MenderDevice,
  Next,
  startMenderFleet,
  type MenderServer,
} from "./mender-server.fixture.ts";
import { CPP_5_0, exchange, GO_3_4, MCU_1_0, type WireClient } from "./mender-wire.fixture.ts";

const CLIENTS: readonly (readonly [name: string, client: WireClient])[] = [
  ["mender-client 3.4 (Go)", GO_3_4],
  ["mender 5.0 (C++)", CPP_5_0],
  ["mender-mcu 1.0", MCU_1_0],
];

describe("Mender's device API on the wire", () => {
  const store = useTestDatabase("sqlite");
  const servers: MenderServer[] = [];
  afterAll(async () => {
    for (const { app } of servers) await app.close();
  });

  test.each(CLIENTS)(
    "%s joins, is updated and fails, by the bytes that it sends",
    async (_, client) => {
      const { db, token: tenantToken, server } = await startMenderFleet(store);
      servers.push(server);
      const port = Number(new URL(await server.app.listen({ port: 0, host: "127.0.0.1" })).port);
      const device = new MenderDevice(server, client.kind);
      const values = {
        host: `localhost:${port}`,
        token: "",
        deviceType: "gw2-board",
        artifactName: "1.0",
      };

      const body = client.authBody(`{"serial":"${device.serial}"}`, device.pem, tenantToken);
      const signature = device.signature(Buffer.from(body));
      const joined = await exchange(
        port,
        client.auth({ ...values, token: tenantToken }, body, signature),
      );
      expect([joined.status, joined.headers["content-type"]]).toEqual([200, "application/jwt"]);
      const own = { ...values, token: joined.body };
      // Clients in C++ take the length of this reply for granted.
      const described = await exchange(port, client.inventory(own));
      expect([described.status, described.headers["content-length"]]).toEqual([200, "0"]);

      for (const ask of client.next) expect((await exchange(port, ask(own))).status).toBe(204);
      await deploy(db, await addRelease(db, "2.0"));
      const offers = [];
      for (const ask of client.next) {
        const { status, body: text } = await exchange(port, ask(own));
        expect(status).toBe(200);
        offers.push(Next.parse(JSON.parse(text)));
      }
      const [{ id, artifact } = expect.fail("it asks in some way")] = offers;
      expect(new Set(offers.map((each) => each.id)).size).toBe(1);
      expect(artifact).toMatchObject({
        artifact_name: "2.0",
        device_types_compatible: ["gw2-board"],
      });

      const { sha256 } = await db.kysely
        .selectFrom("artifact")
        .select("sha256")
        .where("tenant_id", "=", db.tenantId)
        .executeTakeFirstOrThrow();
      server.blobs.set(sha256, Buffer.alloc(5_120, "feather"));
      const { host, pathname } = new URL(artifact.source.uri);
      expect(host).toBe(values.host);
      const fetched = await exchange(port, client.download(own, pathname));
      expect([fetched.status, fetched.headers["content-length"]]).toEqual([200, "5120"]);
      for (const status of ["downloading", "installing", "failure"])
        expect((await exchange(port, client.status(own, id, status))).status).toBe(204);
      expect((await exchange(port, client.log(own, id, "no space left"))).status).toBe(204);
      expect(await assignmentOf(db, id)).toMatchObject({ outcome: "failed" });
      const logs = await db.kysely.selectFrom("attempt_log").select("content").execute();
      expect(logs.map(({ content }) => content).join("\n")).toContain("no space left");
    },
  );
});
