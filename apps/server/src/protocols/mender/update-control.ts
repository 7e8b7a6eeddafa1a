import { instant, isoText, type InstantMs } from "@moult/base";
import type { Hold } from "@moult/model";
import type { OfferTerms } from "../../device-session/index.ts";

// Update control maps, which clients in Go (2.7 to 3.5) ask for, again before each of these steps and while they pause. So what the
// plan says of steps is decided here each time; a client that cannot reach its server begins none of them.

const STATES = { install: "ArtifactInstall_Enter", reboot: "ArtifactReboot_Enter" } as const;
type Step = keyof typeof STATES;

/** Whether the plan says anything of the steps. A client without a map asks for none. */
export const hasStepTerms = ({ mode, windows }: OfferTerms): boolean =>
  mode?.downloadOnly === true || windows !== undefined;

/** What the plan has against beginning a step now, in the words of Moult's agent. */
export function stepHolds(
  { mode, windows }: OfferTerms,
  before: Step,
  now: InstantMs,
): readonly Hold[] {
  const isKept = before === "install" && mode?.downloadOnly === true;
  const times = windows?.[before];
  const next = times?.find(({ untilMs }) => now < untilMs);
  const isShut = times !== undefined && (next === undefined || now < next.fromMs);
  return [...(isKept ? [NOT_OPEN] : []), ...(isShut ? [shutUntil(next?.fromMs)] : [])];
}

const NOT_OPEN: Hold = {
  code: "installation-not-open",
  detail: "Whoever deploys the update has not let it be installed yet.",
};

const shutUntil = (fromMs: number | undefined): Hold => ({
  code: "outside-window",
  detail:
    fromMs === undefined
      ? "No window of the plan is known yet."
      : `The next window of the plan opens at ${isoText(instant(fromMs)).slice(0, 16).replace("T", " ")} UTC.`,
});

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
