import { basename } from "node:path";
import { INSTALLED_FROM_ATTRIBUTE, UNDECIDED_ATTRIBUTE } from "@moult/device-protocol";
import type { Inventory } from "@moult/model";
import type { UpdateState } from "@moult/updater";
import { INSTALLED_FROM } from "../update-runner/running-after.ts";
import { updateOf } from "./obey.ts";

/** What of a device is the doing of somebody at it: what it waits for them to decide on, and what they installed. */
export function personAttributes(state: UpdateState): Inventory {
  const from = state.running.provides[INSTALLED_FROM];
  const undecided = undecidedOf(state);
  return {
    ...(from === undefined ? {} : { [INSTALLED_FROM_ATTRIBUTE]: from }),
    ...(undecided === undefined ? {} : { [UNDECIDED_ATTRIBUTE]: undecided }),
  };
}

/** Named by its file until the artifact in it was read. */
function undecidedOf(state: UpdateState): string | undefined {
  const update = updateOf(state);
  if (update?.kind !== "standalone") return undefined;
  const artifact = "job" in state ? state.job.artifact : null;
  return artifact?.name ?? basename(update.file);
}
