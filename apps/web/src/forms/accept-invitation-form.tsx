import { useState, type FormEvent } from "react";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";

const PASSWORD_LENGTH_MIN = 10;

/** Takes the place that an invitation offers; whoever does is signed in then. */
export function AcceptInvitationForm({
  code,
  email,
  onDone,
}: {
  readonly code: string;
  readonly email: string;
  readonly onDone: () => void;
}) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const accept = useAction("acceptInvitation", { onDone });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (accept.isPending) return;
    accept.mutate({ body: { code, name: name.trim(), password } });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {accept.error !== null && <ProblemPanel error={accept.error} />}
      <TextField
        label="E-mail address"
        hint="You sign in with it."
        type="email"
        autoComplete="username"
        readOnly
        value={email}
        onChange={() => undefined}
      />
      <TextField
        label="Your name"
        hint="What is said of you: who deployed, who approved. It is nobody else’s here."
        autoComplete="name"
        required
        maxLength={128}
        value={name}
        onChange={setName}
      />
      <TextField
        label="Password"
        hint={`At least ${PASSWORD_LENGTH_MIN} characters.`}
        type="password"
        autoComplete="new-password"
        required
        minLength={PASSWORD_LENGTH_MIN}
        maxLength={256}
        value={password}
        onChange={setPassword}
      />
      <Button kind="primary" type="submit" isBusy={accept.isPending}>
        Accept the invitation
      </Button>
    </form>
  );
}
