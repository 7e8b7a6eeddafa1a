import type { Plan, ProductName } from "@moult/model";
import { zoneAttributesOf, type ZoneGap } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { timeZone } from "../platform/time-zones.ts";
import type { Scope } from "./scope-queries.ts";
import { countByAttribute } from "./zone-queries.ts";

/** Zones that a plan names and that this server has no clocks for, by the window's index. */
export function unknownZones({ windows = [] }: Plan): readonly (readonly [number, string])[] {
  return windows.flatMap(({ zone }, index) =>
    typeof zone === "string" && zone !== "device" && timeZone(zone) === undefined
      ? [[index, zone] as const]
      : [],
  );
}

/** Devices whose clocks a plan's windows go by, and which those are is not known. */
export async function zoneGaps(
  db: TenantDb,
  product: ProductName,
  scopes: readonly Scope[],
  plan: Plan,
): Promise<ZoneGap[]> {
  const gaps: ZoneGap[] = [];
  for (const attribute of zoneAttributesOf(plan)) {
    let missing = 0;
    let unknown = 0;
    for (const scope of scopes)
      for (const { value, count } of await countByAttribute(db, product, scope, attribute)) {
        if (value === null) missing += count;
        else if (timeZone(value) === undefined) unknown += count;
      }
    if (missing + unknown > 0) gaps.push({ attribute, missing, unknown });
  }
  return gaps;
}
