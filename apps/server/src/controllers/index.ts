export { claimController, type ControllerRecord } from "./claim-controller.ts";
export {
  actionOf,
  actionsOf,
  askForAttributes,
  forgetBoot,
  isActionOf,
  noteBoot,
  noteConfirmed,
  noteEnded,
  noteFetched,
  noteGoesOn,
  noteWritten,
  numberTry,
  type ControllerAction,
} from "./controller-actions.ts";
export type { ControllerCredential } from "./controller-credential.ts";
export { createControllerHandlers } from "./operations.ts";
