import { useState, type FormEvent } from "react";
import type { Reply } from "@moult/client";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";

/** E-mail address and password. Which of the two was wrong is never told. */
export function SignInForm({
  onSignedIn,
  email: knownEmail = "",
}: {
  readonly onSignedIn: (me: Reply<"signIn">) => void;
  readonly email?: string;
}) {
  const [email, setEmail] = useState(knownEmail);
  const [password, setPassword] = useState("");
  const signIn = useAction("signIn", { onDone: onSignedIn });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!signIn.isPending) signIn.mutate({ body: { email: email.trim(), password } });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {signIn.error !== null && <ProblemPanel error={signIn.error} />}
      <TextField
        label="E-mail address"
        type="email"
        autoComplete="username"
        required
        value={email}
        onChange={setEmail}
      />
      <TextField
        label="Password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={setPassword}
      />
      <Button kind="primary" type="submit" isBusy={signIn.isPending}>
        Sign in
      </Button>
    </form>
  );
}
