import { orderDevice } from "../actions/order-device.ts";

export const deploymentRetry = orderDevice({
  operation: "retryDevice",
  done: "has its tries anew",
  details: "For a device that failed, was cancelled or was not heard of.",
  example: "moult deployment retry 'gw2 1.4.0' 00:11:22:33:44:55",
});
