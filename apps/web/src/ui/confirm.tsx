import { useRef, useState, type ReactNode } from "react";
import { exactCount } from "../format/number.ts";
import { Button } from "./button.tsx";
import { QuestionDialog } from "./dialog.tsx";
import { TextField } from "./field.tsx";
import { ProblemPanel } from "./problem-panel.tsx";

export interface ConfirmProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** A question with verb, object and number: "Decommission 214 devices?". */
  readonly title: string;
  /** What happens and what does not, in the server's words. */
  readonly children: ReactNode;
  /** Repeats verb and number: "Decommission 214 devices". */
  readonly action: string;
  readonly kind?: "danger" | "primary";
  /** What cannot be undone asks for the number of things it touches. */
  readonly typeCount?: number | undefined;
  readonly isBusy?: boolean;
  readonly problem?: unknown;
  readonly disabledReason?: string | undefined;
  readonly onConfirm: () => void;
}

/** Asks before something that cannot be taken back. No key confirms it but Enter on the focused button. */
export function Confirm(props: ConfirmProps) {
  const { isOpen, onClose, title, children, action, kind = "danger", typeCount, problem } = props;
  const safe = useRef<HTMLButtonElement>(null);
  const [typed, setTyped] = useState("");
  const isTyped = typeCount === undefined || typed.trim() === String(typeCount);
  const disabledReason =
    props.disabledReason ?? (isTyped ? undefined : `type ${exactCount(typeCount)} first`);
  const close = () => {
    setTyped("");
    onClose();
  };
  return (
    <QuestionDialog isOpen={isOpen} onClose={close} title={title} safe={safe}>
      <div className="flex flex-col gap-2 text-soft">{children}</div>
      {typeCount !== undefined && (
        <TextField
          label={`Type ${typeCount} to confirm`}
          value={typed}
          onChange={setTyped}
          inputMode="numeric"
          autoComplete="off"
        />
      )}
      {problem !== undefined && problem !== null && <ProblemPanel error={problem} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button ref={safe} onClick={close}>
          Cancel
        </Button>
        <Button
          kind={kind}
          isBusy={props.isBusy ?? false}
          disabledReason={disabledReason}
          onClick={props.onConfirm}
        >
          {action}
        </Button>
      </div>
    </QuestionDialog>
  );
}
