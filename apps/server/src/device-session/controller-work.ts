import type { Hold, HoldPoint } from "@moult/model";
import type { ControllerAction } from "../controllers/index.ts";
import type { Standing } from "../deployments/index.ts";
import type { DevicePrincipal } from "./device-principal.ts";

/** A device that was authenticated by a name and a shared secret, as hawkBit's are. */
export interface ControllerPrincipal extends DevicePrincipal {
  readonly controllerId: string;
  /** It is asked for its attributes. */
  readonly wantsAttributes: boolean;
  /** As the server has them: JSON text. */
  readonly traits: string | null;
}

/** An update as its client is shown it: under a number, with what the plan says of it. */
export interface ControllerWork {
  readonly action: ControllerAction;
  readonly offer: Standing;
}

/** Why its client does not go on with an update now. */
export interface ControllerWait {
  readonly before: HoldPoint;
  readonly holds: readonly Hold[];
}

export type ControllerAnswer =
  /** `awaitsRestart`: what its client has written is not known to run. */
  | { readonly kind: "nothing"; readonly awaitsRestart: boolean }
  /** `asksAttributes`: it is asked for them with this answer. */
  | ({ readonly kind: "deploy"; readonly asksAttributes: boolean } & ControllerWork)
  /** Its client read it, and it is taken back. */
  | { readonly kind: "cancel"; readonly number: number };

/** How the client ends an update. */
export interface ControllerHabits {
  /** It ends an update only after it has started what it installed; what it runs says nothing before that. */
  readonly closesAfterRestart: boolean;
}
