import { changeDevices } from "../actions/change-devices.ts";

export const deviceAccept = changeDevices({
  operation: "acceptDevice",
  verb: "accept",
  done: "takes updates now",
  details:
    "A key that asks to replace the device's own, and a device that two machines claim, are settled by it too.",
  example:
    "moult device accept 00:11:22:33:44:55 --yes\nmoult device accept --product gw2 --state pending",
});
