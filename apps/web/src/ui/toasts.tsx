import { Toast } from "@base-ui/react/toast";
import type { ReactNode } from "react";

const { createToastManager } = Toast;
const manager = createToastManager();

/** Says that something was done; what failed stays where it failed, as a panel. */
export function toast(title: string, options: { readonly undo?: () => void } = {}): void {
  const { undo } = options;
  manager.add({
    title,
    timeout: undo === undefined ? 5_000 : 30_000,
    ...(undo === undefined ? {} : { actionProps: { children: "Undo", onClick: undo } }),
  });
}

export function Toasts({ children }: { readonly children: ReactNode }) {
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      {children}
      <Toast.Portal>
        <Toast.Viewport
          data-toasts=""
          className="fixed inset-x-3 top-16 z-50 flex flex-col gap-2 sm:inset-x-auto sm:bottom-20 sm:top-auto sm:right-4 sm:w-80"
        >
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function ToastList() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((shown) => (
    <Toast.Root
      key={shown.id}
      toast={shown}
      className="flex items-center justify-between gap-3 rounded-lg border border-line bg-raised p-3 text-ink shadow-lg"
    >
      <Toast.Title className="font-medium" />
      <span className="flex gap-2">
        {shown.actionProps !== undefined && (
          <Toast.Action className="font-semibold text-primary underline" />
        )}
        <Toast.Close aria-label="Close" className="text-soft">
          ×
        </Toast.Close>
      </span>
    </Toast.Root>
  ));
}
