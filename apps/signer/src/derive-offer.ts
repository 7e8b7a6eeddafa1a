import type { Instruction } from "@moult/trust";
import type { SignableOffer } from "./queries.ts";

type InstallAction = Extract<Instruction["action"], { kind: "install" }>;

export type OfferRefusal =
  | "no-such-offer"
  | "other-device"
  | "other-deployment"
  | "other-attempt"
  | "other-artifact";

/** Why the signer does not come to the same offer as the server, or undefined when it does. */
export function offerRefusal(
  instruction: Instruction,
  action: InstallAction,
  offer: SignableOffer | undefined,
): OfferRefusal | undefined {
  if (offer === undefined) return "no-such-offer";
  if (offer.device_id !== instruction.deviceId) return "other-device";
  if (offer.deployment_id !== action.deploymentId) return "other-deployment";
  if (offer.attempt !== action.attempt) return "other-attempt";
  const [component] = action.components;
  if (
    component === undefined ||
    offer.version !== action.artifactName ||
    offer.path !== component.path ||
    offer.sha256 !== component.sha256 ||
    offer.size_bytes !== component.sizeBytes
  )
    return "other-artifact";
  return undefined;
}
