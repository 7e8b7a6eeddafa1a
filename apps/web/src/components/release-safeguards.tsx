import type { ReleaseId, Safeguard } from "@moult/model";
import { useState, type FormEvent } from "react";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Button } from "../ui/button.tsx";
import { TextArea } from "../ui/field.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { toast } from "../ui/toasts.tsx";
import { When } from "../ui/when.tsx";
import { QueryField } from "./query-field.tsx";
import { queryProblem } from "./query-problem.ts";

/** Devices that the release is kept from, with why; whoever may change releases adds and lifts them here. */
export function ReleaseSafeguards({ releaseId }: { readonly releaseId: ReleaseId }) {
  const [isAdding, setIsAdding] = useState(false);
  const refusal = useRefusal("releases:write");
  const answer = useOperation("listSafeguards", { params: { releaseId } });
  return (
    <Panel
      title="Safeguards"
      aside={
        !isAdding && (
          <Button kind="quiet" disabledReason={refusal} onClick={() => setIsAdding(true)}>
            Add a safeguard
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-4">
        {isAdding && <SafeguardForm releaseId={releaseId} onClose={() => setIsAdding(false)} />}
        <Answered answer={answer} what="safeguards" rows={2}>
          {({ items }) =>
            items.length === 0 ? (
              <p className="text-soft">None: deployments offer it to every device that fits.</p>
            ) : (
              <ul className="flex flex-col gap-3">
                {items.map((safeguard) => (
                  <ShownSafeguard key={safeguard.id} safeguard={safeguard} refusal={refusal} />
                ))}
              </ul>
            )
          }
        </Answered>
      </div>
    </Panel>
  );
}

function ShownSafeguard({
  safeguard: { id: safeguardId, query, note, createdBy, createdAt, liftedBy, liftedAt },
  refusal,
}: {
  readonly safeguard: Safeguard;
  readonly refusal: string | undefined;
}) {
  const lift = useAction("liftSafeguard", {
    refreshes: ["listSafeguards"],
    onDone: () => toast("Safeguard lifted"),
  });
  return (
    <li className="flex flex-col gap-1">
      <p className="max-w-prose">
        <Foreign text={note} lines />
      </p>
      <p className="text-sm text-soft">
        Devices of which <Foreign text={query} mono /> is true; by <Foreign text={createdBy} />,{" "}
        <When at={createdAt} />
        {liftedAt !== null && (
          <>
            ; lifted by <Foreign text={liftedBy ?? ""} />, <When at={liftedAt} />
          </>
        )}
        .
      </p>
      {lift.error !== null && <ProblemPanel error={lift.error} />}
      {liftedAt === null && (
        <div>
          <Button
            disabledReason={refusal}
            isBusy={lift.isPending}
            onClick={() => lift.mutate({ params: { safeguardId } })}
          >
            Lift
          </Button>
        </div>
      )}
    </li>
  );
}

function SafeguardForm({
  releaseId,
  onClose,
}: {
  readonly releaseId: ReleaseId;
  readonly onClose: () => void;
}) {
  const [query, setQuery] = useState("");
  const [note, setNote] = useState("");
  const problem = queryProblem(query);
  const create = useAction("createSafeguard", {
    refreshes: ["listSafeguards"],
    onDone: () => {
      onClose();
      toast("Safeguard added");
    },
  });
  const isComplete = query.trim() !== "" && problem === null && note.trim() !== "";
  const save = (event: FormEvent): void => {
    event.preventDefault();
    if (isComplete && !create.isPending)
      create.mutate({ params: { releaseId }, body: { query, note } });
  };
  return (
    <form onSubmit={save} className="flex flex-col gap-3">
      <QueryField
        label="Devices"
        hint="No deployment offers them the release until the safeguard is lifted."
        value={query}
        problem={problem}
        onChange={setQuery}
      />
      <TextArea
        label="What happens on them"
        hint="Stands beside each of them, for whoever asks why it waits."
        rows={3}
        value={note}
        onChange={setNote}
      />
      {create.error !== null && <ProblemPanel error={create.error} />}
      <div className="flex gap-2">
        <Button
          kind="primary"
          type="submit"
          isBusy={create.isPending}
          disabledReason={isComplete ? undefined : "a query and what happens are needed"}
        >
          Add the safeguard
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  );
}
