import { AlertDialog } from "@base-ui/react/alert-dialog";
import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import type { ReactNode, RefObject } from "react";

const BACKDROP = "fixed inset-0 z-40 bg-black/50";
const POPUP =
  "fixed inset-x-0 bottom-0 z-50 max-h-[90vh] overflow-auto rounded-t-xl border border-line bg-page p-5 text-ink shadow-xl sm:inset-x-auto sm:bottom-auto sm:left-1/2 sm:top-1/2 sm:w-[min(32rem,92vw)] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-xl";

export interface DialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly children: ReactNode;
}

/** A layer over the page; Esc and the backdrop close it, and the focus goes back to where it was. */
export function Dialog({ isOpen, onClose, title, children }: DialogProps) {
  return (
    <BaseDialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className={BACKDROP} />
        <BaseDialog.Popup className={POPUP}>
          <BaseDialog.Title className="text-lg font-semibold">{title}</BaseDialog.Title>
          <div className="mt-3 flex flex-col gap-4">{children}</div>
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}

/** A question that has to be answered: the backdrop does not close it, and the focus starts on `safe`. */
export function QuestionDialog({
  isOpen,
  onClose,
  title,
  safe,
  children,
}: DialogProps & { readonly safe: RefObject<HTMLElement | null> }) {
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={BACKDROP} />
        <AlertDialog.Popup className={POPUP} initialFocus={safe}>
          <AlertDialog.Title className="text-lg font-semibold">{title}</AlertDialog.Title>
          <div className="mt-3 flex flex-col gap-4">{children}</div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
