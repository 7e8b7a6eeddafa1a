import { entry, type CommandEntry } from "./command-entry.ts";

/** Devices of hawkBit's protocol. */
export const CONTROLLER_COMMANDS: readonly CommandEntry[] = [
  entry(
    "controller register",
    "Add a device of hawkBit's protocol (SWUpdate, RAUC)",
    async () => (await import("../commands/controller-register.ts")).controllerRegister,
  ),
  entry(
    "controller renew-token",
    "Give such a device another token",
    async () => (await import("../commands/controller-renew-token.ts")).controllerRenewToken,
  ),
  entry(
    "controller-gateway create",
    "Make a token that speaks for named devices of that protocol",
    async () => (await import("../commands/controller-gateway-create.ts")).controllerGatewayCreate,
  ),
  entry(
    "controller-gateway list",
    "List gateway tokens",
    async () => (await import("../commands/controller-gateway-list.ts")).controllerGatewayList,
  ),
  entry(
    "controller-gateway delete",
    "End a gateway token",
    async () => (await import("../commands/controller-gateway-delete.ts")).controllerGatewayDelete,
  ),
];
