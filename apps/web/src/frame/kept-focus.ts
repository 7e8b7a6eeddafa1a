/** What closes gives the focus back by itself, a moment later. */
const REST_MS = 100;

/**
 * Whoever works by keyboard or hears the page must not be thrown back to its start when the button that had the focus goes,
 * because somebody has ended the deployment: the focus then goes to the dialog that is open, else to the page's title.
 */
export function keepFocus(): () => void {
  let focused: Element | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onFocusIn = ({ target }: FocusEvent): void => {
    focused = target instanceof Element ? target : null;
  };
  const onFocusOut = ({ target }: FocusEvent): void => {
    // Somebody clicked beside it: nothing was lost.
    queueMicrotask(() => {
      if (focused === target && focused?.isConnected === true) focused = null;
    });
  };
  const isLost = (): boolean =>
    focused !== null && !focused.isConnected && document.activeElement === document.body;
  const observer = new MutationObserver(() => {
    if (timer !== undefined || !isLost()) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (!isLost()) return;
      const dialog = document.querySelector<HTMLElement>("[role=dialog], [role=alertdialog]");
      (dialog ?? document.querySelector("h1"))?.focus({ preventScroll: true });
    }, REST_MS);
  });
  document.addEventListener("focusin", onFocusIn);
  document.addEventListener("focusout", onFocusOut);
  observer.observe(document.body, { childList: true, subtree: true });
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    document.removeEventListener("focusin", onFocusIn);
    document.removeEventListener("focusout", onFocusOut);
  };
}
