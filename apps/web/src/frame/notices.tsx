import { clockTime, duration } from "../format/time.ts";
import { useLiveState } from "../live/live-changes.tsx";
import { useClockDrift } from "../ui/clock.ts";

/** What is to be said about the whole page: that it is old, that this clock is wrong. */
export function Notices() {
  const live = useLiveState();
  const driftMs = useClockDrift();
  return (
    <>
      {live.kind === "cut" && (
        <p className="mb-4 rounded-md border border-warn bg-warn-tint px-3 py-2 text-warn">
          Not live. What you see is from {clockTime(live.sinceMs)}. Connecting again…
        </p>
      )}
      {driftMs !== null && (
        <p className="mb-4 rounded-md border border-line bg-raised px-3 py-2 text-soft">
          Your clock is {duration(Math.abs(driftMs))} {driftMs > 0 ? "ahead" : "behind"}; times here
          are the server's.
        </p>
      )}
    </>
  );
}
