import { changeDevices } from "../actions/change-devices.ts";

export const deviceDecommission = changeDevices({
  operation: "decommissionDevice",
  verb: "decommission",
  done: "is out for good",
  details: "This cannot be undone: its key is never accepted again.",
  example: "moult device decommission gw-17 gw-18",
});
