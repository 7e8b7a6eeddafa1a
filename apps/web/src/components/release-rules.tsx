import { releaseRuleWords, type Release } from "@moult/model";
import { useState, type FormEvent } from "react";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Button } from "../ui/button.tsx";
import { CheckField, TextField } from "../ui/field.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { toast } from "../ui/toasts.tsx";

/** What devices must run before this release, or before those after it. */
export function ReleaseRules({ release }: { readonly release: Release }) {
  const [isEdited, setIsEdited] = useState(false);
  const refusal = useRefusal("releases:write");
  if (isEdited) return <RulesForm release={release} onClose={() => setIsEdited(false)} />;
  const words = releaseRuleWords(release);
  return (
    <Panel
      title="Rules"
      aside={
        <Button kind="quiet" disabledReason={refusal} onClick={() => setIsEdited(true)}>
          Edit rules
        </Button>
      }
    >
      {words.length === 0 ? (
        <p className="text-soft">None: it is offered whatever devices run.</p>
      ) : (
        <ul className="flex max-w-prose flex-col gap-1">
          {words.map((sentence) => (
            <li key={sentence}>
              <Foreign text={sentence} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function RulesForm({
  release,
  onClose,
}: {
  readonly release: Release;
  readonly onClose: () => void;
}) {
  const [minimum, setMinimum] = useState<string>(release.minimumFrom ?? "");
  const [mustPassThrough, setMustPassThrough] = useState(release.mustPassThrough);
  const change = useAction("changeRelease", {
    refreshes: ["showRelease", "listReleases"],
    onDone: () => {
      onClose();
      toast("Rules saved");
    },
  });
  const save = (event: FormEvent): void => {
    event.preventDefault();
    const minimumFrom = minimum.trim() === "" ? null : minimum.trim();
    if (!change.isPending)
      change.mutate({
        params: { releaseId: release.id },
        body: { minimumFrom, mustPassThrough },
      });
  };
  return (
    <Panel title="Rules">
      <form onSubmit={save} className="flex flex-col gap-3">
        <TextField
          label="Lowest version to come from"
          hint="Devices that run less are not offered it. Empty: whatever they run."
          value={minimum}
          onChange={setMinimum}
          isMono
        />
        <CheckField
          label="Must be passed through"
          hint="Devices before it are offered later releases of its channel only once they have run it."
          isChecked={mustPassThrough}
          onChange={setMustPassThrough}
        />
        {change.error !== null && <ProblemPanel error={change.error} />}
        <div className="flex gap-2">
          <Button kind="primary" type="submit" isBusy={change.isPending}>
            Save rules
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Panel>
  );
}
