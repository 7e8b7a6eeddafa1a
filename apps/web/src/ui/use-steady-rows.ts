import { useState } from "react";
import { steadyRows, type HeldRows, type SteadyRows } from "./steady-rows.ts";

/**
 * The rows of a list whose membership changes only when somebody asks for it. `pageKey` names the page: another filter or
 * cursor is another page. `fresh` is undefined while that page is not there yet.
 */
export function useSteadyRows<Row>(
  pageKey: string,
  fresh: readonly Row[] | undefined,
  keyOf: (row: Row) => string,
): SteadyRows<Row> & { readonly showChanged: () => void } {
  const [held, setHeld] = useState<HeldRows<Row> | undefined>(undefined);
  // Into an empty list rows come by themselves: there is nothing that could jump.
  const isOther = held?.pageKey !== pageKey || held.rows.length === 0;
  if (fresh !== undefined && isOther && (held?.pageKey !== pageKey || fresh.length > 0))
    setHeld({ pageKey, rows: fresh });
  const shown = isOther ? (fresh ?? []) : held.rows;
  return {
    ...steadyRows(shown, fresh ?? shown, keyOf),
    // The next rendering holds what is there then.
    showChanged: () => setHeld(undefined),
  };
}
