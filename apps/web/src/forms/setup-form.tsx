import { useState, type FormEvent } from "react";
import type { Reply } from "@moult/client";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";

const PASSWORD_LENGTH_MIN = 10;

/** Makes the first administrator, who is signed in then. The code proves that it is who runs the server. */
export function SetupForm({ onDone }: { readonly onDone: (me: Reply<"completeSetup">) => void }) {
  const [setupCode, setSetupCode] = useState("");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const setup = useAction("completeSetup", { onDone });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (setup.isPending) return;
    setup.mutate({
      body: { setupCode: setupCode.trim(), name: name.trim(), email: email.trim(), password },
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {setup.error !== null && <ProblemPanel error={setup.error} />}
      <TextField
        label="Setup code"
        hint={
          <>
            The server printed it when it started. It is also in the file <code>setup-code</code> of
            its data folder, and works once.
          </>
        }
        autoComplete="one-time-code"
        autoCapitalize="characters"
        spellCheck={false}
        isMono
        required
        maxLength={128}
        value={setupCode}
        onChange={setSetupCode}
      />
      <TextField
        label="Your name"
        autoComplete="name"
        required
        maxLength={128}
        value={name}
        onChange={setName}
      />
      <TextField
        label="E-mail address"
        hint="You sign in with it. Nothing is sent to it."
        type="email"
        autoComplete="username"
        required
        value={email}
        onChange={setEmail}
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
      <Button kind="primary" type="submit" isBusy={setup.isPending}>
        Create the administrator
      </Button>
    </form>
  );
}
