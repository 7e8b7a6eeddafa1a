import { hash } from "node:crypto";
import type { DeviceId } from "@moult/model";
import { describe, expect, test } from "vitest";
import { sql } from "kysely";
import { addDevices, addProduct } from "../deployments/fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { up } from "./0005-overview.ts";

describe.each(DIALECTS)("the step to the overview on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  test("tells devices of the version before apart by their traits", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const [first, second] = await addDevices(db, [1, 2]);
    const idOf = (id: DeviceId | undefined) => id ?? ("" as DeviceId);
    const traits = '{"client":"größer"}';
    await store.database.system.transaction(async (kysely) => {
      await kysely.updateTable("device").set({ traits }).where("id", "=", idOf(first)).execute();
      await kysely
        .updateTable("device")
        .set({ traits: null })
        .where("id", "=", idOf(second))
        .execute();
      for (const index of [
        "event_notable",
        "event_notable_of_deployment",
        "device_class",
        "device_conflict",
        "device_key_pending",
        "assignment_progress",
      ])
        await sql`drop index ${sql.ref(index)}`.execute(kysely);
      await sql`alter table device drop column traits_sha256`.execute(kysely);
      await sql`create index device_by_state on device (tenant_id, product, state, hardware_type)`.execute(
        kysely,
      );
      await up(kysely as never, dialect);
    });

    const digests = await db.kysely
      .selectFrom("device")
      .select("traits_sha256")
      .where("tenant_id", "=", db.tenantId)
      .where("id", "in", [idOf(first), idOf(second)])
      .orderBy("draw")
      .execute();
    expect(digests.map((row) => row.traits_sha256)).toEqual([hash("sha256", traits), null]);
  });
});
