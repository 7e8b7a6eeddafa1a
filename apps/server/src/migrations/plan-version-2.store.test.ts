import { Plan } from "@moult/model";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import {
  addDevices,
  addProduct,
  addRelease,
  deploy,
  refreshed,
} from "../deployments/fleet.fixture.ts";
import { appendEvent } from "../platform/events.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { up } from "./0013-plan-version-2.ts";

const FIRST_PLAN = {
  stages: [
    { percent: 10, advanceAtPercent: 90, errorStop: { count: 1 } },
    { percent: 100, advanceAtPercent: 100 },
  ],
  concurrentMax: 7,
  attemptsMax: 3,
  assignmentTimeoutSeconds: 3_600,
};

describe.each(DIALECTS)("the step to the second version of plans, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  test("keeps what a plan said, when its stage opened, and the ends that were let pass", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    await addDevices(db, [1]);
    const { id } = await deploy(db, await addRelease(db, "2.0"));
    await db.transaction(async (inner) =>
      appendEvent(inner, {
        at: (TEST_NOW + 5_000) as never,
        deploymentId: id,
        body: { kind: "stage-advanced", stage: 1 },
      }),
    );
    await store.database.system.transaction(async (kysely) => {
      await sql`alter table deployment drop column waived`.execute(kysely);
      await sql`alter table deployment drop column stage_opened_at`.execute(kysely);
      await sql`alter table deployment add column waived_failed bigint not null default 0`.execute(
        kysely,
      );
      await sql`alter table deployment add column waived_finished bigint not null default 0`.execute(
        kysely,
      );
      await sql`update deployment set plan = ${JSON.stringify(FIRST_PLAN)}, waived_failed = 2, waived_finished = 5`.execute(
        kysely,
      );
      await up(kysely as never);
    });

    expect(await refreshed(db, id)).toMatchObject({
      stageOpenedAt: TEST_NOW + 5_000,
      waived: { succeeded: 3, failed: 2, rolledBack: 0, rejected: 0, timedOut: 0, silent: 0 },
      plan: Plan.parse({
        stages: [
          { size: { percent: 10 }, advance: { successPercent: 90 }, errorStop: { count: 1 } },
          { size: { remaining: true } },
        ],
        limits: { concurrentMax: 7 },
        retry: { attemptsMax: 3 },
        timeouts: { silenceSeconds: 3_600 },
      }),
    });
  });
});
