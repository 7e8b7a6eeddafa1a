import { useState } from "react";
import { exactCount } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import type { DevicesSearch } from "../server/page-search.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { CheckField, TextField } from "../ui/field.tsx";
import { Answered } from "../ui/panel.tsx";
import type { ChangeSearch } from "./device-filter-bar.tsx";
import { columnNames } from "./device-filter.ts";

const COLUMNS_MAX = 10;
const KEPT_AS = "moult.devices.columns";

/** The columns that this browser showed last; an address that has some of its own comes first. */
export function keptColumns(): string | undefined {
  try {
    return localStorage.getItem(KEPT_AS) ?? undefined;
  } catch {
    return undefined;
  }
}

function keepColumns(columns: string): void {
  try {
    localStorage.setItem(KEPT_AS, columns);
  } catch {
    // Without storage they stand in the address only.
  }
}

/** Attributes of the inventory as columns of the list. */
export function DeviceColumnsDialog({
  isOpen,
  onClose,
  search,
  onChange,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly search: DevicesSearch;
  readonly onChange: ChangeSearch;
}) {
  const [part, setPart] = useState("");
  const product = search.product === undefined ? {} : { product: search.product };
  const names = useOperation("listInventoryNames", { query: product }, { enabled: isOpen });
  const chosen = columnNames(search.columns ?? keptColumns());
  const set = (name: string, isShown: boolean): void => {
    const next = isShown ? [...chosen, name] : chosen.filter((other) => other !== name);
    if (next.length > COLUMNS_MAX) return;
    const columns = next.join(",");
    keepColumns(columns);
    const { columns: _, ...rest } = search;
    onChange(columns === "" ? rest : { ...rest, columns }, "replace");
  };
  const isFull = chosen.length >= COLUMNS_MAX;
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title="Columns from the inventory">
      <TextField label="Find an attribute" value={part} onChange={setPart} autoComplete="off" />
      <Answered answer={names} what="attributes">
        {({ items }) => (
          <div className="flex max-h-72 flex-col gap-1 overflow-auto">
            {items.length === 0 && <p className="text-soft">No device has reported any yet.</p>}
            {items
              .filter(({ name }) => name.toLowerCase().includes(part.trim().toLowerCase()))
              // A comma separates names in the address.
              .filter(({ name }) => !name.includes(","))
              .map(({ name, deviceCount }) => (
                <CheckField
                  key={name}
                  label={`${plainText(name)} (${exactCount(deviceCount)})`}
                  isChecked={chosen.includes(name)}
                  onChange={(isShown) => set(name, isShown)}
                />
              ))}
          </div>
        )}
      </Answered>
      <div className="flex items-center justify-between gap-3">
        <span className="text-sm text-soft">
          {isFull ? `${COLUMNS_MAX} are chosen, and that is all there can be.` : ""}
        </span>
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
