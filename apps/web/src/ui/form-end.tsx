import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { ProblemPanel } from "./problem-panel.tsx";

/** How a form in a dialog ends: what went wrong when it was sent, the way out, and the button that sends it. */
export function FormEnd({
  sending,
  onCancel,
  disabledReason,
  children,
}: {
  readonly sending: { readonly error: unknown; readonly isPending: boolean };
  readonly onCancel: () => void;
  readonly disabledReason?: string | undefined;
  readonly children: ReactNode;
}) {
  return (
    <>
      {sending.error !== null && <ProblemPanel error={sending.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>Cancel</Button>
        <Button
          kind="primary"
          type="submit"
          isBusy={sending.isPending}
          disabledReason={disabledReason}
        >
          {children}
        </Button>
      </div>
    </>
  );
}
