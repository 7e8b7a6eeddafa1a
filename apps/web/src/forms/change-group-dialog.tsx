import type { Group } from "@moult/model";
import { useState, type FormEvent } from "react";
import { QueryField } from "../components/query-field.tsx";
import { queryProblem } from "../components/query-problem.ts";
import { useAction } from "../server/use-action.ts";
import { Dialog } from "../ui/dialog.tsx";
import { TextField } from "../ui/field.tsx";
import { FormEnd } from "../ui/form-end.tsx";
import { toast } from "../ui/toasts.tsx";

/** Its name, and the query of a group that has one: what it is, it stays. */
export function ChangeGroupDialog({
  group,
  onClose,
}: {
  readonly group: Group;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState(group.name);
  const [query, setQuery] = useState(group.query ?? "");
  const change = useAction("changeGroup", {
    refreshes: ["showGroup", "listGroups", "listDevices", "countMatchingDevices", "showDevice"],
    onDone: () => {
      toast("The group is changed");
      onClose();
    },
  });
  const problem = queryProblem(query);
  const off =
    name.trim() === ""
      ? "it needs a name"
      : problem !== null || (group.query !== null && query.trim() === "")
        ? "the query is not one yet"
        : undefined;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (off !== undefined || change.isPending) return;
    change.mutate({
      params: { groupId: group.id },
      body: { name: name.trim(), ...(group.query === null ? {} : { query: query.trim() }) },
    });
  };
  return (
    <Dialog isOpen onClose={onClose} title="Change the group">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          maxLength={128}
          autoComplete="off"
          required
        />
        {group.query !== null && (
          <QueryField
            label="Query"
            hint="Unfinished deployments to the group go by the new query from then on. Who is in one stays in it."
            value={query}
            problem={problem}
            onChange={setQuery}
          />
        )}
        <FormEnd sending={change} onCancel={onClose} disabledReason={off}>
          Change the group
        </FormEnd>
      </form>
    </Dialog>
  );
}
