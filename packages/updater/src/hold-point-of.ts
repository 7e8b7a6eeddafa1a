import type { HoldPoint } from "@moult/model";
import type { UpdateState } from "./update-state.ts";

const POINTS: Partial<Record<UpdateState["kind"], HoldPoint>> = {
  "waiting-to-download": "download",
  "waiting-to-install": "install",
  "waiting-to-reboot": "reboot",
};

/** The step that a state waits for, if it waits for one. */
export const holdPointOf = ({ kind }: UpdateState): HoldPoint | undefined => POINTS[kind];
