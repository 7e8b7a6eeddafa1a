import { orderDevice } from "../actions/order-device.ts";

export const deploymentCancel = orderDevice({
  operation: "cancelDevice",
  done: "gives it up",
  details: "Only before it begins to install; it is not offered again until it is retried.",
  example: "moult deployment cancel 'gw2 1.4.0' 00:11:22:33:44:55",
});
