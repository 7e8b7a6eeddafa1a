export { createDeviceSessions, type DeviceSessions } from "./create-device-sessions.ts";
export type { DevicePrincipal } from "./device-principal.ts";
export type { PollAnswer } from "./poll-device.ts";
