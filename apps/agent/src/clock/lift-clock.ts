import { instant, type Clock, type InstantMs, type Log } from "@moult/base";
import { runProgram } from "../platform/run-program.ts";
import { readClock, type ClockReading } from "./time-floor.ts";

/** Sets the machine's clock; the reason when that failed. */
export type SetSystemClock = (to: InstantMs) => Promise<string | undefined>;

/**
 * Lifts a clock that is behind the floor, where that is wanted, so that certificates are valid. A machine without a
 * battery-backed clock starts in the past. Whatever comes of it, the agent goes on: no update, commit or report waits for
 * a right clock.
 */
export async function liftClock(
  clock: Clock,
  floor: InstantMs,
  setSystemClock: SetSystemClock | undefined,
  log: Log,
): Promise<ClockReading> {
  const now = clock.now();
  if (readClock(now, floor) === "ok") return "ok";
  const fields = { behindSeconds: Math.round((floor - now) / 1_000) };
  if (setSystemClock === undefined) {
    log.warn("clock-behind", { ...fields, lifted: false, reason: "clock.lift is off or not root" });
    return "behind";
  }
  const reason = await setSystemClock(floor);
  if (reason === undefined) log.warn("clock-lifted", fields);
  else log.error("clock-behind", { ...fields, lifted: false, reason });
  return readClock(clock.now(), floor);
}

const DATE_TIMEOUT_MS = 10_000;

/** By date(1), which coreutils and busybox both have: Node offers no call for it. */
export const setSystemClockByDate: SetSystemClock = async (to) => {
  const result = await runProgram(
    "date",
    ["-u", "-s", `@${Math.ceil(to / 1_000)}`],
    DATE_TIMEOUT_MS,
  );
  if (result.kind === "failed") return result.reason;
  return result.exitCode === 0 ? undefined : `date exited with ${result.exitCode}`;
};

/** The machine's clock. */
export const systemClock: Clock = { now: () => instant(Date.now()) };
