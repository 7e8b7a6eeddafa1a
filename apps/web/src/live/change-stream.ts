import { client } from "../server/client.ts";
import type { Change } from "./touched-queries.ts";

export type LiveState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** What the page shows is as of `sinceMs`. */
  | { readonly kind: "cut"; readonly sinceMs: number };

export interface StreamListener {
  readonly onState: (state: LiveState) => void;
  readonly onChange: (change: Change) => void;
  /** The server refuses: the session is over. */
  readonly onRefused: () => void;
}

type Message =
  | { readonly kind: "state"; readonly state: LiveState }
  | { readonly kind: "change"; readonly change: Change }
  | { readonly kind: "refused" }
  | { readonly kind: "asks" };

/** Longer than the server's heartbeat by more than one beat: then the stream is as good as cut. */
const SILENCE_MS = 40_000;
const NAME = "moult.changes";

/**
 * One stream for all tabs of the browser: HTTP/1.1 has six connections to a server, and a stream keeps one. The tab that
 * holds the lock reads, and tells the others; when it closes, the next one takes over. Without locks (plain HTTP on another
 * host than this one) each tab has a stream of its own.
 */
export function openChangeStream(listener: StreamListener): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  if (!("locks" in navigator)) {
    void readChanges(listener, signal);
    return () => ending.abort();
  }
  const channel = new BroadcastChannel(NAME);
  let ownState: LiveState | undefined;
  channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (data.kind !== "asks") hear(listener, data);
    else if (ownState !== undefined) channel.postMessage({ kind: "state", state: ownState });
  });
  const tell = (message: Message): void => {
    if (message.kind === "state") ownState = message.state;
    channel.postMessage(message);
    hear(listener, message);
  };
  channel.postMessage({ kind: "asks" } satisfies Message);
  const leading = navigator.locks.request(NAME, { signal }, () =>
    readChanges(
      {
        onState: (state) => tell({ kind: "state", state }),
        onChange: (change) => tell({ kind: "change", change }),
        onRefused: () => tell({ kind: "refused" }),
      },
      signal,
    ),
  );
  // Aborted while it waited for its turn.
  leading.catch(() => undefined);
  return () => {
    ending.abort();
    channel.close();
  };
}

function hear(listener: StreamListener, message: Message): void {
  switch (message.kind) {
    case "state":
      listener.onState(message.state);
      return;
    case "change":
      listener.onChange(message.change);
      return;
    case "refused":
      listener.onRefused();
      return;
    case "asks":
      return;
  }
}

async function readChanges(listener: StreamListener, signal: AbortSignal): Promise<void> {
  let isCut = false;
  try {
    const changes = client.events("watchChanges", undefined, {
      signal,
      silenceMs: SILENCE_MS,
      onConnected: () => {
        isCut = false;
        listener.onState({ kind: "live" });
      },
      onDisconnected: () => {
        if (!isCut) listener.onState({ kind: "cut", sinceMs: Date.now() });
        isCut = true;
      },
    });
    for await (const change of changes) listener.onChange(change);
  } catch {
    if (!signal.aborted) listener.onRefused();
  }
}
