import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { SECOND_MS, instant, type InstantMs, type Log, type Random } from "@moult/base";
import type { EnrollRequest } from "@moult/device-protocol";
import type { Sha256 } from "@moult/model";
import type { TrustSource } from "@moult/trust";
import { AGENT_NAME } from "../agent-version.ts";
import { liftClock, setSystemClockByDate, systemClock } from "../clock/lift-clock.ts";
import { slotFolderOf, type LoadedConfig } from "../config.ts";
import { createDownloads, type Downloads } from "../downloads/create-downloads.ts";
import { openDeviceKey, type DeviceKey } from "../identity/device-key.ts";
import { readIdentity } from "../identity/read-identity.ts";
import type { ServerPlace } from "../identity/moved-server.ts";
import { systemTicker } from "../platform/ticker.ts";
import { createCheckIn, type CheckIn } from "../server-link/check-in.ts";
import type { DeviceTrust } from "../trust/device-trust.ts";
import type { SecurityCounter } from "../trust/security-counter.ts";
import { serverSource } from "../trust/server-source.ts";
import { createDeviceSession, type DeviceSession } from "../server-link/device-session.ts";
import { createHttpClient } from "../server-link/http-client.ts";
import { openLinkState, type LinkState } from "../server-link/link-state.ts";

/** Everything that speaks with one server, before anybody decides when and what. */
export interface ServerLink {
  readonly place: ServerPlace;
  readonly link: LinkState;
  readonly session: DeviceSession;
  /** The signed metadata that this server passes on. */
  readonly source: (signal: AbortSignal) => TrustSource;
  readonly checkIn: CheckIn;
  readonly downloads: Downloads;
  close(): void;
}

export interface ServerLinkOptions {
  readonly loaded: LoadedConfig;
  readonly place: ServerPlace;
  readonly key: DeviceKey;
  readonly link: LinkState;
  readonly trust: DeviceTrust;
  readonly counter: Pick<SecurityCounter, "read">;
  /** What this device can install now. */
  readonly payloadTypes: () => Promise<readonly string[]>;
  readonly random: Random;
  readonly log: Log;
}

/** Readies the connection to one server; nothing is sent yet. */
export function openServerLink(options: ServerLinkOptions): ServerLink {
  const { loaded, place, key, link, trust, log } = options;
  const { config } = loaded;
  const { provisioning } = place;
  const http = createHttpClient({
    url: provisioning.server.url,
    certificateAuthority: provisioning.server.certificateAuthority,
    timeoutMs: config.http.timeoutSeconds * SECOND_MS,
    userAgent: AGENT_NAME,
  });
  const session = createDeviceSession({
    http,
    key,
    link,
    provisioning,
    identity: () => readIdentity(config.identity),
    traits: async () => traitsOf(await options.payloadTypes(), provisioning.pathPrefix),
    floors: () => ({
      rootVersion: trust.state().rootVersion,
      securityCounter: options.counter.read(),
    }),
    log,
  });
  const source = (signal: AbortSignal): TrustSource => serverSource(session, signal);
  const checkIn = createCheckIn({
    session,
    link,
    provisioning,
    trust,
    source,
    instanceId: randomUUID(),
    clock: systemClock,
    monotonicMs: () => systemTicker.monotonicMs(),
    log,
  });
  const downloads = downloadsOf(options, session);
  return { place, link, session, source, checkIn, downloads, close: () => http.close() };
}

/** Opens the device's memory of a server. */
export function openLinkAt(
  { folders }: LoadedConfig,
  { linkFile, provisioning }: ServerPlace,
  known: { readonly timeFloorMin: InstantMs; readonly keyFingerprint?: Sha256 },
  log: Log,
): Promise<LinkState> {
  const { tenantId } = provisioning;
  return openLinkState(join(folders.dataDir, linkFile), { tenantId, ...known }, log);
}

/** The device's key, which its memory of a server names, so that a lost key is not quietly another device. */
export async function openKeyOf(loaded: LoadedConfig, link: LinkState): Promise<DeviceKey> {
  const key = await openDeviceKey(
    loaded.folders.identityDir,
    link.read().keyFingerprint ?? undefined,
    slotFolderOf(loaded),
  );
  if (link.read().keyFingerprint !== key.fingerprint)
    await link.save({ keyFingerprint: key.fingerprint });
  return key;
}

/** An agent that shares its machine with others of its kind leaves the machine's clock alone. */
export async function liftClockIfWanted(
  { config, isReRooted }: LoadedConfig,
  link: LinkState,
  log: Log,
): Promise<void> {
  const mayLift = (config.clock.lift ?? !isReRooted) && process.getuid?.() === 0;
  const floor = instant(link.read().timeFloorMs);
  await liftClock(systemClock, floor, mayLift ? setSystemClockByDate : undefined, log);
}

function downloadsOf(
  { loaded, random, log }: ServerLinkOptions,
  session: DeviceSession,
): Downloads {
  const { bytesPerSecondMin, windowSeconds, deadlineSeconds, reserveBytes } =
    loaded.config.download;
  return createDownloads({
    session,
    folder: join(loaded.folders.dataDir, "downloads"),
    limits: {
      bytesPerSecondMin,
      windowMs: windowSeconds * SECOND_MS,
      deadlineMs: deadlineSeconds * SECOND_MS,
      reserveBytes,
    },
    ticker: systemTicker,
    random,
    log,
  });
}

const PAYLOAD_TYPES_MAX = 100;

function traitsOf(payloadTypes: readonly string[], pathPrefix: string): EnrollRequest["traits"] {
  return {
    client: AGENT_NAME,
    payloadTypes: payloadTypes.slice(0, PAYLOAD_TYPES_MAX),
    pathPrefix,
    canAbort: true,
    trust: "end-to-end",
  };
}
