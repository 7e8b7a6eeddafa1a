import type { Clock } from "@moult/base";
import type { TenantId } from "@moult/model";
import type { SystemDb } from "./database.ts";
import { newId } from "./new-id.ts";

/** The tenant of a server that has one: made at first start, the oldest ever after. */
export function ensureDefaultTenant(system: SystemDb, clock: Clock): Promise<TenantId> {
  return system.transaction(async (kysely) => {
    const known = await kysely
      .selectFrom("tenant")
      .select("id")
      .orderBy("created_at")
      .orderBy("id")
      .executeTakeFirst();
    if (known !== undefined) return known.id;
    const id = newId<TenantId>();
    await kysely
      .insertInto("tenant")
      .values({
        id,
        name: "default",
        planning_epoch: 0,
        assignment_number: 0,
        deployment_number: 0,
        created_at: clock.now(),
      })
      .execute();
    return id;
  });
}
