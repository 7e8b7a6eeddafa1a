import type { Input } from "@moult/client";
import type { DeviceId } from "@moult/model";
import type { DeviceFilter } from "./device-filter.ts";

export type ApiSelection = Input<"startBulkChange">["body"]["selection"];

/** What is ticked in a list: some devices, or all that the filter fits but some. */
export type DeviceSelection =
  | { readonly kind: "ids"; readonly ids: ReadonlySet<DeviceId> }
  | { readonly kind: "matching"; readonly exceptIds: ReadonlySet<DeviceId> };

/** The server takes as many ids; more is "all matching". */
export const SELECTED_MAX = 1_000;

export const NOTHING: DeviceSelection = { kind: "ids", ids: new Set() };
export const ALL_MATCHING: DeviceSelection = { kind: "matching", exceptIds: new Set() };

export const isSelected = (selection: DeviceSelection, id: DeviceId): boolean =>
  selection.kind === "ids" ? selection.ids.has(id) : !selection.exceptIds.has(id);

/** Undefined when there are more than can be named one by one. */
export function withSelected(
  selection: DeviceSelection,
  ids: readonly DeviceId[],
  isOn: boolean,
): DeviceSelection | undefined {
  const named = new Set(selection.kind === "ids" ? selection.ids : selection.exceptIds);
  const isNamed = selection.kind === "ids" ? isOn : !isOn;
  for (const id of ids)
    if (isNamed) named.add(id);
    else named.delete(id);
  if (named.size > SELECTED_MAX) return undefined;
  return selection.kind === "ids"
    ? { kind: "ids", ids: named }
    : { kind: "matching", exceptIds: named };
}

/** How many are selected, as far as it is known; null when only the server can count them. */
export function selectedCount(selection: DeviceSelection, matching: number | null): number | null {
  if (selection.kind === "ids") return selection.ids.size;
  return matching === null ? null : Math.max(0, matching - selection.exceptIds.size);
}

export const apiSelection = (selection: DeviceSelection, filter: DeviceFilter): ApiSelection =>
  selection.kind === "ids"
    ? { kind: "ids", deviceIds: [...selection.ids] }
    : { kind: "matching", filter, exceptIds: [...selection.exceptIds] };
