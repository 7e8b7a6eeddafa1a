import type { BulkChange, BulkChangeId } from "@moult/model";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";
import { counted, exactCount } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { bulkTitle } from "./bulk-words.ts";
import type { ApiSelection } from "./device-selection.ts";

/** "12 of 214 devices are done", "212 changed, 2 were so already". */
export function bulkSentence(change: BulkChange): string {
  const { state, total, done, changed, unchanged, refused } = change;
  if (state === "running") return `${exactCount(done)} of ${counted(total, "device")} are done.`;
  const refusedCount = refused.reduce((sum, { count }) => sum + count, 0);
  const parts = [
    `${counted(changed, "device")} changed`,
    ...(unchanged > 0 ? [`${exactCount(unchanged)} were so already`] : []),
    ...(refusedCount > 0 ? [`${exactCount(refusedCount)} could not`] : []),
  ];
  return `${parts.join(", ")}.`;
}

/** A change that was begun on this page, and of which devices. */
export interface StartedChange {
  readonly bulkChangeId: string;
  readonly selection: ApiSelection;
}

/** What was begun on this page, as it goes; its own page has the rest. */
export function BulkChangeLine({
  started: { bulkChangeId, selection },
  onClose,
  onFinished,
  onUndone,
}: {
  readonly started: StartedChange;
  readonly onClose: () => void;
  /** The list has been asked again after it. */
  readonly onFinished: () => void;
  readonly onUndone: (started: StartedChange) => void;
}) {
  const { data } = useOperation("showBulkChange", {
    params: { bulkChangeId: bulkChangeId as BulkChangeId },
  });
  const queryClient = useQueryClient();
  const finish = useEffectEvent(async () => {
    await queryClient.invalidateQueries({ queryKey: ["listDevices"] });
    onFinished();
  });
  const isFinished = data?.state === "finished";
  useEffect(() => {
    if (isFinished) void finish();
  }, [isFinished]);
  if (data === undefined) return null;
  return (
    <div
      role="status"
      className="mb-3 flex flex-wrap items-center gap-3 rounded-lg border border-line bg-raised px-3 py-2"
    >
      <span>
        {bulkTitle(data.action, data.total)}: {bulkSentence(data)}
      </span>
      <TextLink to="/jobs/$bulkChangeId" params={{ bulkChangeId }}>
        See it
      </TextLink>
      <Undo change={data} selection={selection} onUndone={onUndone} />
      <span className="ml-auto">
        <Button kind="quiet" aria-label="Hide this line" onClick={onClose}>
          ×
        </Button>
      </span>
    </div>
  );
}

/** Takes out of the group again what went in, as a change of its own; only where that was all of what was selected. */
function Undo({
  change: { action, state, changed, total },
  selection,
  onUndone,
}: {
  readonly change: BulkChange;
  readonly selection: ApiSelection;
  readonly onUndone: (started: StartedChange) => void;
}) {
  const start = useAction("startBulkChange", {
    refreshes: ["listGroups", "showGroup"],
    onDone: ({ id }) => onUndone({ bulkChangeId: id, selection }),
  });
  const isAll = state === "finished" && changed === total && selection.kind === "ids";
  if (action.kind !== "add-to-group" || !isAll) return null;
  const { groupId } = action;
  return (
    <>
      <Button
        isBusy={start.isPending}
        onClick={() =>
          start.mutate({
            body: {
              selection,
              action: { kind: "remove-from-group", groupId },
              expectedMatches: total,
            },
          })
        }
      >
        Undo
      </Button>
      {start.error !== null && <ProblemPanel error={start.error} />}
    </>
  );
}
