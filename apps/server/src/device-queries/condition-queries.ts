import { assert } from "@moult/base";
import type { TenantId } from "@moult/model";
import { orderKey, type Condition, type FactName, type Pattern, type Query } from "@moult/query";
import { sql, type RawBuilder } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

type Truth = RawBuilder<boolean>;

/**
 * What `matches` says of a device, about the row `device` of a statement: true or false, never null. It is checked and decides
 * by no index, for what a query asks is seldom what finds the fewest devices; texts of the query are parameters.
 */
export function queryCondition(db: TenantDb, query: Query): Truth {
  switch (query.kind) {
    case "and":
    case "or":
      return sql`(${sql.join(
        query.parts.map((part) => queryCondition(db, part)),
        query.kind === "and" ? sql` and ` : sql` or `,
      )})`;
    case "not":
      return sql`(not ${queryCondition(db, query.part)})`;
    case "condition":
      return holds(db, query);
  }
}

function holds(db: TenantDb, condition: Condition): Truth {
  const { field } = condition;
  if (field.kind === "inventory") return attributeHolds(db, field.name, condition);
  if (field.kind === "identity") return textHolds(db, condition, identityText(db, field.name));
  assert(field.kind === "fact", "a query over devices asks for no circumstances");
  return field.name === "group"
    ? groupHolds(db, condition)
    : textHolds(db, condition, factText(db, field.name));
}

/** False where the device has no such text. */
const textHolds = (db: TenantDb, condition: Condition, text: RawBuilder<string>): Truth =>
  sql`coalesce(${compared(db, condition, text, "device.running_order_key")}, ${no(db)})`;

const no = ({ dialect }: TenantDb): Truth => (dialect === "sqlite" ? sql`0` : sql`false`);

/**
 * The device's attribute, found by its key. Of `exists`, PostgreSQL would read the attributes of all devices at once, and do so
 * again for each condition of the query.
 */
function attributeHolds(db: TenantDb, name: string, condition: Condition): Truth {
  const tenant = besideIndex(db, sql.ref<TenantId>("asked.tenant_id"));
  return sql`coalesce((select ${compared(db, condition, sql.ref("asked.value"), "asked.order_key")}
    from device_attribute as asked where asked.device_id = device.id
    and asked.name = ${name} and ${tenant} = ${db.tenantId}), ${no(db)})`;
}

function groupHolds(db: TenantDb, { operator, value }: Condition): Truth {
  const tenant = besideIndex(db, sql.ref<TenantId>("asked.tenant_id"));
  const isIn = (name: Truth | undefined): Truth => sql`exists (
    select 1 from device_group_member as asked ${
      name === undefined ? sql`` : sql`join device_group as named on named.id = asked.group_id`
    } where asked.device_id = device.id and ${tenant} = ${db.tenantId}
    ${name === undefined ? sql`` : sql`and named.tenant_id = ${db.tenantId} and ${name}`})`;
  const isInNamed = isIn(equals(db, sql.ref("named.name"), value));
  return operator === "!=" ? sql`(${isIn(undefined)} and not ${isInNamed})` : isInNamed;
}

const identityText = ({ dialect }: TenantDb, name: string): RawBuilder<string> =>
  dialect === "sqlite"
    ? sql`(select asked.value from json_each(device.identity) as asked where asked.key = ${name})`
    : sql`(device.identity::json ->> cast(${name} as text))`;

function factText(db: TenantDb, name: Exclude<FactName, "group">): RawBuilder<string> {
  const column = (of: string): RawBuilder<string> => sql`${besideIndex(db, sql.ref(of))}`;
  const trait = (of: "client" | "trust"): RawBuilder<string> =>
    db.dialect === "sqlite"
      ? sql`json_extract(device.traits, ${sql.lit(`$.${of}`)})`
      : sql`(device.traits::json ->> ${sql.lit(of)})`;
  switch (name) {
    case "id":
    case "name":
    case "product":
    case "state":
      return column(`device.${name}`);
    case "hardwareType":
      return column("device.hardware_type");
    case "running":
      return column("device.running_artifact");
    case "client":
      return trait("client");
    // A client that has not said what it verifies.
    case "trust":
      return sql`coalesce(${trait("trust")}, 'unknown')`;
  }
}

/** Null where there is nothing to compare. */
function compared(
  db: TenantDb,
  { operator, value }: Condition,
  text: RawBuilder<string>,
  orderedBy: "asked.order_key" | "device.running_order_key",
): Truth {
  const key = sql.ref(orderedBy);
  const than = orderKey(value[0]);
  switch (operator) {
    case "=":
      return equals(db, text, value);
    case "!=":
      return sql`not ${equals(db, text, value)}`;
    case "<":
      return sql`${key} < ${than}`;
    case "<=":
      return sql`${key} <= ${than}`;
    case ">":
      return sql`${key} > ${than}`;
    case ">=":
      return sql`${key} >= ${than}`;
  }
}

function equals(db: TenantDb, text: RawBuilder<string>, value: Pattern): Truth {
  if (value.length === 1) return sql`(${text} = ${value[0]})`;
  // SQLite's LIKE takes no notice of the case of letters, its GLOB does.
  return db.dialect === "sqlite"
    ? sql`(${text} glob ${value.map((part) => part.replaceAll(/[[*?]/g, "[$&]")).join("*")})`
    : sql`(${text} like ${value.map((part) => part.replaceAll(/[\\%_]/g, String.raw`\$&`)).join("%")} escape '\\')`;
}
