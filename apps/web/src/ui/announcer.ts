/** The page's two live regions (frame/live-regions.tsx): what is said once to a screen reader, never a changing list. */
type Listener = (message: string) => void;

const listeners: { polite: Listener | undefined; assertive: Listener | undefined } = {
  polite: undefined,
  assertive: undefined,
};

export function onAnnounce(kind: keyof typeof listeners, listener: Listener): () => void {
  listeners[kind] = listener;
  return () => {
    if (listeners[kind] === listener) listeners[kind] = undefined;
  };
}

/** Said when the reader pauses. */
export const announce = (message: string): void => listeners.polite?.(message);

/** Interrupts: only for what stopped itself and for a lost session. */
export const alertListener = (message: string): void => listeners.assertive?.(message);
