import type { DeviceFilter } from "@moult/api";
import { deviceLabel, type DeviceId, type ProductName } from "@moult/model";
import { othersTurn } from "../platform/others-turn.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { ContactClock } from "./device-contact.ts";
import type { DeviceFacts } from "./device-transitions.ts";
import { matchOf } from "./filter-queries.ts";
import { matchingRows, rowsOf, type SelectedRow } from "./selected-queries.ts";

/** What an action on a device depends on. */
export interface SelectedDevice {
  readonly id: DeviceId;
  readonly product: ProductName;
  readonly facts: DeviceFacts;
  readonly isUpdating: boolean;
  /** What people call it. */
  label(): string;
}

/** Read at once; a few milliseconds, after which others have their turn. */
const PAGE = 500;

/** The devices of these ids that there are, or all that the filter fits, from the newest to the oldest, in pages. */
export async function* selectedDevices(
  db: TenantDb,
  wanted: readonly DeviceId[] | DeviceFilter,
  clock: ContactClock,
): AsyncGenerator<readonly SelectedDevice[]> {
  if (isIds(wanted)) {
    for (let start = 0; start < wanted.length; start += PAGE) {
      yield (await rowsOf(db, wanted.slice(start, start + PAGE))).map(deviceFrom);
      await othersTurn();
    }
    return;
  }
  const match = await matchOf(db, wanted, clock);
  let rows: readonly SelectedRow[] = [];
  do {
    rows = await matchingRows(db, match, rows.at(-1), PAGE);
    if (rows.length > 0) yield rows.map(deviceFrom);
    await othersTurn();
  } while (rows.length === PAGE);
}

const isIds = (wanted: readonly DeviceId[] | DeviceFilter): wanted is readonly DeviceId[] =>
  Array.isArray(wanted);

const deviceFrom = (row: SelectedRow): SelectedDevice => ({
  id: row.id,
  product: row.product,
  facts: {
    state: row.state,
    hasPendingKey: row.has_pending_key === 1,
    hasIdentityConflict: row.identity_conflict_at !== null,
  },
  isUpdating: row.open_assignment_id !== null,
  label: () => deviceLabel({ name: row.name, identity: row.identity() }),
});
