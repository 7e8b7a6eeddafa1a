import type { Person, Role } from "@moult/api";
import { useState, type FormEvent } from "react";
import { plainText } from "../format/visible-text.ts";
import { useAction } from "../server/use-action.ts";
import { Dialog } from "../ui/dialog.tsx";
import { SelectField } from "../ui/field.tsx";
import { toast } from "../ui/toasts.tsx";
import { roleChoices } from "./role-words.ts";
import { FormEnd } from "../ui/form-end.tsx";

/** Gives somebody else a role. */
export function ChangeRoleDialog({
  person,
  onClose,
}: {
  readonly person: Person;
  readonly onClose: () => void;
}) {
  const name = plainText(person.name);
  const [role, setRole] = useState<Role>(person.role);
  const change = useAction("changePerson", {
    refreshes: ["listPeople", "listInvitations", "listApprovers"],
    onDone: () => {
      toast(`${name} is ${role} now`);
      onClose();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (change.isPending) return;
    change.mutate({ params: { personId: person.id }, body: { role } });
  };
  return (
    <Dialog isOpen onClose={onClose} title={`Role of ${name}`}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <SelectField
          label="Role"
          hint="It counts from their next request, also for their API keys."
          value={role}
          choices={roleChoices()}
          onChange={setRole}
        />
        <FormEnd
          sending={change}
          onCancel={onClose}
          disabledReason={role === person.role ? "it is their role already" : undefined}
        >
          Change the role
        </FormEnd>
      </form>
    </Dialog>
  );
}
