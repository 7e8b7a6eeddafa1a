import type { DeviceId } from "@moult/model";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { plansOf } from "../devices/query-plan.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { newId } from "../platform/new-id.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { actionsOf } from "./controller-actions.ts";

describe.each(DIALECTS)("the actions of controllers on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  test("those of one device are found without those of the others, and never sorted", async () => {
    const db = await store.newTenant();
    const deviceId = newId<DeviceId>();
    const plans = await db.transaction(async (inner) => {
      // PostgreSQL reads a table as small as this one from end to end, whatever indexes there are.
      if (dialect === "postgres") await sql`set local enable_seqscan = off`.execute(inner.kysely);
      return plansOf(inner, dialect, (watched) => actionsOf(watched, deviceId));
    });
    expect(plans).toEqual([
      expect.stringMatching(/controller_action_of_device\b[^]*tenant_id ?= ?[^]*device_id ?= ?/),
    ]);
    expect(plans[0]).not.toMatch(/sort|temp b-tree/i);
  });
});
