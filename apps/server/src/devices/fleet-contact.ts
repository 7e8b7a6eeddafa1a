import type { DeviceContact, ProductName } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { countsByContact } from "./count-queries.ts";
import type { ContactClock } from "./device-contact.ts";

/** How many accepted devices check in as they should, and how many do not. */
export function fleetContact(
  db: TenantDb,
  product: ProductName | undefined,
  clock: ContactClock,
): Promise<Record<DeviceContact, number>> {
  return countsByContact(db, product, clock);
}
