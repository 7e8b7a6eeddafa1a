import { useState } from "react";
import { BulkDialog, type BulkVerb } from "../forms/bulk-dialog.tsx";
import { count, exactCount } from "../format/number.ts";
import { useMay } from "../server/me.ts";
import { Button, ButtonLink } from "../ui/button.tsx";
import type { DeviceFilter } from "./device-filter.ts";
import { apiSelection, selectedCount, type DeviceSelection } from "./device-selection.ts";
import type { StartedChange } from "./bulk-change-line.tsx";

/** As many ids as an address carries well. */
const DEPLOYABLE_MAX = 50;

/** What can be done to the devices that are selected; it stays in sight while the list scrolls. */
export function BulkBar({
  selection,
  filter,
  matching,
  onSelectAll,
  onClear,
  onStarted,
}: {
  readonly selection: DeviceSelection;
  readonly filter: DeviceFilter;
  readonly matching: { readonly count: number; readonly isExact: boolean } | undefined;
  readonly onSelectAll: () => void;
  readonly onClear: () => void;
  readonly onStarted: (started: StartedChange) => void;
}) {
  const [verb, setVerb] = useState<BulkVerb | null>(null);
  const selected = selectedCount(selection, matching?.count ?? null);
  if (selected === 0) return null;
  const isMore = selection.kind === "matching" && matching?.isExact === false;
  const others = matching !== undefined && selected !== null && matching.count > selected;
  return (
    <section
      aria-label="Selected devices"
      className="sticky bottom-2 z-10 flex flex-wrap items-center gap-2 rounded-lg border border-control bg-raised p-2 shadow-lg max-sm:bottom-18"
    >
      <span className="tabular px-2 font-medium max-sm:grow" role="status">
        {selected === null
          ? "All matching are selected"
          : `${isMore ? "More than " : ""}${exactCount(selected)} selected`}
      </span>
      {selection.kind === "ids" && others && (
        <Button kind="quiet" onClick={onSelectAll}>
          Select all {matching.isExact ? "" : "more than "}
          {count(matching.count)} matching
        </Button>
      )}
      <span className="flex flex-wrap gap-2 max-sm:order-2 sm:ml-auto">
        <Verbs selection={selection} filter={filter} onVerb={setVerb} />
      </span>
      <span className="max-sm:order-1">
        <Button kind="quiet" onClick={onClear}>
          Clear
        </Button>
      </span>
      {verb !== null && (
        <BulkDialog
          verb={verb}
          selection={apiSelection(selection, filter)}
          filter={filter}
          onClose={() => setVerb(null)}
          onStarted={(bulkChangeId) => {
            setVerb(null);
            onStarted({ bulkChangeId, selection: apiSelection(selection, filter) });
          }}
        />
      )}
    </section>
  );
}

const MAY_NOT = "your role does not allow this";

function Verbs({
  selection,
  filter,
  onVerb,
}: {
  readonly selection: DeviceSelection;
  readonly filter: DeviceFilter;
  readonly onVerb: (verb: BulkVerb) => void;
}) {
  const devicesOff = useMay("devices:write") ? undefined : MAY_NOT;
  const groupsOff = useMay("groups:write") ? undefined : MAY_NOT;
  const ids = selection.kind === "ids" ? [...selection.ids] : [];
  const deployable = ids.length > 0 && ids.length <= DEPLOYABLE_MAX;
  return (
    <>
      {filter.state !== "accepted" && (
        <Button disabledReason={devicesOff} onClick={() => onVerb("accept")}>
          Accept
        </Button>
      )}
      {filter.state !== "rejected" && (
        <Button disabledReason={devicesOff} onClick={() => onVerb("reject")}>
          Refuse
        </Button>
      )}
      <Button disabledReason={groupsOff} onClick={() => onVerb("add-to-group")}>
        Add to group
      </Button>
      {filter.groupId !== undefined && (
        <Button disabledReason={groupsOff} onClick={() => onVerb("remove-from-group")}>
          Remove from group
        </Button>
      )}
      {deployable && (
        <ButtonLink to="/deployments/new" search={{ deviceIds: ids.join(",") }}>
          Deploy to them
        </ButtonLink>
      )}
      <Button disabledReason={devicesOff} onClick={() => onVerb("decommission")}>
        Decommission
      </Button>
    </>
  );
}
