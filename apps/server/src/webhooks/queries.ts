import type { WebhookDeliveryId } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";

/** Something that a receiver is still to be told. */
export interface Delivery {
  readonly id: WebhookDeliveryId;
  readonly body: string;
  readonly attempts: number;
}

interface DueDelivery {
  readonly id: WebhookDeliveryId;
  readonly nextAt: number;
}

/** The last event that was looked at for a webhook; undefined before the first look. */
export async function cursorOf(db: TenantDb, webhook: string): Promise<number | undefined> {
  const row = await db.kysely
    .selectFrom("webhook_cursor")
    .select("sequence")
    .where("tenant_id", "=", db.tenantId)
    .where("webhook", "=", webhook)
    .executeTakeFirst();
  return row?.sequence;
}

export async function beginAt(db: TenantDb, webhook: string, sequence: number): Promise<void> {
  await db.kysely
    .insertInto("webhook_cursor")
    .values({ tenant_id: db.tenantId, webhook, sequence })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** False when another server went on from there already. */
export async function goOn(
  db: TenantDb,
  webhook: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<boolean> {
  const moved = await db.kysely
    .updateTable("webhook_cursor")
    .set({ sequence: to })
    .where("tenant_id", "=", db.tenantId)
    .where("webhook", "=", webhook)
    .where("sequence", "=", from)
    .returning("sequence")
    .executeTakeFirst();
  return moved !== undefined;
}

export async function insertDeliveries(
  db: TenantDb,
  webhook: string,
  messages: readonly {
    readonly id: WebhookDeliveryId;
    readonly sequence: number;
    readonly body: string;
  }[],
  at: number,
): Promise<void> {
  await db.kysely
    .insertInto("webhook_delivery")
    .values(
      messages.map((message) => ({
        ...message,
        tenant_id: db.tenantId,
        webhook,
        attempts: 0,
        next_at: at,
        created_at: at,
      })),
    )
    .execute();
}

/** The delivery that is due for the longest time. */
export async function dueDelivery(
  db: TenantDb,
  webhook: string,
  at: number,
): Promise<DueDelivery | undefined> {
  return db.kysely
    .selectFrom("webhook_delivery")
    .select(["id", "next_at as nextAt"])
    .where("tenant_id", "=", db.tenantId)
    .where("webhook", "=", webhook)
    .where("next_at", "<=", at)
    .orderBy("next_at")
    .orderBy("sequence")
    .executeTakeFirst();
}

/** Until `until` nobody else gets it; undefined when somebody else was faster. */
export async function leaseDelivery(
  db: TenantDb,
  { id, nextAt }: DueDelivery,
  until: number,
): Promise<Delivery | undefined> {
  return db.kysely
    .updateTable("webhook_delivery")
    .set((row) => ({ next_at: until, attempts: row("attempts", "+", 1) }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .where("next_at", "=", nextAt)
    .returning(["id", "body", "attempts"])
    .executeTakeFirst();
}

export async function tryAgainAt(
  db: TenantDb,
  id: WebhookDeliveryId,
  nextAt: number,
): Promise<void> {
  await db.kysely
    .updateTable("webhook_delivery")
    .set({ next_at: nextAt })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .execute();
}

export async function forgetDelivery(db: TenantDb, id: WebhookDeliveryId): Promise<void> {
  await db.kysely
    .deleteFrom("webhook_delivery")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .execute();
}

export async function hasDeliveriesBefore(db: TenantDb, createdBefore: number): Promise<boolean> {
  const old = await db.kysely
    .selectFrom("webhook_delivery")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .where("created_at", "<", createdBefore)
    .executeTakeFirst();
  return old !== undefined;
}

/** Gives up what is older than this, also for receivers that are no longer configured; answers how many. */
export async function giveUpBefore(db: TenantDb, createdBefore: number): Promise<number> {
  const gone = await db.kysely
    .deleteFrom("webhook_delivery")
    .where("tenant_id", "=", db.tenantId)
    .where("created_at", "<", createdBefore)
    .returning("id")
    .execute();
  return gone.length;
}
