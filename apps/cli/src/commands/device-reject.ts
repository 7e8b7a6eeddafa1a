import { changeDevices } from "../actions/change-devices.ts";

export const deviceReject = changeDevices({
  operation: "rejectDevice",
  verb: "reject",
  done: "is kept out",
  details: "It can be accepted later.",
  example: "moult device reject 00:11:22:33:44:55",
});
