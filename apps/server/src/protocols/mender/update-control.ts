import type { InstantMs } from "@moult/base";
import { stepHolds, type OfferTerms } from "../../device-session/index.ts";

// Update control maps, which clients in Go (2.7 to 3.5) ask for, again before each of these steps and while they pause. So what the
// plan says of steps is decided here each time; a client that cannot reach its server begins none of them.

const STATES = { install: "ArtifactInstall_Enter", reboot: "ArtifactReboot_Enter" } as const;

/** Whether the plan says anything of the steps. A client without a map asks for none. */
export const hasStepTerms = ({ mode, windows }: OfferTerms): boolean =>
  mode?.downloadOnly === true || windows !== undefined;

/** As the wire has it. Clients in Go refuse a map with a field that they do not know. */
export interface UpdateControlMap {
  readonly id: string;
  readonly priority: number;
  readonly states: Readonly<Record<string, object>>;
}

/** A client whose map is out of date gives the update up instead of going on. */
const PAUSE = { action: "pause", on_map_expire: "fail", on_action_executed: "pause" };

export const updateControlMap = (
  id: string,
  terms: OfferTerms,
  now: InstantMs,
): UpdateControlMap => ({
  id,
  priority: 0,
  states: Object.fromEntries(
    (["install", "reboot"] as const)
      .filter((step) => stepHolds(terms, step, now).length > 0)
      .map((step) => [STATES[step], PAUSE]),
  ),
});
