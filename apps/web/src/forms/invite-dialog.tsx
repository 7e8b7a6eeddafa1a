import type { Role } from "@moult/api";
import { useState, type FormEvent } from "react";
import { plainText } from "../format/visible-text.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { Secret } from "../ui/secret.tsx";
import { roleChoices } from "./role-words.ts";
import { FormEnd } from "../ui/form-end.tsx";

const LIFETIMES = [
  { value: "1", label: "a day" },
  { value: "7", label: "a week" },
  { value: "30", label: "30 days" },
] as const;
type Lifetime = (typeof LIFETIMES)[number]["value"];

/** Offers somebody a place, and shows the link this once. */
export function InviteDialog({ onClose }: { readonly onClose: () => void }) {
  const invite = useAction("invitePerson", { refreshes: ["listInvitations"] });
  return (
    <Dialog isOpen onClose={onClose} title="Invite somebody">
      {invite.data === undefined ? (
        <InviteForm invite={invite} onClose={onClose} />
      ) : (
        <>
          <p className="mb-3 text-soft">
            Give this link to {plainText(invite.data.invitation.email)} by a way that you trust:
            whoever accepts it first takes the place.
          </p>
          <Secret value={invite.data.link} what="link" />
          <div className="flex justify-end">
            <Button kind="primary" onClick={onClose}>
              Done
            </Button>
          </div>
        </>
      )}
    </Dialog>
  );
}

function InviteForm({
  invite,
  onClose,
}: {
  readonly invite: ReturnType<typeof useAction<"invitePerson">>;
  readonly onClose: () => void;
}) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [lifetime, setLifetime] = useState<Lifetime>("7");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (invite.isPending) return;
    invite.mutate({ body: { email: email.trim(), role, expiresInDays: Number(lifetime) } });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        label="E-mail address"
        hint="They sign in with it. Nothing is sent to it; an earlier invitation for it is void."
        type="email"
        autoComplete="off"
        required
        maxLength={254}
        value={email}
        onChange={setEmail}
      />
      <SelectField label="Role" value={role} choices={roleChoices()} onChange={setRole} />
      <SelectField
        label="Is good for"
        value={lifetime}
        choices={LIFETIMES}
        onChange={setLifetime}
      />
      <FormEnd sending={invite} onCancel={onClose}>
        Create the link
      </FormEnd>
    </form>
  );
}
