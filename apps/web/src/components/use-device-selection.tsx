import { deviceLabel, type DeviceId, type DeviceRow } from "@moult/model";
import { useState } from "react";
import { exactCount } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import type { Column } from "../ui/table.tsx";
import { toast } from "../ui/toasts.tsx";
import {
  NOTHING,
  SELECTED_MAX,
  isSelected,
  selectedCount,
  withSelected,
  type DeviceSelection,
} from "./device-selection.ts";

export interface Selecting {
  readonly selection: DeviceSelection;
  readonly isWholePage: boolean;
  readonly isPartOfPage: boolean;
  readonly set: (selection: DeviceSelection) => void;
  readonly tick: (id: DeviceId, isOn: boolean) => void;
  /** All of the page, or none of it when all of it is ticked. */
  readonly tickPage: () => void;
}

/** Of one filter, through all its pages: another filter starts with nothing, and says so. */
export function useDeviceSelection(filterKey: string, rows: readonly DeviceRow[]): Selecting {
  const [kept, keep] = useState({ filterKey, selection: NOTHING });
  const isOfOther = kept.filterKey !== filterKey;
  if (isOfOther) {
    keep({ filterKey, selection: NOTHING });
    if (selectedCount(kept.selection, 1) !== 0)
      queueMicrotask(() => toast("The filter changed, so nothing is selected now"));
  }
  const selection = isOfOther ? NOTHING : kept.selection;
  const set = (next: DeviceSelection): void => keep({ filterKey, selection: next });
  const tick = (ids: readonly DeviceId[], isOn: boolean): void => {
    const next = withSelected(selection, ids, isOn);
    if (next !== undefined) set(next);
    else toast(`At most ${exactCount(SELECTED_MAX)} one by one; select all matching instead`);
  };
  const ids = rows.map(({ id }) => id);
  const isWholePage = ids.length > 0 && ids.every((id) => isSelected(selection, id));
  return {
    selection,
    isWholePage,
    isPartOfPage: !isWholePage && ids.some((id) => isSelected(selection, id)),
    set,
    tick: (id, isOn) => tick([id], isOn),
    tickPage: () => tick(ids, !isWholePage),
  };
}

const BOX = "block size-4 accent-primary pointer-coarse:size-6";

export function selectColumn(selecting: Selecting): Column<DeviceRow> {
  const { selection, isWholePage, isPartOfPage, tick, tickPage } = selecting;
  return {
    key: "select",
    name: "Selection",
    isLead: true,
    title: (
      <input
        type="checkbox"
        aria-label="Select this page"
        // On a phone the titles of columns are heard only, and the list has a box of its own for this.
        className={`${BOX} max-sm:hidden`}
        checked={isWholePage}
        ref={(element) => {
          if (element !== null) element.indeterminate = isPartOfPage;
        }}
        onChange={tickPage}
      />
    ),
    cell: (device) => (
      <input
        type="checkbox"
        aria-label={`Select ${plainText(deviceLabel(device))}`}
        className={BOX}
        checked={isSelected(selection, device.id)}
        onChange={(event) => tick(device.id, event.target.checked)}
      />
    ),
  };
}
