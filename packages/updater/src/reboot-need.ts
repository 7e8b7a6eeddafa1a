import type { Job, RebootNeed } from "./update-state.ts";

/** The reboot of a whole update: the strongest that any of its payloads needs. */
export function rebootNeed({ reboots }: Pick<Job, "reboots">): RebootNeed {
  if (reboots.includes("system")) return "system";
  return reboots.includes("installer") ? "installer" : "none";
}
