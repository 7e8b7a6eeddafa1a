import { instant, type InstantMs, type Log, type Random } from "@moult/base";
import type { TrustSource } from "@moult/trust";
import type { LoadedConfig } from "../config.ts";
import type { Downloads } from "../downloads/create-downloads.ts";
import type { DeviceKey } from "../identity/device-key.ts";
import { placeOf, readMovedServer, type ServerPlace } from "../identity/moved-server.ts";
import type { CheckedProvisioning } from "../identity/read-provisioning.ts";
import type { ReportQueue } from "../reports/report-queue.ts";
import type { CheckIn } from "../server-link/check-in.ts";
import type { DeviceSession } from "../server-link/device-session.ts";
import type { LinkState } from "../server-link/link-state.ts";
import type { Ticker } from "@moult/agent-core";
import { openTrustOf, type OpenedTrust } from "./open-device-trust.ts";
import { liftClockIfWanted, openKeyOf, openLinkAt, openServerLink } from "./open-link.ts";
import { createServerSwitch, type ServerSwitch } from "./server-switch.ts";

export interface ServersOptions {
  readonly loaded: LoadedConfig;
  readonly trusted: CheckedProvisioning;
  readonly payloadTypes: () => Promise<readonly string[]>;
  readonly onTurn: () => void;
  readonly queue: ReportQueue;
  readonly timeFloorMin: InstantMs;
  readonly ticker: Ticker;
  readonly random: Random;
  readonly log: Log;
}

/** The device's key and trust, and its servers. What has the name of a part of one server is that of the present one. */
export interface OpenedServers {
  readonly servers: ServerSwitch;
  readonly key: DeviceKey;
  readonly trust: OpenedTrust;
  readonly session: Pick<DeviceSession, "drop">;
  readonly link: Pick<LinkState, "read">;
  readonly checkIn: CheckIn;
  readonly source: (signal: AbortSignal) => TrustSource;
  readonly downloads: Pick<Downloads, "fetch">;
}

/** Opens the device's key and memory, lifts its clock where that is wanted, and readies the connection. */
export async function openServers(options: ServersOptions): Promise<OpenedServers> {
  const { loaded, trusted, timeFloorMin, log } = options;
  const { identityDir } = loaded.folders;
  const place = placeOf(trusted.provisioning, await readMovedServer(identityDir, log));
  const firstLink = await openLinkAt(loaded, place, { timeFloorMin }, log);
  const key = await openKeyOf(loaded, firstLink);
  await liftClockIfWanted(loaded, firstLink, log);

  let present = firstLink;
  const floor = (): InstantMs => instant(present.read().timeFloorMs);
  const trust = await openTrustOf(loaded, trusted, floor, log);
  const open = (at: ServerPlace, link: LinkState) =>
    openServerLink({ ...options, ...trust, place: at, key, link });
  const servers = createServerSwitch({
    first: open(place, firstLink),
    openLink: (at, near) =>
      openLinkAt(
        loaded,
        at,
        { timeFloorMin: instant(near.read().timeFloorMs), keyFingerprint: key.fingerprint },
        log,
      ),
    open,
    onTurn: () => {
      present = servers.current().link;
      options.onTurn();
    },
    queue: options.queue,
    ticker: options.ticker,
    log,
  });
  return {
    servers,
    key,
    trust,
    session: { drop: () => servers.current().session.drop() },
    link: { read: () => servers.current().link.read() },
    checkIn: {
      checkIn: (report, fresh, signal) => servers.current().checkIn.checkIn(report, fresh, signal),
    },
    source: (signal) => servers.current().source(signal),
    downloads: {
      fetch: (wanted, file, signal, onProgress) =>
        servers.current().downloads.fetch(wanted, file, signal, onProgress),
    },
  };
}
