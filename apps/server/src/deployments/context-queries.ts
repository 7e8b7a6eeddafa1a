import { ReportedContext, type HardwareType, type Plan, type ProductName } from "@moult/model";
import { checkConditions, meetsConditions, type ConditionGap } from "@moult/planner";
import { besideIndex } from "../platform/beside-index.ts";
import { fromJson } from "../platform/columns.ts";
import { sql } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";
import { inScope, type Scope } from "./scope-queries.ts";

/** Accepted devices of these hardware types that do not meet a plan's conditions as they are now. */
export async function conditionGap(
  db: TenantDb,
  product: ProductName,
  scopes: readonly Scope[],
  hardwareTypes: readonly HardwareType[],
  plan: Plan,
): Promise<ConditionGap> {
  let [unmet, silent] = [0, 0];
  if (plan.conditions === undefined || hardwareTypes.length === 0) return { unmet, silent };
  // Of conditions that nobody can read, or that say the same of everybody, that is said.
  if (checkConditions(plan).length > 0) return { unmet, silent };
  for (const scope of scopes)
    for (const { context, count } of await countByContext(db, product, scope, hardwareTypes)) {
      if (meetsConditions(plan, context)) continue;
      unmet += count;
      if (context === null) silent += count;
    }
  return { unmet, silent };
}

async function countByContext(
  db: TenantDb,
  product: ProductName,
  scope: Scope,
  hardwareTypes: readonly HardwareType[],
): Promise<{ readonly context: ReportedContext | null; readonly count: number }[]> {
  const rows = await inScope(db, product, scope)
    .where(besideIndex(db, sql.ref<string>("device.state")), "=", "accepted")
    .where(besideIndex(db, sql.ref<HardwareType>("device.hardware_type")), "in", hardwareTypes)
    .select(["device.context", (row) => row.fn.countAll<number>().as("count")])
    .groupBy("device.context")
    .execute();
  return rows.map(({ context, count }) => ({
    context: context === null ? null : fromJson(ReportedContext, context),
    count: Number(count),
  }));
}
