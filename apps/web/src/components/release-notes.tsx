import type { Release } from "@moult/model";
import { useState, type FormEvent } from "react";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Button } from "../ui/button.tsx";
import { TextArea } from "../ui/field.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { toast } from "../ui/toasts.tsx";

/** Notes are text with line breaks, nothing else. */
export function ReleaseNotes({ release }: { readonly release: Release }) {
  const [draft, setDraft] = useState<string>();
  const refusal = useRefusal("releases:write");
  const change = useAction("changeRelease", {
    refreshes: ["showRelease", "listReleases"],
    onDone: () => {
      setDraft(undefined);
      toast("Notes saved");
    },
  });
  const save = (event: FormEvent): void => {
    event.preventDefault();
    if (draft !== undefined && !change.isPending)
      change.mutate({ params: { releaseId: release.id }, body: { notes: draft } });
  };
  if (draft !== undefined)
    return (
      <Panel title="Notes">
        <form onSubmit={save} className="flex flex-col gap-3">
          <TextArea label="Notes" rows={8} value={draft} onChange={setDraft} />
          {change.error !== null && <ProblemPanel error={change.error} />}
          <div className="flex gap-2">
            <Button kind="primary" type="submit" isBusy={change.isPending}>
              Save notes
            </Button>
            <Button
              onClick={() => {
                change.reset();
                setDraft(undefined);
              }}
            >
              Cancel
            </Button>
          </div>
        </form>
      </Panel>
    );
  return (
    <Panel
      title="Notes"
      aside={
        <Button kind="quiet" disabledReason={refusal} onClick={() => setDraft(release.notes)}>
          Edit notes
        </Button>
      }
    >
      {release.notes === "" ? (
        <p className="text-soft">No notes.</p>
      ) : (
        <p className="max-w-prose">
          <Foreign text={release.notes} lines />
        </p>
      )}
    </Panel>
  );
}
