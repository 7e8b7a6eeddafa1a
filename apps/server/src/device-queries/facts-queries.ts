import { ClientTraits, DeviceIdentity, type DeviceId, type TenantId } from "@moult/model";
import { trustLevelOf } from "@moult/planner";
import { conditionsIn, type Query, type QueryFacts } from "@moult/query";
import { sql } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import { fromJson } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/**
 * What these queries can ask about each of some devices; of inventory and groups only what they do ask, in at most three
 * questions whatever the number of devices.
 */
export async function queryFactsOf(
  db: TenantDb,
  ids: readonly DeviceId[],
  queries: readonly Query[],
): Promise<Map<DeviceId, QueryFacts>> {
  if (ids.length === 0) return new Map();
  const fields = queries.flatMap(conditionsIn).map(({ field }) => field);
  const names = new Set(fields.flatMap((field) => (field.kind === "inventory" ? field.name : [])));
  const asksGroups = fields.some((field) => field.kind === "fact" && field.name === "group");
  const rows = await db.kysely
    .selectFrom("device")
    .select([
      "id",
      "name",
      "product",
      "hardware_type",
      "state",
      "running_artifact",
      "traits",
      "identity",
    ])
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where("id", "in", ids)
    .execute();
  const attributes =
    names.size === 0
      ? new Map<DeviceId, Record<string, string>>()
      : await attributesOf(db, ids, [...names]);
  const groups = asksGroups ? await groupNamesOf(db, ids) : new Map<DeviceId, string[]>();
  return new Map(
    rows.map(({ id, traits: traitsText, ...row }) => {
      const traits = traitsText === null ? null : fromJson(ClientTraits, traitsText);
      return [
        id,
        {
          id,
          name: row.name,
          product: row.product,
          hardwareType: row.hardware_type,
          state: row.state,
          running: row.running_artifact,
          group: groups.get(id) ?? [],
          client: traits?.client ?? null,
          trust: trustLevelOf(traits).level,
          identity: fromJson(DeviceIdentity, row.identity),
          inventory: attributes.get(id) ?? {},
        },
      ];
    }),
  );
}

async function attributesOf(
  db: TenantDb,
  ids: readonly DeviceId[],
  names: readonly string[],
): Promise<Map<DeviceId, Record<string, string>>> {
  const rows = await db.kysely
    .selectFrom("device_attribute")
    .select(["device_id", "name", "value"])
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where("device_id", "in", ids)
    .where("name", "in", names)
    .execute();
  const attributes = new Map<DeviceId, Record<string, string>>();
  for (const [deviceId, its] of Map.groupBy(rows, ({ device_id }) => device_id))
    attributes.set(deviceId, Object.fromEntries(its.map(({ name, value }) => [name, value])));
  return attributes;
}

async function groupNamesOf(
  db: TenantDb,
  ids: readonly DeviceId[],
): Promise<Map<DeviceId, string[]>> {
  const rows = await db.kysely
    .selectFrom("device_group_member as member")
    .innerJoin("device_group as named", "named.id", "member.group_id")
    .select(["member.device_id", "named.name"])
    .where(besideIndex(db, sql.ref<TenantId>("member.tenant_id")), "=", db.tenantId)
    .where("named.tenant_id", "=", db.tenantId)
    .where("member.device_id", "in", ids)
    .execute();
  const names = new Map<DeviceId, string[]>();
  for (const { device_id, name } of rows)
    names.set(device_id, [...(names.get(device_id) ?? []), name]);
  return names;
}
