import type { InstantMs } from "@moult/base";
import type { Zone } from "@moult/planner";

/** Clocks of a year's worth of asking, so that a zone is not worked out anew for each device. */
const ZONES_MAX = 1_000;

const zones = new Map<string, Zone | undefined>();

/**
 * The clocks of a zone by the table that Node brings along (ICU's); undefined where it has no such zone. A Node built without
 * that table knows UTC alone, and says so of every other zone.
 */
export function timeZone(name: string): Zone | undefined {
  if (!zones.has(name)) {
    // Names come from devices too.
    if (zones.size >= ZONES_MAX) zones.clear();
    zones.set(name, name === "UTC" ? () => 0 : zoneOf(name));
  }
  return zones.get(name);
}

function zoneOf(timeZone: string): Zone | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  } catch {
    // No such zone, or no table: either way its clocks are not known.
    return undefined;
  }
  return (at: InstantMs) => offsetMs(format.format(at));
}

const SECOND_MS = 1_000;

/** From `11/28/2026, GMT-03:30`; `GMT` alone is UTC. */
function offsetMs(text: string): number {
  const [, sign, hours = "0", minutes = "0", seconds = "0"] =
    /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text) ?? [];
  const ms = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * SECOND_MS;
  return sign === "-" ? -ms : ms;
}
