import { SECOND_MS, instant, type Log, type Random } from "@moult/base";
import type { Inventory, ReportedContext } from "@moult/model";
import { systemClock } from "../clock/lift-clock.ts";
import { RELEASED_AT_MS } from "../clock/time-floor.ts";
import type { LoadedConfig } from "../config.ts";
import type { CheckedProvisioning } from "../identity/read-provisioning.ts";
import { collectInventory } from "../inventory/collect-inventory.ts";
import { machineAttributes } from "../inventory/machine-attributes.ts";
import { readContext } from "../context/read-context.ts";
import { reportedContext } from "../context/reported-context.ts";
import { createReportCache, type ReportCache } from "./report-cache.ts";
import { systemTicker } from "../platform/ticker.ts";
import { createReceipts } from "../reports/make-receipt.ts";
import type { ReportQueue } from "../reports/report-queue.ts";
import { createReportSender, type ReportSender } from "../reports/report-sender.ts";
import { createTrustLook } from "../trust/trust-look.ts";
import type { UpdateRunner } from "../update-runner/update-runner.ts";
import { agentStatus, type AgentStatus } from "./agent-status.ts";
import { buildRunner } from "./build-runner.ts";
import { createCheckInLoop, type CheckInLoop } from "./check-in-loop.ts";
import { createHeldInstruction, type HeldInstruction } from "./held-instruction.ts";
import { createLinkHealth, type LinkHealth } from "./link-health.ts";
import { openServers, type OpenedServers } from "./open-servers.ts";
import { createServerContact, type ServerContact } from "./server-contact.ts";
import { createServerMove } from "./server-moves.ts";
import type { ServerSwitch } from "./server-switch.ts";
import { trustAttributes, trustReport } from "./trust-report.ts";
import { createUpdateServer } from "./update-server.ts";

export interface DaemonOptions {
  readonly loaded: LoadedConfig;
  readonly random: Random;
  readonly log: Log;
  /** Ends the daemon in good order. */
  readonly stop: AbortSignal;
  /** Ends the daemon, and has the launcher start it again. */
  readonly restart: () => void;
  /** Gets what makes the daemon check in now. */
  readonly onReady: (checkInNow: () => void) => void;
}

export interface DaemonParts {
  readonly trusted: CheckedProvisioning;
  readonly queue: ReportQueue;
}

/** What decides when something is done, and what; nothing of it has begun. */
export interface AssembledDaemon {
  readonly servers: ServerSwitch;
  readonly runner: UpdateRunner;
  readonly loop: CheckInLoop;
  readonly sender: ReportSender;
  readonly status: () => AgentStatus;
}

const SHARED = { clock: systemClock, ticker: systemTicker };

export async function assembleDaemon(
  options: DaemonOptions,
  { trusted, queue }: DaemonParts,
): Promise<AssembledDaemon> {
  const { loaded, random, log } = options;
  const shared = { ...SHARED, random, log };
  const held = createHeldInstruction();
  const health = createLinkHealth();
  const payloadTypes = (): Promise<readonly string[]> => runner.payloadTypes();
  const opened = await openServers({
    loaded,
    trusted,
    payloadTypes,
    onTurn: () => held.forget(),
    queue,
    timeFloorMin: instant(RELEASED_AT_MS),
    ...shared,
  });
  const { servers, session, link } = opened;
  let nextCheckInAtMs: number | null = null;

  // An update asks for the server while check-ins ask for the update's state: each knows the other by one call.
  const runner: UpdateRunner = await runnerOf(options, trusted, queue, opened, () => contact);
  const contact = createServerContact({
    checkIn: opened.checkIn,
    session,
    link,
    runner,
    queue,
    inventory: inventoryOf(loaded, log),
    context: contextOf(loaded, log),
    held,
    health,
    isItsAssignment: (assignmentId) => servers.of(assignmentId) === servers.current(),
    trustAttributes: () => trustAttributes(trustReport(opened.trust)),
    trustLook: createTrustLook({ ...opened.trust, source: opened.source, ...shared }),
    ...shared,
  });
  const sessionFor = (assignmentId: string) => servers.of(assignmentId).session;
  const sender = createReportSender({ queue, sessionFor, ...shared });
  const loop = createCheckInLoop({
    contact,
    held,
    bounds: loaded.config.checkIn,
    onPause: (delayMs) => {
      nextCheckInAtMs = systemClock.now() + delayMs;
    },
    onContact: () => sender.nudge(),
    ...shared,
  });
  const startedAtMs = systemClock.now();
  const status = (): AgentStatus =>
    statusOf({ opened, runner, queue, held, health }, startedAtMs, nextCheckInAtMs);
  return { servers, runner, loop, sender, status };
}

async function runnerOf(
  { loaded, random, restart, log }: DaemonOptions,
  { provisioning }: CheckedProvisioning,
  queue: ReportQueue,
  { servers, source, trust, key, downloads }: OpenedServers,
  contact: () => ServerContact,
): Promise<UpdateRunner> {
  const receiptOf = createReceipts({
    key,
    identityFor: (assignmentId) => {
      const { link, place } = servers.of(assignmentId);
      const { device } = link.read();
      const { tenantId } = place.provisioning;
      return device === null ? undefined : { tenantId, deviceId: device.id };
    },
    rootVersion: () => trust.trust.state().rootVersion,
    securityCounter: () => trust.counter.read(),
    clock: systemClock,
  });
  const reach = (signal: AbortSignal): Promise<void> => contact().reach(signal);
  return buildRunner({
    loaded,
    hardwareType: provisioning.hardwareType,
    artifactKeys: provisioning.artifactKeys,
    admission: trust.admission(source, random),
    server: createUpdateServer(downloads, { reach }, queue, receiptOf),
    serverMove: createServerMove(loaded.folders.identityDir, provisioning, {
      servers: () => servers,
      contact,
      log,
    }),
    restart,
    log,
  });
}

interface StatusParts {
  readonly opened: OpenedServers;
  readonly runner: UpdateRunner;
  readonly queue: ReportQueue;
  readonly held: HeldInstruction;
  readonly health: LinkHealth;
}

function statusOf(
  { opened, runner, queue, held, health }: StatusParts,
  startedAtMs: number,
  nextCheckInAtMs: number | null,
): AgentStatus {
  return agentStatus({
    process: { pid: process.pid, startedAtMs },
    serverUrl: opened.servers.current().place.provisioning.server.url,
    keyFingerprint: opened.key.fingerprint,
    link: opened.link.read(),
    health: health.read(),
    isFresh: held.current(systemTicker.monotonicMs()) !== undefined,
    nextCheckInAtMs,
    nowMs: systemClock.now(),
    trust: trustReport(opened.trust),
    running: runner.running(),
    state: runner.state(),
    reportsWaiting: queue.length,
  });
}

function inventoryOf({ config, folders }: LoadedConfig, log: Log): ReportCache<Inventory> {
  const { intervalSeconds, timeoutSeconds } = config.inventory;
  const timeoutMs = timeoutSeconds * SECOND_MS;
  return createReportCache(machineAttributes(), {
    collect: () => collectInventory({ scriptsDir: folders.inventoryDir, timeoutMs, log }),
    intervalMs: intervalSeconds * SECOND_MS,
    monotonicMs: () => systemTicker.monotonicMs(),
    failure: "inventory-failed",
    log,
  });
}

function contextOf(
  { config, folders }: LoadedConfig,
  log: Log,
): ReportCache<ReportedContext | undefined> {
  const { intervalSeconds, timeoutSeconds } = config.updates.conditions;
  const source = { contextDir: folders.contextDir, timeoutMs: timeoutSeconds * SECOND_MS };
  return createReportCache<ReportedContext | undefined>(undefined, {
    collect: async () => reportedContext(await readContext(source, new AbortController().signal)),
    intervalMs: intervalSeconds * SECOND_MS,
    monotonicMs: () => systemTicker.monotonicMs(),
    failure: "context-failed",
    log,
  });
}
