export {
  createDeviceSessions,
  type ClaimedKey,
  type DeviceSessionDeps,
  type DeviceSessions,
} from "./create-device-sessions.ts";
export type { DevicePrincipal } from "./device-principal.ts";
export type { Poll, PollAnswer } from "./poll-device.ts";
