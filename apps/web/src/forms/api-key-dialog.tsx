import type { Role } from "@moult/api";
import { useState, type FormEvent } from "react";
import { useMe } from "../server/me.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { Secret } from "../ui/secret.tsx";
import { roleChoices } from "./role-words.ts";
import { FormEnd } from "../ui/form-end.tsx";

const LIFETIMES = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "1 year" },
  { value: "none", label: "never ends" },
] as const;
type Lifetime = (typeof LIFETIMES)[number]["value"];

/** Makes an API key and shows its secret this once. */
export function ApiKeyDialog({ onClose }: { readonly onClose: () => void }) {
  const create = useAction("createApiKey", { refreshes: ["listApiKeys"] });
  return (
    <Dialog isOpen onClose={onClose} title={create.data === undefined ? "New API key" : "API key"}>
      {create.data === undefined ? (
        <ApiKeyForm create={create} onClose={onClose} />
      ) : (
        <>
          <Secret value={create.data.secret} what="secret of the key" />
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

function ApiKeyForm({
  create,
  onClose,
}: {
  readonly create: ReturnType<typeof useAction<"createApiKey">>;
  readonly onClose: () => void;
}) {
  const me = useMe();
  const allowed = roleChoices(me.role);
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>(me.role === "viewer" ? "viewer" : "publisher");
  const [lifetime, setLifetime] = useState<Lifetime>("90");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (create.isPending) return;
    create.mutate({
      body: {
        name: name.trim(),
        role,
        ...(lifetime === "none" ? {} : { expiresInDays: Number(lifetime) }),
      },
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        label="Name"
        hint="What uses it: “ci”, “dashboard”."
        required
        maxLength={64}
        value={name}
        onChange={setName}
      />
      <SelectField label="Role" value={role} choices={allowed} onChange={setRole} />
      <SelectField label="Ends after" value={lifetime} choices={LIFETIMES} onChange={setLifetime} />
      <FormEnd sending={create} onCancel={onClose}>
        Create the key
      </FormEnd>
    </form>
  );
}
