import { MINUTE_MS } from "@moult/base";
import { exactTime, relativeTime } from "../format/time.ts";
import { useNow } from "./clock.ts";

const STEP_MS = 15_000;

/** An instant as a person says it; hovering or focusing shows it exactly. */
export function When({
  at,
  never = "never",
}: {
  readonly at: string | null;
  readonly never?: string;
}) {
  const now = useNow(STEP_MS);
  if (at === null) return <span className="text-soft">{never}</span>;
  const atMs = Date.parse(at);
  // The clock steps; what has just happened is not in the future.
  const nowMs = atMs > now && atMs < now + MINUTE_MS ? atMs : now;
  return (
    <time dateTime={at} title={exactTime(atMs)} className="whitespace-nowrap">
      {relativeTime(atMs, nowMs)}
    </time>
  );
}
