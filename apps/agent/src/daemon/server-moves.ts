import type { Log } from "@moult/base";
import type { Provisioning } from "@moult/device-protocol";
import { placeOf, readMovedServer, storeMovedServer } from "../identity/moved-server.ts";
import { InstallError } from "../installers/install-error.ts";
import type { ServerMove } from "../installers/server-move.ts";
import type { ServerContact } from "./server-contact.ts";
import type { ServerSwitch } from "./server-switch.ts";

/** Moves of a device whose agent runs. */
export function createServerMove(
  identityDir: string,
  provisioning: Provisioning,
  parts: {
    readonly servers: () => ServerSwitch;
    readonly contact: () => Pick<ServerContact, "reach">;
    readonly log: Log;
  },
): ServerMove {
  const stored = () => readMovedServer(identityDir, parts.log);
  return {
    stored,
    store: (server) => storeMovedServer(identityDir, server, parts.log),
    turnTo: (server, update) => parts.servers().turnTo(placeOf(provisioning, server), update),
    turnBack: async () => parts.servers().turnBack(placeOf(provisioning, await stored())),
    reach: (signal) => parts.contact().reach(signal),
    settle: () => parts.servers().settle(),
  };
}

/** Where no agent runs, a move can be finished or taken back, and not be tried. */
export function createOfflineServerMove(identityDir: string, log: Log): ServerMove {
  const refuse = (): Promise<never> =>
    Promise.reject(
      new InstallError(
        "activation-failed",
        "whether the new server can be reached is tried by the running agent: start it, then install",
      ),
    );
  return {
    stored: () => readMovedServer(identityDir, log),
    store: (server) => storeMovedServer(identityDir, server, log),
    turnTo: refuse,
    turnBack: () => Promise.resolve(),
    reach: refuse,
    settle: () => undefined,
  };
}
