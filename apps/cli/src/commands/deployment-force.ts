import { orderDevice } from "../actions/order-device.ts";

export const deploymentForce = orderDevice({
  operation: "forceDevice",
  done: "goes next",
  details: "Whatever stage and limit, but never against what signers allow.",
  example: "moult deployment force 'gw2 1.4.0' 00:11:22:33:44:55",
});
