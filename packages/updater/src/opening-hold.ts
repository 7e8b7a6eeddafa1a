import type { Hold, HoldPoint } from "@moult/model";
import type { Update } from "./update-state.ts";

/** The hold of a device that has downloaded an update and may not install it yet. */
export const INSTALLATION_NOT_OPEN = "installation-not-open";

const NOT_OPEN: Hold = {
  code: INSTALLATION_NOT_OPEN,
  detail: "Whoever deploys the update has not let it be installed yet.",
};

/** Whether the device has yet to be told that it may go on to the step `before`. */
export const isNotOpen = (update: Update, before: HoldPoint): boolean =>
  update.kind === "assignment" && before === "install" && update.mode?.downloadOnly === true;

/** What a deployment that has not opened its installation has to say against it; at most one hold. */
export const openingHold = (update: Update, before: HoldPoint): readonly Hold[] =>
  isNotOpen(update, before) ? [NOT_OPEN] : [];
