import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { plainText } from "../format/visible-text.ts";
import { useMe } from "../server/me.ts";
import { call } from "../server/operation-query.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Facts } from "../ui/facts.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { SelectField } from "../ui/field.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { chooseTheme, useThemeChoice, type ThemeChoice } from "../ui/theme.ts";

const THEMES: readonly { readonly value: ThemeChoice; readonly label: string }[] = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

/** Who is signed in, how the page looks, and the way out. */
export function PersonMenu() {
  const me = useMe();
  const theme = useThemeChoice();
  const queryClient = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const signOut = async (): Promise<void> => {
    try {
      await call("signOut");
      queryClient.clear();
      // A whole new page: nothing of this person's stays in memory.
      window.location.assign("/sign-in");
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <>
      <Button kind="quiet" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <span className="max-w-40 truncate">{plainText(me.name, 24)}</span>
      </Button>
      <Dialog isOpen={isOpen} onClose={() => setOpen(false)} title="You">
        <Facts
          facts={[
            ["Name", <Foreign key="name" text={me.name} />],
            ["E-mail", <Foreign key="email" text={me.email} />],
            ["Role", me.role],
          ]}
        />
        <SelectField label="Theme" value={theme} choices={THEMES} onChange={chooseTheme} />
        {problem !== null && <ProblemPanel error={problem} />}
        <div className="flex justify-end gap-2">
          <Button onClick={() => setOpen(false)}>Close</Button>
          <Button kind="primary" onClick={() => void signOut()}>
            Sign out
          </Button>
        </div>
      </Dialog>
    </>
  );
}
