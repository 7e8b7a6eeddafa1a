import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instant, seededRandom, type Clock, type Log } from "@moult/base";
import type { Provisioning } from "@moult/device-protocol";
import type { DeviceServer } from "../../../../tests/system/device-server.fixture.ts";
import { openDeviceKey } from "../identity/device-key.ts";
import { installProvisioning } from "../identity/read-provisioning.ts";
import { systemTicker } from "../platform/ticker.ts";
import { openDeviceTrust } from "../trust/device-trust.ts";
import { serverSource } from "../trust/server-source.ts";
import { openTrustStore } from "../trust/trust-store.ts";
import { createCheckIn } from "./check-in.ts";
import { createDeviceSession } from "./device-session.ts";
import { createHttpClient } from "./http-client.ts";
import { openLinkState } from "./link-state.ts";

export interface LogEntry {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that remembers. */
export function recordingLog(): Log & { readonly entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  const at =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      void entries.push({ level, event, fields });
  return { entries, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export interface LinkedDeviceOptions {
  readonly provisioning?: Partial<Provisioning>;
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  /** Of an earlier one: the same device after a restart. */
  readonly root?: string;
}

/** One device's link to `server`, from its real parts, in a folder of its own. */
export async function linkedDevice(server: DeviceServer, options: LinkedDeviceOptions = {}) {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), "moult-agent-")));
  const log = recordingLog();
  const clock = options.clock ?? { now: () => instant(Date.now()) };
  const content = Buffer.from(JSON.stringify(server.provisioning(options.provisioning)));
  const trusted = await installProvisioning(
    { path: "test", content },
    { provisioningFile: join(root, "provisioning.json"), identityDir: join(root, "identity") },
    true,
  );
  const { provisioning } = trusted;
  const dataDir = join(root, "data");
  const link = await openLinkState(
    join(dataDir, "link.json"),
    { tenantId: provisioning.tenantId, timeFloorMin: instant(0) },
    log,
  );
  const trust = await openDeviceTrust({
    store: openTrustStore(dataDir, log),
    provisionedRoot: trusted.root,
    clock,
    log,
  });
  const key = await openDeviceKey(join(root, "identity"), link.read().keyFingerprint ?? undefined);
  const http = createHttpClient({
    url: provisioning.server.url,
    certificateAuthority: provisioning.server.certificateAuthority,
    timeoutMs: options.timeoutMs ?? 5_000,
    userAgent: "test",
  });
  const counter = { at: 0 };
  const session = createDeviceSession({
    http,
    key,
    link,
    provisioning,
    identity: async () => ({ serial: "A-1" }),
    traits: async () => ({
      client: "moult-agent/test",
      payloadTypes: ["single-file"],
      pathPrefix: provisioning.pathPrefix,
      canAbort: true,
      trust: "end-to-end",
    }),
    floors: () => ({ rootVersion: trust.state().rootVersion, securityCounter: counter.at }),
    log,
  });
  const checkIn = createCheckIn({
    session,
    link,
    provisioning,
    trust,
    source: (signal) => serverSource(session, signal),
    instanceId: randomUUID(),
    clock,
    monotonicMs: () => systemTicker.monotonicMs(),
    log,
  });
  const signal = new AbortController().signal;
  const report = {
    activity: { kind: "idle" },
    running: { artifactName: "1.0", provides: { artifact_name: "1.0" } },
    inventory: { hostname: "gw-17" },
  } as const;
  return {
    root,
    dataDir,
    log,
    link,
    key,
    http,
    session,
    trust,
    /** The security counter that the device has committed. */
    counter,
    report,
    random: seededRandom(1),
    /** One check-in that asks for a signed answer. */
    ask: () => checkIn.checkIn(report, true, signal),
    checkIn,
    signal,
    close: async (): Promise<void> => {
      http.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export type LinkedDevice = Awaited<ReturnType<typeof linkedDevice>>;
