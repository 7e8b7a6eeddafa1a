import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { SECOND_MS, instant, type Log, type Random } from "@moult/base";
import type { ClientTraits } from "@moult/model";
import { AGENT_NAME } from "../agent-version.ts";
import { liftClock, setSystemClockByDate, systemClock } from "../clock/lift-clock.ts";
import { RELEASED_AT_MS } from "../clock/time-floor.ts";
import type { LoadedConfig } from "../config.ts";
import { createDownloads, type Downloads } from "../downloads/create-downloads.ts";
import { openDeviceKey, type DeviceKey } from "../identity/device-key.ts";
import { readIdentity } from "../identity/read-identity.ts";
import type { CheckedProvisioning } from "../identity/read-provisioning.ts";
import { systemTicker } from "../platform/ticker.ts";
import { createCheckIn, type CheckIn } from "../server-link/check-in.ts";
import { createDeviceSession, type DeviceSession } from "../server-link/device-session.ts";
import { createHttpClient } from "../server-link/http-client.ts";
import { openLinkState, type LinkState } from "../server-link/link-state.ts";

/** Everything that speaks with the server, before anybody decides when and what. */
export interface ServerLink {
  readonly key: DeviceKey;
  readonly link: LinkState;
  readonly session: DeviceSession;
  readonly checkIn: CheckIn;
  readonly downloads: Downloads;
  close(): void;
}

export interface ServerLinkOptions {
  readonly loaded: LoadedConfig;
  readonly trusted: CheckedProvisioning;
  /** What this device can install now. */
  readonly payloadTypes: () => Promise<readonly string[]>;
  readonly random: Random;
  readonly log: Log;
}

/** Opens the device's key and memory, lifts its clock where that is wanted, and readies the connection. */
export async function openServerLink(options: ServerLinkOptions): Promise<ServerLink> {
  const { loaded, trusted, log } = options;
  const { config, folders } = loaded;
  const { provisioning } = trusted;
  const link = await openLinkState(
    folders.dataDir,
    provisioning.tenantId,
    instant(RELEASED_AT_MS),
    log,
  );
  const key = await openDeviceKey(folders.identityDir, link.read().keyFingerprint ?? undefined);
  if (link.read().keyFingerprint !== key.fingerprint)
    await link.save({ keyFingerprint: key.fingerprint });

  await liftClockIfWanted(loaded, link, log);
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
    log,
  });
  const checkIn = createCheckIn({
    session,
    link,
    trusted,
    instanceId: randomUUID(),
    clock: systemClock,
    monotonicMs: () => systemTicker.monotonicMs(),
    log,
  });
  const downloads = downloadsOf(options, session);
  return { key, link, session, checkIn, downloads, close: () => http.close() };
}

/** An agent that shares its machine with others of its kind leaves the machine's clock alone. */
async function liftClockIfWanted(
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

function traitsOf(payloadTypes: readonly string[], pathPrefix: string): ClientTraits {
  return {
    client: AGENT_NAME,
    payloadTypes: payloadTypes.slice(0, PAYLOAD_TYPES_MAX),
    pathPrefix,
    canAbort: true,
    trust: "instruction",
  };
}
